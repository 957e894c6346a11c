import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { waitUntil } from "../../../support/wait-until.ts";
import { CUSTOMER, itemsOf, useSimulator, type Reply } from "./netsuite-client.ts";

const used = useSimulator();
const ASYNC = { prefer: "respond-async" };
const BATCH = { ...ASYNC, "content-type": "application/vnd.oracle.resource+json; type=collection" };

const get = async (path: string): Promise<Reply> =>
  used.client.call("GET", path.replace("/services/rest", ""));

async function completed(location: string): Promise<Record<string, unknown>> {
  let body: Record<string, unknown> = {};
  await waitUntil("the job is completed", async () => {
    ({ body } = await get(location));
    return body["completed"] === true;
  });
  return body;
}

const customers = (count: number, changes: object = {}): { readonly items: readonly object[] } => ({
  items: Array.from({ length: count }, (_, index) => ({
    ...CUSTOMER,
    externalId: `acme-customer:${index}`,
    ...changes,
  })),
});

describe("a request that is answered asynchronously", () => {
  it("is a job with a task, whose result is what the request would have been answered", async () => {
    used.simulator.control({ do: "set-async-delay", ms: 60_000 });
    const reply = await used.client.post("/record/v1/customer", { ...CUSTOMER, externalId: "c1" }, ASYNC);
    expect([reply.status, reply.headers.get("preference-applied")]).toEqual([202, "respond-async"]);
    const job = reply.headers.get("location") ?? "";
    expect(job).toMatch(/^\/services\/rest\/async\/v1\/job\/\d+$/);
    expect((await get(job)).body).toMatchObject({ completed: false, progress: "pending" });
    expect((await get(`${job}/task/1`)).body["completed"]).toBe(false);
    expect((await get(`${job}/task/1/result`)).status).toBe(404);
    expect(used.simulator.ledger().records).toEqual([]);
    used.simulator.control({ do: "run-jobs" });
    expect((await get(job)).body).toMatchObject({ completed: true, progress: "succeeded" });
    expect((await get(`${job}/task`)).body).toMatchObject({ totalResults: 1, items: [{ id: "1" }] });
    expect((await get(`${job}/task/1`)).body).toMatchObject({ progress: "succeeded", completed: true });
    const result = await get(`${job}/task/1/result`);
    expect([result.status, result.id]).toEqual([204, used.simulator.find("customer", "c1")?.id]);
  });

  it("tells its errors in the result", async () => {
    const reply = await used.client.post("/record/v1/customer", {}, ASYNC);
    const job = reply.headers.get("location") ?? "";
    expect(await completed(job)).toMatchObject({ progress: "failed" });
    expect(await get(`${job}/task/1/result`)).toMatchObject({ status: 400, code: "USER_ERROR" });
  });

  it("is not taken again with its idempotency key, which counts for nothing without respond-async", async () => {
    const key = randomUUID();
    const headers = { ...ASYNC, "x-netsuite-idempotency-key": key };
    const first = await used.client.post("/record/v1/customer", { ...CUSTOMER, externalId: "c1" }, headers);
    await completed(first.headers.get("location") ?? "");
    const again = await used.client.post("/record/v1/customer", CUSTOMER, headers);
    expect(again).toMatchObject({ status: 400, code: "IDEMPOTENCY_ERROR", body: { title: "Conflict" } });
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    const plain = { "x-netsuite-idempotency-key": key };
    expect((await used.client.post("/record/v1/customer", CUSTOMER, plain)).status).toBe(204);
    expect((await used.client.post("/record/v1/customer", CUSTOMER, plain)).status).toBe(204);
    const wrong = { ...ASYNC, "x-netsuite-idempotency-key": "not a UUID" };
    expect((await used.client.post("/record/v1/customer", CUSTOMER, wrong)).code).toBe("INVALID_HEADER");
    expect(used.simulator.ledger().records).toHaveLength(3);
  });
});

describe("a batch", () => {
  it("has a task a record; some may fail and the others not", async () => {
    used.simulator.fault({ kind: "failing-items", places: [1] });
    const body = {
      items: [...customers(2).items, { externalId: "acme-customer:wrong", companyName: "Wrong" }],
    };
    const reply = await used.client.call("PUT", "/record/v1/customer", body, BATCH);
    const job = reply.headers.get("location") ?? "";
    expect(await completed(job)).toMatchObject({ progress: "failed" });
    const tasks = itemsOf(await get(`${job}/task`));
    expect(tasks.map(({ id, progress }) => [id, progress])).toEqual([
      ["1", "succeeded"],
      ["2", "failed"],
      ["3", "failed"],
    ]);
    expect((await get(`${job}/task/2/result`)).status).toBe(500);
    expect((await get(`${job}/task/3/result`)).path).toBe("subsidiary");
    expect(used.simulator.ledger().records).toMatchObject([{ externalId: "acme-customer:0", commits: 1 }]);
  });

  it("is refused without respond-async, with more than 100 records, and by PUT without external ids", async () => {
    const { client } = used;
    const synchronous = { "content-type": BATCH["content-type"] };
    expect((await client.call("PUT", "/record/v1/customer", customers(1), synchronous)).status).toBe(405);
    expect((await client.post("/record/v1/customer", customers(1), synchronous)).code).toBe(
      "INVALID_CONTENT",
    );
    const many = await client.call("PUT", "/record/v1/customer", customers(101), BATCH);
    expect([many.code, many.path]).toEqual(["INVALID_CONTENT", "items"]);
    const ledger = await client.call("PUT", "/record/v1/ledger", customers(1), BATCH);
    expect([ledger.status, ledger.code]).toEqual([404, "NONEXISTENT_TYPE"]);
    const nameless = await client.call(
      "PUT",
      "/record/v1/customer",
      customers(1, { externalId: undefined }),
      BATCH,
    );
    expect(nameless.path).toBe("items[0].externalId");
    expect((await client.call("PUT", "/record/v1/customer", customers(100), BATCH)).status).toBe(202);
    used.simulator.control({ do: "revoke-permission", permission: "Lists -> Customers" });
    const forbidden = await client.call("PUT", "/record/v1/customer", customers(1), BATCH);
    expect(forbidden.code).toBe("INSUFFICIENT_PERMISSION");
  });

  it("leaves places of the pool to others while it is worked on", async () => {
    used.simulator.control({ do: "set-async-delay", ms: 30 });
    const replies = await Promise.all(
      Array.from({ length: 5 }, () => used.client.call("PUT", "/record/v1/customer", customers(3), BATCH)),
    );
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect((await used.client.call("GET", "/record/v1/customer")).status).toBe(200);
    for (const reply of replies) await completed(reply.headers.get("location") ?? "");
    expect(used.simulator.find("customer", "acme-customer:0")?.commits).toBe(5);
  });
});
