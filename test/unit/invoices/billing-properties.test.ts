import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { foldLedger } from "../../../src/billing/credits/ledger-entries.ts";
import { ledgerEntryCodec } from "../../../src/billing/credits/ledger-codec.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { BILLING_SPACES } from "../../../src/operators/invoice/billing-book.ts";
import { invoicesOf, journalOf } from "../../../src/pipeline/billing-report.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { readLine } from "../../../src/pipeline/simulation-line.ts";
import { Simulation } from "../../../src/pipeline/simulation.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { HASH_KEY, HOUR_MS, sha256 } from "../../support/engine-fixture.ts";
import {
  arrivalsOf,
  billingCatalog,
  BILLING_ACCOUNTS,
  billingLogs,
  replay,
  type TimedEvent,
} from "./billing-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const DAY_HOURS = 24;
/** As the settings of the fixture's catalog say. */
const MAX_AGE_HOURS = 35 * DAY_HOURS;
/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["BILLING_PROPERTY_RUNS"] ?? 24);

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  /** Hours from the first contract's start, over some three months. */
  atHours: fc.integer({ min: 0, max: 88 * DAY_HOURS }),
  lagHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 34 * DAY_HOURS }) },
  ),
  thousandths: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: -60_000, max: 0 })),
  // As long as ids are remembered: periods are open, closed, or not kept any more.
  retractedAfterHours: fc.option(fc.integer({ min: -10 * DAY_HOURS, max: 37 * DAY_HOURS }), {
    freq: 3,
    nil: undefined,
  }),
});
/**
 * Nothing can be taken out of a window that is not kept any more where each window is priced by itself (`window-gone`):
 * such retractions come in time here.
 */
function withinWindowsLife(each: TimedEvent): TimedEvent {
  const { account, lagHours, retractedAfterHours } = each;
  if (account !== "reserved" || retractedAfterHours === undefined) return each;
  return { ...each, retractedAfterHours: Math.min(retractedAfterHours, MAX_AGE_HOURS - lagHours) };
}

const events = fc.array(event.map(withinWindowsLife), { minLength: 3, maxLength: 60 });
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });

/** Until all contracts have ended and all that may come late has been billed. */
const END_MS = Date.parse("2026-08-01T00:00:00Z");

async function simulate(list: readonly TimedEvent[]) {
  const simulation = new Simulation({
    catalog: billingCatalog(),
    partitionCount: 1,
    idleTimeoutMs: HOUR_MS,
    hashKey: HASH_KEY,
    createDecoder,
    openStore: (partition) => openPartitionStore(":memory:", { partition, partitionCount: 1 }),
    sha256,
  });
  try {
    for (const { id, arrivalMs, account, type, time, data } of arrivalsOf(list, START_MS)) {
      const arrival = new Date(arrivalMs).toISOString();
      const event = { specversion: "1.0", id, source: "test", type, subject: account, time, data };
      const line = { ...event, region: "eu", arrival };
      await simulation.feed(readLine(JSON.stringify(line)));
    }
    await simulation.finish(END_MS);
    const sources = simulation.partitions();
    return { report: reportOf(sources), invoices: invoicesOf(sources), journal: journalOf(sources) };
  } finally {
    simulation.close();
  }
}

