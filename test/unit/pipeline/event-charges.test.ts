import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog, type LogStep } from "../../support/engine-fixture.ts";

/** 2.9 % and 0.30 an event, at least 0.35 and at most 20 an event. */
const BY_EVENT = testCatalog(["a"], [], { plan: { key: "by-event", version: 1 } });
const WHOLE = { cut: () => false, commit: () => false, restart: () => false };
const EVERYWHERE = { cut: () => true, commit: () => true, restart: () => true };

function takesEffect(catalog: CompiledCatalog, appliesAfter = 0): LogStep {
  const record = { kind: "catalog", version: catalog.version, appliesAfter, decidedAt: "" } as const;
  return { kind: "control", record, catalog };
}

function use(sequence: number, arrivalMs: number, lagMs: number, thousandths: number): LogStep {
  const time = new Date(arrivalMs - lagMs).toISOString();
  const text = `{"specversion":"1.0","id":"${sequence}","source":"s","type":"usage","subject":"a","time":"${time}","data":{"amount":${thousandths / 1000},"status":"ok","user":"u"}}`;
  return {
    kind: "message",
    message: {
      sequence,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs,
      data: new TextEncoder().encode(text),
    },
  };
}

function close(upToMs: number, appliesAfter: number): LogStep {
  return {
    kind: "control",
    record: { kind: "close", upToMs, actor: "test", reason: "test", appliesAfter, decidedAt: "" },
  };
}

/** In hundredths of a thousandth of a cent: 2.9 % of thousandths, so that the model has no fraction. */
function naiveCharge(thousandths: number): bigint {
  const charge = BigInt(thousandths) * 29n + 300_000n;
  if (thousandths < 0) return charge;
  return charge < 350_000n ? 350_000n : charge > 20_000_000n ? 20_000_000n : charge;
}

function cents(exact: bigint): string {
  const magnitude = exact < 0n ? -exact : exact;
  const rounded = (magnitude + 5_000n) / 10_000n;
  return `${exact < 0n && rounded > 0n ? "-" : ""}${rounded / 100n}.${(rounded % 100n).toString().padStart(2, "0")}`;
}

async function run(steps: readonly LogStep[], catalog: CompiledCatalog, plan = WHOLE) {
  const { store } = await runLogs(steps, catalog, plan);
  const rated = store
    .outboxAfter("rated", 0, 100_000)
    .map(({ body }): RatedAggregate => JSON.parse(body))
    .filter(({ meter }) => meter === "sum");
  const exceptions = store.exceptions().map(({ reason, details }) => [reason, JSON.parse(details).value]);
  store.close();
  return { rated, exceptions };
}

describe("a price that charges events one by one", () => {
  it("comes to the sum of the events' own charges, late ones included, wherever checkpoints and restarts fall", async () => {
    const uses = fc.array(
      fc.record({
        minutes: fc.integer({ min: 0, max: 40 }),
        lagMinutes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 })),
        thousandths: fc.oneof(
          fc.integer({ min: 0, max: 3_000 }),
          fc.integer({ min: -5_000, max: 2_000_000 }),
        ),
      }),
      { minLength: 1, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(uses, fc.boolean(), async (list, isCut) => {
        let arrivalMs = BASE_MS;
        // Without the other region, so that hours complete and late events refine them.
        const idle = { kind: "idle", region: "us", appliesAfter: 0, decidedAt: "" } as const;
        const steps: LogStep[] = [takesEffect(BY_EVENT), { kind: "control", record: idle }];
        for (const [index, { minutes, lagMinutes, thousandths }] of list.entries()) {
          arrivalMs += minutes * 60_000;
          steps.push(use(index + 1, arrivalMs, lagMinutes * 60_000, thousandths));
        }
        steps.push(close(arrivalMs + 3 * HOUR_MS, list.length));
        const { rated, exceptions } = await run(steps, BY_EVENT, isCut ? EVERYWHERE : WHOLE);
        const total = list.reduce((sum, { thousandths }) => sum + naiveCharge(thousandths), 0n);
        expect(rated.at(-1)?.amountToDate).toBe(cents(total));
        expect(exceptions).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it("makes an exception of an hour whose first events came in under another price", async () => {
    const standard = testCatalog(["a"]);
    // Later it is known that the contract had ended before, and another one begun.
    const since = new Date(BASE_MS).toISOString();
    const replaced = testCatalog(
      ["a"],
      [],
      [{ end: since }, { start: since, plan: { key: "by-event", version: 1 } }],
    );
    const { rated, exceptions } = await run(
      [
        takesEffect(standard),
        use(1, BASE_MS, 0, 1_000),
        takesEffect(replaced, 1),
        use(2, BASE_MS + 60_000, 0, 1_000_000),
        use(3, BASE_MS + HOUR_MS, 0, 1_000_000),
        close(BASE_MS + 3 * HOUR_MS, 3),
      ],
      standard,
    );
    // 2.9 % of 1,000 and 0.30 would be 29.30: 20 at most, twice.
    expect(rated.map(({ amountToDate }) => amountToDate)).toEqual(["20.00", "40.00"]);
    expect(exceptions).toEqual([["event-amounts-missing", "1001"]]);
  });
});
