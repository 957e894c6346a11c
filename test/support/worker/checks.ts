import { expect } from "vitest";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import { rounded, scaled, SCALES, type ExpectedCell } from "./expected-cells.ts";
import type { Publication, PublishedDeadLetter } from "./results.ts";
import type { Truth } from "./truth.ts";
import { HOUR_MS } from "./usage-catalog.ts";
import type { Inspected } from "./workspace.ts";

type RatedByPartition = ReadonlyMap<number, readonly Publication<RatedAggregate>[]>;

/** Aggregates and counts of the checkpoints are those of the independent count. */
export function expectCounted(inspected: Inspected, truth: Truth): void {
  expect(inspected.balanced).toBe(true);
  const expected: Partial<Truth["counts"]> = { ...truth.counts };
  // Where events came in from another partition their place in the log is open, and so is what was late.
  if (truth.hasMisrouted) delete expected.late;
  expect(inspected.counts).toMatchObject(expected);
  const sum = (of: "messages" | "undecodable" | "probes"): number =>
    truth.partitions.reduce((total, partition) => total + partition[of], 0);
  expect(inspected.messages).toEqual({
    messages: sum("messages"),
    undecodable: sum("undecodable"),
    probes: sum("probes"),
  });
  expectCells(inspected, truth);
}

/** The aggregates of the checkpoints are those of the independent count. */
export function expectCells(inspected: Pick<Inspected, "aggregates">, truth: Pick<Truth, "cells">): void {
  const found = inspected.aggregates.map(({ account, meter, group, start, value, events }) =>
    cellLine(
      account,
      meter,
      group["status"] ?? "",
      Date.parse(start),
      events,
      scaled(value, SCALES[meter] ?? 0),
    ),
  );
  const wanted = truth.cells.map(({ account, meter, status, startMs, events, value }) =>
    cellLine(account, meter, status, startMs, events, value),
  );
  expect(found.sort()).toEqual(wanted.sort());
}

function cellLine(
  account: string,
  meter: string,
  status: string,
  startMs: number,
  events: number,
  value: bigint,
): string {
  return `${account} | ${meter} | ${status} | ${new Date(startMs).toISOString()} | ${events} | ${value}`;
}

/** The dead letters are exactly those expected, in the order of each partition's log. */
export function expectDeadLetters(
  published: ReadonlyMap<number, readonly Publication<PublishedDeadLetter>[]>,
  truth: Truth,
): void {
  truth.partitions.forEach(({ deadLetters }, partition) => {
    const found = (published.get(partition) ?? []).map(({ body }) => {
      const { sequence, index, stage, reason } = body;
      return { partition: body.partition, sequence, index, stage, reason };
    });
    expect(found).toEqual(deadLetters);
  });
}

/**
 * What every rated stream must satisfy: revisions of a window go up by one; amounts add up to the last amount to date of
 * each price period, within the order of the stream.
 */
export function expectAmountsAddUp(rated: RatedByPartition): void {
  const faults: string[] = [];
  for (const [partition, publications] of rated) {
    const revisions = new Map<string, number>();
    const charged = new Map<string, bigint>();
    for (const { ordinal, body } of publications) {
      const check = (what: string, found: unknown, expected: unknown): void => {
        if (found === expected) return;
        faults.push(
          `partition ${partition}, ordinal ${ordinal}: ${what} ${String(found)}, not ${String(expected)}`,
        );
      };
      const series = [
        body.kind === "period",
        body.account,
        body.meter,
        JSON.stringify(body.group),
        body.start,
      ];
      const window = JSON.stringify(series);
      const revision = (revisions.get(window) ?? 0) + 1;
      check("revision", body.revision, revision);
      revisions.set(window, revision);
      if (body.price === null || body.amount === null || body.amountToDate === null) {
        check("without a price: amount", body.price ?? body.amount ?? body.amountToDate, null);
        continue;
      }
      const period = JSON.stringify([body.contract, body.price, body.periodStart]);
      const total = (charged.get(period) ?? 0n) + scaled(body.amount, 2);
      check("amount to date", scaled(body.amountToDate, 2), total);
      charged.set(period, total);
    }
  }
  expect(faults).toEqual([]);
}

