import { describe, expect, it } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import type { DocumentTaxRequest, TaxAnswer, TaxReply, TaxService } from "../../../src/model/tax-service.ts";
import { TaxDesk } from "../../../src/pipeline/tax-desk.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { catalogOf, contract, ServedBilling, tenPercent } from "./service-fixture.ts";

const HOUR_MS = 3_600_000;

/** A service that answers when the test lets it. */
class HeldService implements TaxService {
  readonly asked: { request: DocumentTaxRequest; settle: (answer: TaxAnswer | Error) => void }[] = [];

  tax(request: DocumentTaxRequest): Promise<TaxAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (answer: TaxAnswer | Error): void => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      };
      this.asked.push({ request, settle });
    });
  }

  commit(): Promise<never> {
    return Promise.reject(new Error("a desk commits nothing"));
  }

  void(): Promise<never> {
    return Promise.reject(new Error("a desk voids nothing"));
  }
}

async function desk(options: { readonly accounts?: number; readonly service?: undefined } = {}) {
  const { accounts = 1 } = options;
  const ids = Array.from({ length: accounts }, (_, n) => String(n).padStart(3, "0"));
  const contracts = ids.map((id) => contract({ id: `C${id}`, account: `a${id}` }));
  const billing = new ServedBilling(catalogOf({ "contracts/all.json": contracts }));
  for (const id of ids) await billing.use(100, "2026-01-10", "2026-01-10", `a${id}`);
  await billing.until("2026-02-05");
  const service = new HeldService();
  const clock = new ManualClock();
  const failed: unknown[] = [];
  const taxDesk = new TaxDesk({
    service: "service" in options ? undefined : service,
    clock,
    faults: noFaults,
    overdueAfterMs: HOUR_MS,
    askAgainAfterMs: HOUR_MS,
    onFailed: (fault) => failed.push(fault),
  });
  const repliesOf = (): readonly TaxReply[] => {
    const decision = taxDesk.decision(billing.engine);
    return decision?.kind === "documents-taxed" ? decision.replies : [];
  };
  /** Asks, and gives the clock some time. */
  const ask = async (ms = 0): Promise<number> => {
    await clock.advance(ms);
    taxDesk.ask(billing.engine);
    await clock.settle();
    return service.asked.length;
  };
  return { billing, service, clock, failed, taxDesk, repliesOf, ask };
}

const failure = (retryInMs?: number): TributaryError =>
  new TributaryError(
    "tax-service-failed",
    "it is down",
    retryInMs === undefined ? {} : { details: { retryInMs } },
  );

