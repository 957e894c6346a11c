import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sendControl } from "../../../simulators/netsuite/control-commands.ts";
import { NetSuiteSimulator, type NetSuiteSimulatorOptions } from "../../../simulators/netsuite/simulator.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { authorizationOf, Client, CUSTOMER, TOKEN, useSimulator } from "./netsuite-client.ts";

const used = useSimulator();
const PATH = "/record/v1/customer/eid:c1";
const put = async () => used.client.put(PATH, CUSTOMER);
const commits = (): number => used.simulator.find("customer", "c1")?.commits ?? 0;

describe("a fault", () => {
  it("loses an answer after the work is done, or the request before", async () => {
    used.simulator.fault({ kind: "lost-before-commit" });
    await expect(put()).rejects.toThrow("fetch failed");
    expect(commits()).toBe(0);
    used.simulator.fault({ kind: "lost-after-commit" });
    await expect(put()).rejects.toThrow("fetch failed");
    expect(commits()).toBe(1);
    expect(used.simulator.ledger().requests.map(({ status }) => status)).toEqual([0, 0]);
    expect((await put()).status).toBe(204);
  });

  it("answers late, or with an error of the system, with and without the work", async () => {
    used.simulator.fault({ kind: "slow", ms: 60 });
    const startMs = performance.now();
    expect((await put()).status).toBe(204);
    expect(performance.now() - startMs).toBeGreaterThan(50);
    used.simulator.control({ do: "set-latency", ms: 40 });
    const laterMs = performance.now();
    await used.client.call("GET", "/record/v1/customer");
    expect(performance.now() - laterMs).toBeGreaterThan(35);
    used.simulator.control({ do: "set-latency", ms: 0 });
    used.simulator.fault({ kind: "server-error", status: 503 });
    expect(await put()).toMatchObject({ status: 503, code: "UNEXPECTED_ERROR" });
    expect(commits()).toBe(1);
    used.simulator.fault({ kind: "server-error-after-commit", status: 504 });
    expect((await put()).status).toBe(504);
    expect(commits()).toBe(2);
  });

  it("works where the client has gone away", async () => {
    used.simulator.control({ do: "hold" });
    const url = `${used.simulator.url}/services/rest${PATH}`;
    const patience = new AbortController();
    const lost = fetch(url, {
      method: "PUT",
      body: JSON.stringify(CUSTOMER),
      headers: { authorization: authorizationOf("PUT", url), "content-type": "application/json" },
      signal: patience.signal,
    });
    await waitUntil("the request is taken", () => used.simulator.ledger().highestConcurrency === 1);
    patience.abort();
    await expect(lost).rejects.toThrow("aborted");
    expect(commits()).toBe(0);
    used.simulator.control({ do: "release" });
    await waitUntil("the work is done", () => commits() === 1);
  });

  it("throttles everything for a time", async () => {
    used.simulator.fault({ kind: "throttle-storm", ms: 60_000 });
    expect(await put()).toMatchObject({
      status: 429,
      code: "CONCURRENCY_LIMIT_EXCEEDED",
      body: { title: "Bad Request" },
    });
    expect((await put()).status).toBe(429);
    used.simulator.control({ do: "clear-faults" });
    expect((await put()).status).toBe(204);
    used.simulator.fault({ kind: "throttle-storm", ms: 30 });
    expect((await put()).status).toBe(429);
    await waitUntil("the storm is over", async () => (await put()).status === 204);
    expect(commits()).toBe(2);
  });

  it("refuses right credentials, repeats a request, or says that somebody else changed the record", async () => {
    used.simulator.fault({ kind: "invalid-login" }, { times: 2 });
    expect((await put()).code).toBe("INVALID_LOGIN");
    expect((await put()).code).toBe("INVALID_LOGIN");
    used.simulator.fault({ kind: "duplicate-delivery" });
    expect((await put()).status).toBe(204);
    expect(commits()).toBe(2);
    used.simulator.fault({ kind: "record-changed" });
    expect((await put()).code).toBe("RCRD_HAS_BEEN_CHANGED");
  });

  it("befalls the requests that it names, and a share of them that follows from the seed", async () => {
    const share = async (seed: number): Promise<readonly number[]> => {
      const simulator = await NetSuiteSimulator.start({ token: TOKEN, seed });
      simulator.fault({ kind: "server-error", status: 500 }, { rate: 0.5, method: "GET", path: "/customer" });
      const client = new Client(simulator);
      const statuses: number[] = [];
      for (let request = 0; request < 20; request++)
        statuses.push((await client.call("GET", "/record/v1/customer")).status);
      expect((await client.call("GET", "/record/v1/invoice")).status).toBe(200);
      simulator.control({ do: "clear-faults" });
      expect((await client.call("GET", "/record/v1/customer")).status).toBe(200);
      await simulator.close();
      return statuses;
    };
    const first = await share(7);
    expect(first).toContain(500);
    expect(first).toContain(200);
    expect(await share(7)).toEqual(first);
    expect(await share(8)).not.toEqual(first);
  });
});

