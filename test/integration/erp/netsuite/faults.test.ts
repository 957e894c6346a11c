import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { context, faultOf, unusedAddress } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  REFERENCES,
} from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping, machineClient } from "./account-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("faults", () => {
  beforeEach(async () => {
    await books.post(command(customer()));
  });

  it("an answer that was lost: unknown, and then found", async () => {
    const plan = books.sink.plan(command(invoice()));
    books.simulator.fault({ kind: "lost-after-commit" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    await books.expectAsPlanned(plan);
    books.simulator.fault({ kind: "lost-before-commit" });
    expect(await faultOf(books.sink.lookUp(plan, context()))).toMatchObject({ kind: "transient" });
  });

  it("a slow answer: unknown after the deadline", async () => {
    books.open({ deadlineMs: 200 });
    books.simulator.fault({ kind: "slow", ms: 2_000 });
    const plan = books.sink.plan(command(invoice()));
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    books.open();
    await books.expectAsPlanned(plan);
  });

  it("errors of the server: nothing is known of a write, a read is asked again", async () => {
    const plan = books.sink.plan(command(invoice()));
    books.simulator.fault({ kind: "server-error-after-commit", status: 500 });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    books.simulator.fault({ kind: "server-error", status: 502 });
    expect(await faultOf(books.sink.lookUp(plan, context()))).toMatchObject({ kind: "transient" });
    expect(await books.sink.lookUp(plan, context())).toHaveLength(1);
  });

  it("too many at once: throttled", async () => {
    books.simulator.control({ do: "occupy", places: 5 });
    const plan = books.sink.plan(command(invoice()));
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({
      kind: "throttle",
      code: "CONCURRENCY_LIMIT_EXCEEDED",
    });
    expect(books.simulator.find("invoice", plan.externalId)).toBeUndefined();
  });

  it("INVALID_LOGIN of an overloaded account: throttled twice, then the credentials", async () => {
    const plan = books.sink.plan(command(invoice()));
    const kinds: string[] = [];
    for (let request = 0; request < 3; request++) {
      books.simulator.fault({ kind: "invalid-login" });
      kinds.push((await faultOf(books.sink.submit(plan, context()))).kind);
    }
    expect(kinds).toEqual(["throttle", "throttle", "authentication"]);
    expect(books.seen.slice(-3).map(({ outcome }) => outcome)).toEqual(kinds);
    await books.sink.submit(plan, context());
    books.simulator.fault({ kind: "invalid-login" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "throttle" });
  });

  it("a closed period: held", async () => {
    books.simulator.control({ do: "close-period", period: "Jun 2026" });
    for (const posted of [command(invoice()), command(journal())])
      expect(await faultOf(books.post(posted))).toMatchObject({ kind: "period-closed" });
    books.simulator.control({ do: "open-period", period: "Jun 2026" });
    await books.post(command(invoice()));
  });

  it("what the mapping names and NetSuite doesn't let be used: mapping", async () => {
    books.simulator.control({ do: "deactivate", type: "serviceSaleItem", id: "86" });
    expect(await faultOf(books.post(command(invoice())))).toMatchObject({ kind: "mapping" });
    const broken: Record<string, object> = {
      subsidiary: { legal_entity: { north: { id: "77" } } },
      currency: { currency: { USD: { id: "77" } } },
      account: { account: { "unbilled-receivable": { id: "777" }, revenue: { id: "54" } } },
      taxCode: { tax: { "ca-state": { type: "9", code: "777" } } },
      taxType: { tax: { "ca-state": { type: "8", code: "22" } } },
    };
    for (const [name, references] of Object.entries(broken)) {
      const document = name === "account" ? journal() : invoice({ lines: [line({ item: "other" })] });
      const posted = command(document, { references: { ...REFERENCES, ...references } });
      expect([name, (await faultOf(books.post(posted))).kind]).toEqual([name, "mapping"]);
    }
  });

  it("a missing permission: permission", async () => {
    books.simulator.control({ do: "revoke-permission", permission: "Transactions -> Invoice" });
    expect(await faultOf(books.post(command(invoice())))).toMatchObject({ kind: "permission" });
  });

  it("a record that somebody else is saving: version-conflict, after a wait", async () => {
    books.simulator.fault({ kind: "record-changed" });
    const fault = await faultOf(books.post(command(invoice())));
    expect(fault).toMatchObject({ kind: "version-conflict", retryAfterMs: 300_000 });
  });

  it("a clock that is far off: credentials", async () => {
    books.open();
    books.simulator.control({ do: "skew-clock", ms: 400_000 });
    expect(await faultOf(books.post(command(invoice())))).toMatchObject({ kind: "authentication" });
  });

  it("a request that arrives twice: one document", async () => {
    books.simulator.fault({ kind: "duplicate-delivery" });
    const { plan, id } = await books.post(command(invoice()));
    expect(books.simulator.find("invoice", plan.externalId)).toMatchObject({
      id,
      commits: 2,
      total: "127.73",
    });
    await books.expectAsPlanned(plan);
  });

  it("an account that can't be reached: nothing was sent", async () => {
    books.open({ url: await unusedAddress() });
    expect(await faultOf(books.post(command(invoice())))).toMatchObject({ kind: "transient" });
  });

  it("tells each request with its outcome, for metrics", async () => {
    await books.post(command(invoice()));
    books.simulator.fault({ kind: "lost-before-commit" });
    await faultOf(books.post(command(invoice())));
    expect(books.seen).toEqual([
      { operation: "submit-customer", outcome: "answered" },
      { operation: "submit-invoice", outcome: "answered" },
      { operation: "submit-invoice", outcome: "unknown" },
    ]);
  });
});

describe("OAuth 2.0 for machines", () => {
  it("gets a token once, and another when it has ended", async () => {
    const client = machineClient();
    await books.restart({ machine: client.account });
    books.open({ authentication: client.sink });
    await Promise.all([
      books.post(command(customer())),
      books.post(command(customer({ customer: "other" }))),
    ]);
    const tokenRequests = (): number =>
      books.simulator.ledger().requests.filter(({ path }) => path.includes("oauth2")).length;
    expect(tokenRequests()).toBe(1);
    books.simulator.control({ do: "expire-tokens" });
    await books.post(command(invoice()));
    expect(tokenRequests()).toBe(2);
    books.simulator.fault({ kind: "token-expiry" });
    const { plan } = await books.post(command(invoice({ number: "N-2" })));
    expect(books.simulator.find("invoice", plan.externalId)?.commits).toBe(1);
  });

  it("says that the assertion is refused", async () => {
    const client = machineClient("somebody-else");
    await books.restart({ machine: client.account });
    books.open({ authentication: client.sink });
    const fault = await faultOf(books.post(command(customer())));
    expect(fault).toMatchObject({ kind: "authentication", code: "invalid_grant" });
    expect(JSON.stringify([fault, fault.message, fault.stack])).not.toContain("PRIVATE KEY");
  });
});