/** What documents come to by contract, period and charge: amounts before discounts, in minor units. */
function sums(invoices: ReturnType<typeof invoicesOf>): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { contract, lines } of invoices)
    for (const { kind, price, description, periodStart, amount } of lines) {
      const name = price ?? description.replace(", correction", "");
      // A price without usage may charge a minimum; one whose usage was taken back charges the same for no usage.
      const key = `${contract} ${periodStart} ${kind === "minimum" ? "usage" : kind} ${name}`;
      found.set(key, (found.get(key) ?? 0n) + minorUnitsOfText(amount));
    }
  return new Map([...found].filter(([, amount]) => amount !== 0n).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Windows in which something is counted. */
function cells({ aggregates }: Awaited<ReturnType<typeof simulate>>["report"]) {
  return aggregates.filter(({ events, value }) => events !== 0 || /[1-9]/.test(value));
}

describe("billing", () => {
  it("comes to the same amounts whether usage comes in time or late", async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const late = await simulate(list);
        const onTime = await simulate(list.map((each) => ({ ...each, lagHours: 0 })));
        expect(sums(late.invoices)).toEqual(sums(onTime.invoices));
        for (const { report, invoices } of [late, onTime]) {
          expect(report.checks.filter(({ balanced }) => !balanced)).toEqual([]);
          expect(invoices.filter(({ status }) => status === "draft")).toEqual([]);
          expect(report.unbilled.filter(({ amount }) => /[1-9]/.test(amount))).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("comes to the same amounts as if events that were taken back had never been", async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const taken = await simulate(list);
        const never = await simulate(list.filter((each) => each.retractedAfterHours === undefined));
        expect(sums(taken.invoices)).toEqual(sums(never.invoices));
        expect(cells(taken.report)).toEqual(cells(never.report));
        const { accepted, read } = taken.report.counts;
        expect({ accepted, read }).toEqual({ accepted: read, read: arrivalsOf(list, START_MS).length });
        expect(taken.report.checks.filter(({ balanced }) => !balanced)).toEqual([]);
        expect(taken.report.unbilled.filter(({ amount }) => /[1-9]/.test(amount))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("makes documents whose lines add up, and numbers them without a gap", async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const { invoices, journal } = await simulate(list);
        for (const document of invoices) {
          const sum = (member: "amount" | "discount" | "tax"): bigint =>
            document.lines.reduce((all, line) => all + minorUnitsOfText(line[member]), 0n);
          const [subtotal, discounts, tax, credits, total] = [
            document.subtotal,
            document.discounts,
            document.tax,
            document.credits,
            document.total,
          ].map(minorUnitsOfText);
          expect([subtotal, discounts, tax]).toEqual([sum("amount"), sum("discount"), sum("tax")]);
          const added = document.taxIncluded ? 0n : tax!;
          expect(total).toBe(subtotal! - discounts! + added - credits!);
          expect(document.kind).toBe(total! < 0n ? "credit-memo" : "invoice");
        }
        const numbers = invoices.map(({ number }) => number ?? "").toSorted((a, b) => (a < b ? -1 : 1));
        expect(numbers).toEqual(invoices.map((_, index) => `INV-${String(index + 1).padStart(6, "0")}`));
        // Whatever was deferred is earned, whatever was accrued is reversed, when all contracts are over.
        for (const account of ["deferred-revenue", "unbilled-receivable"]) {
          let balance = 0n;
          for (const { lines } of journal)
            for (const line of lines)
              if (line.account === account)
                balance += minorUnitsOfText(line.debit) - minorUnitsOfText(line.credit);
          expect(`${account} ${balance}`).toBe(`${account} 0`);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("gives the same state, byte for byte, wherever runs, checkpoints and restarts fall; credits are never negative", async () => {
    await fc.assert(
      fc.asyncProperty(events, dice, async (list, numbers) => {
        const { steps, catalog } = await billingLogs(list, START_MS, END_MS);
        const whole = await replay(steps, catalog, undefined);
        const cut = await replay(steps, catalog, numbers);
        expect(dumpState(cut.store)).toBe(dumpState(whole.store));
        const entries = [...whole.store.rows(BILLING_SPACES.creditEntries)].map(({ value }) =>
          ledgerEntryCodec.decode(value),
        );
        const byLedger = new Map<string, (typeof entries)[number][]>();
        for (const entry of entries) {
          const ledger = entry.id.slice(0, entry.id.lastIndexOf("/"));
          byLedger.set(ledger, [...(byLedger.get(ledger) ?? []), entry]);
        }
        // Refuses balances below 0, and entries that are out of order.
        for (const ledger of byLedger.values()) expect(foldLedger(ledger).size).toBeGreaterThan(0);
        expect(byLedger.size).toBeGreaterThan(0);
        whole.store.close();
        cut.store.close();
      }),
      { numRuns: RUNS },
    );
  });
});