describe("the pool", () => {
  const get = async (): Promise<number> => (await used.client.call("GET", "/record/v1/customer")).status;

  it("takes five requests at once and refuses the sixth", async () => {
    used.simulator.control({ do: "hold" });
    const requests = [get(), get(), get(), get(), get(), get(), get()];
    await waitUntil("two are refused", () => used.simulator.ledger().refusedForConcurrency === 2);
    used.simulator.control({ do: "release" });
    const statuses = await Promise.all(requests);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(await get()).toBe(200);
    expect(used.simulator.ledger()).toMatchObject({ highestConcurrency: 5, refusedForConcurrency: 2 });
  });

  it("is shared with other integrations", async () => {
    used.simulator.control({ do: "occupy", places: 5 });
    expect(await get()).toBe(429);
    used.simulator.control({ do: "occupy", places: 4 });
    expect(await get()).toBe(200);
    expect(used.simulator.ledger().highestConcurrency).toBe(5);
  });
});

describe("the control interface", () => {
  it("takes commands over loopback from who has its token", async () => {
    const { url, controlToken } = used.simulator;
    await sendControl(url, controlToken, { do: "close-period", period: "121" });
    await put();
    const ledger = await sendControl(url, controlToken, { do: "ledger" });
    expect(ledger).toMatchObject({ records: [{ externalId: "c1", commits: 1 }], highestConcurrency: 1 });
    await expect(sendControl(url, "wrong", { do: "ledger" })).rejects.toThrow("401");
    await expect(sendControl(url, controlToken, { do: "close-period", period: "x" })).rejects.toThrow(
      "no period x",
    );
    const unknown = await fetch(`${url}/control`, {
      method: "POST",
      headers: { authorization: `Bearer ${controlToken}` },
      body: JSON.stringify({ do: "explode" }),
    });
    expect(unknown.status).toBe(400);
  });
});

describe("a state file", () => {
  it("keeps records, their numbers and what was applied", async () => {
    const stateFile = join(temporaryFolder(), "netsuite.jsonl");
    const options: NetSuiteSimulatorOptions = { token: TOKEN, stateFile, asyncDelayMs: 60_000 };
    const first = await NetSuiteSimulator.start(options);
    const client = new Client(first);
    await client.customer();
    const body = { ...CUSTOMER, externalId: "later" };
    const key = { "x-netsuite-idempotency-key": "cac827ea-3543-4cda-add2-bae634326c27" };
    const headers = { prefer: "respond-async", ...key };
    const { headers: taken } = await client.post("/record/v1/customer", body, headers);
    const { records } = first.ledger();
    await first.close();
    writeFileSync(stateFile, `${readFileSync(stateFile, "utf8")}record {"type":"cust`);
    const second = await NetSuiteSimulator.start({ ...options, asyncDelayMs: 0 });
    expect(second.ledger().records).toEqual(records);
    const again = await new Client(second).post("/record/v1/customer", body, headers);
    expect(again.headers.get("location")).toBe(taken.get("location"));
    const other = await new Client(second).put("/record/v1/customer/eid:c2", CUSTOMER);
    expect(other.id).not.toBe(records[0]?.id);
    expect(second.find("customer", "c2")?.fields["entityId"]).toBe("CUST2");
    await second.close();
  });
});