describe("the tax desk", () => {
  it("asks about each document once, and gives the answers to be recorded once", async () => {
    const { billing, service, clock, repliesOf, ask } = await desk({ accounts: 3 });
    expect([await ask(), await ask(1_000)]).toEqual([3, 3]);
    const [first, second] = service.asked;
    second!.settle(tenPercent(second!.request));
    first!.settle(tenPercent(first!.request));
    await clock.settle();
    const replies = repliesOf();
    expect(replies.map(({ document }) => document)).toEqual(["C001:1", "C000:1"]);
    expect(repliesOf()).toEqual([]);
    await billing.record(...replies);
    expect(await ask(1_000)).toBe(3);
    expect([...billing.questions().keys()]).toEqual(["C002:1"]);
  });

  it("has only so many questions under way, and records only so many answers at once", async () => {
    const { service, clock, repliesOf, ask } = await desk({ accounts: 150 });
    for (const asked of [64, 128, 150]) {
      expect(await ask()).toBe(asked);
      for (const { request, settle } of service.asked) settle(tenPercent(request));
      await clock.settle();
    }
    expect([repliesOf().length, repliesOf().length, repliesOf().length]).toEqual([100, 50, 0]);
  });

  it("waits longer each time that a document finds no answer, and asks about others meanwhile", async () => {
    const { service, clock, failed, ask } = await desk({ accounts: 2 });
    await ask();
    const waits: number[] = [];
    for (let n = 0; n < 4; n++) {
      service.asked.at(n === 0 ? 0 : -1)!.settle(failure());
      await clock.settle();
      const count = service.asked.length;
      for (let ms = 0; service.asked.length === count; ms += 250) {
        await ask(250);
        waits[n] = ms + 250;
      }
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
    expect(service.asked.filter(({ request }) => request.document === "C001:1")).toHaveLength(1);
    expect(failed).toHaveLength(4);
  });

  it("asks nothing before the time that the service has asked for", async () => {
    const { service, clock, ask } = await desk({ accounts: 100 });
    await ask();
    for (const { settle } of service.asked) settle(failure(30_000));
    await clock.settle();
    expect(await ask(29_999)).toBe(64);
    expect(await ask(1)).toBe(128);
  });

  it("asks about documents again at once when somebody wants it, but for those that are under way", async () => {
    const { service, clock, repliesOf, billing, taxDesk, ask } = await desk({ accounts: 4 });
    await ask();
    const [refused, failed, other] = service.asked;
    const refusal = { kind: "refused", code: "E", message: "no" } as const;
    refused!.settle(refusal);
    failed!.settle(failure());
    other!.settle(refusal);
    await clock.settle();
    await billing.record(...repliesOf());
    // What was refused would wait for an hour.
    expect(await ask()).toBe(4);
    taxDesk.askAgain([refused!.request.document, "of another partition"]);
    expect(await ask()).toBe(5);
    taxDesk.askAgain(null);
    expect(await ask()).toBe(7);
    expect(service.asked.slice(4).map(({ request }) => request.document)).toEqual(
      [refused, failed, other].map((asked) => asked!.request.document),
    );
  });

  it("tells of a document without an answer for long, once, and goes on asking", async () => {
    const { billing, service, clock, repliesOf, ask } = await desk();
    // The documents of the fixture are older than the clock: overdue as soon as one question was in vain.
    await clock.advance(200 * 24 * HOUR_MS);
    await ask();
    expect(repliesOf()).toEqual([]);
    service.asked[0]!.settle(failure());
    await ask(10_000);
    const replies = repliesOf();
    expect(replies).toMatchObject([
      { document: "C000:1", answer: { kind: "overdue", message: "it is down" } },
    ]);
    await billing.record(...replies);
    expect(await ask(20_000)).toBe(2);
    expect(repliesOf()).toEqual([]);
  });

  it("tells that no service is configured where none is", async () => {
    const { clock, repliesOf, ask } = await desk({ service: undefined });
    await clock.advance(200 * 24 * HOUR_MS);
    expect(await ask()).toBe(0);
    expect(repliesOf()).toMatchObject([
      { answer: { message: "this worker's configuration names no tax service" } },
    ]);
  });

  it("asks again about a document that was refused, and records only what is new", async () => {
    const { billing, service, clock, repliesOf, ask } = await desk();
    const refusal = { kind: "refused", code: "E", message: "no such street" } as const;
    await ask();
    service.asked[0]!.settle(refusal);
    await clock.settle();
    await billing.record(...repliesOf());
    expect([await ask(HOUR_MS - 1), await ask(1)]).toEqual([1, 2]);
    service.asked[1]!.settle(refusal);
    await clock.settle();
    expect(repliesOf()).toEqual([]);
    await ask(HOUR_MS);
    service.asked[2]!.settle(tenPercent(service.asked[2]!.request));
    await clock.settle();
    expect(repliesOf()).toMatchObject([{ answer: { kind: "taxed" } }]);
  });

  it("asks at once again behind another catalog, and drops answers to what was asked before", async () => {
    const { billing, service, clock, repliesOf, ask } = await desk();
    await ask();
    const customers = [{ id: "customer", name: "Customer", country: "US", region: "WA" }];
    const contracts = [contract({ id: "C000", account: "a000" })];
    await billing.take(catalogOf({ "contracts/all.json": contracts, "customers/all.json": customers }));
    service.asked[0]!.settle(tenPercent(service.asked[0]!.request));
    await clock.settle();
    expect(repliesOf()).toEqual([]);
    expect(await ask()).toBe(2);
    expect(service.asked[1]!.request.buyer.region).toBe("WA");
  });

  it("records a reply that is too large for the log as one that can't be used", async () => {
    const { service, clock, repliesOf, ask } = await desk();
    await ask();
    const answer = tenPercent(service.asked[0]!.request);
    const detail = { name: "x".repeat(1_000), jurisdiction: "", percent: "1", amount: "0" };
    const [line] = answer.lines;
    service.asked[0]!.settle({
      ...answer,
      lines: [{ ...line!, details: Array.from({ length: 300 }, () => detail) }],
    });
    await clock.settle();
    expect(repliesOf()).toMatchObject([{ answer: { kind: "invalid" } }]);
  });
});