/** What the state says is unbilled or on invoices is what was published, no more and no less. */
export function expectUnbilledIsPublished(inspected: Inspected, rated: RatedByPartition): void {
  const published = new Map<string, bigint>();
  for (const publications of rated.values())
    for (const { body } of publications) {
      if (body.amount === null) continue;
      const key = JSON.stringify([body.account, body.currency]);
      published.set(key, (published.get(key) ?? 0n) + scaled(body.amount, 2));
    }
  const found = new Map<string, bigint>();
  for (const { account, currency, amount } of [...inspected.unbilled, ...inspected.invoiced]) {
    const key = JSON.stringify([account, currency]);
    found.set(key, (found.get(key) ?? 0n) + scaled(amount, 2));
  }
  expect(sortedEntries(found)).toEqual(sortedEntries(published));
}

/** Charge in cents of a quantity of the meter, from the plan's text alone. */
function charge(meter: "requests" | "bytes", quantity: bigint): bigint {
  // In 10^-7 EUR: fine enough for every price of the plan.
  if (meter === "requests") return rounded(quantity * 130_000n, 100_000n);
  if (quantity === 0n) return 0n;
  if (quantity <= 100_000n) return rounded(quantity * 1_000n, 100_000n);
  return rounded(100_000n * 1_000n + 25_000_000n + (quantity - 100_000n) * 400n, 100_000n);
}

/** The last figures of each window and period are those of the independent count, priced by it as well. */
export function expectRated(
  rated: RatedByPartition,
  truth: Truth,
  anchorDay: number | ((account: string) => number),
): void {
  const lastOfWindow = new Map<string, string>();
  const lastOfPeriod = new Map<string, bigint>();
  for (const publications of rated.values())
    for (const { body } of publications) {
      const { account, meter, group, start, value, events } = body;
      if (body.kind !== "period") {
        const startMs = Date.parse(start);
        const line = cellLine(
          account,
          meter,
          group["status"] ?? "",
          startMs,
          events,
          scaled(value, SCALES[meter] ?? 0),
        );
        lastOfWindow.set(JSON.stringify([account, meter, group, start]), line);
      }
      if ((meter === "requests" || meter === "bytes") && body.amountToDate !== null)
        lastOfPeriod.set(JSON.stringify([account, meter, body.periodStart]), scaled(body.amountToDate, 2));
    }
  const complete = truth.cells.filter((cell) => cell.complete);
  const wanted = complete.map(({ account, meter, status, startMs, events, value }) =>
    cellLine(account, meter, status, startMs, events, value),
  );
  expect([...lastOfWindow.values()].sort()).toEqual(wanted.sort());
  const anchorDayOf = typeof anchorDay === "number" ? () => anchorDay : anchorDay;
  expect(sortedEntries(lastOfPeriod)).toEqual(sortedEntries(expectedCharges(complete, anchorDayOf)));
}

/** Charges in cents by account, meter (`requests`, `bytes`) and start of the period, as JSON of a list. */
export function expectedCharges(
  cells: readonly ExpectedCell[],
  anchorDayOf: (account: string) => number,
): Map<string, bigint> {
  const quantities = new Map<string, { readonly meter: "requests" | "bytes"; quantity: bigint }>();
  for (const { account, meter, startMs, value } of cells) {
    if (meter !== "requests" && meter !== "bytes") continue;
    const start = new Date(periodStart(startMs, anchorDayOf(account)));
    const key = JSON.stringify([account, meter, start.toISOString()]);
    const period = quantities.get(key);
    if (period === undefined) quantities.set(key, { meter, quantity: value });
    else period.quantity += value;
  }
  return new Map([...quantities].map(([key, { meter, quantity }]) => [key, charge(meter, quantity)]));
}

/** The last midnight in UTC at or before a time that begins a period; shorter months begin on their last day. */
function periodStart(timeMs: number, anchorDay: number): number {
  for (let startMs = Math.floor(timeMs / (24 * HOUR_MS)) * 24 * HOUR_MS; ; startMs -= 24 * HOUR_MS) {
    const day = new Date(startMs);
    const lastDay = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate();
    if (day.getUTCDate() === Math.min(anchorDay, lastDay)) return startMs;
  }
}

export function sortedEntries(map: ReadonlyMap<string, bigint>): string[] {
  return [...map].map(([key, value]) => `${key}: ${value}`).sort();
}
