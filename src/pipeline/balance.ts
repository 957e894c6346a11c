import { Aggregation } from "../operators/stage.ts";
import { archivedCells } from "../operators/window/window-archive.ts";
import { inheritedMessagesOf, lostMessagesOf } from "./accepted-gaps.ts";
import { checkPostings } from "./posting-balance.ts";
import { type AddCheck, checkBilling, type BillingCheck } from "./billing-balance.ts";
import type { ReportSource } from "./partition-report.ts";

/** One line of the balance: two figures reached by different routes that must be equal. */
export interface BalanceCheck {
  readonly partition: number;
  readonly check:
    | "position = messages processed + lost in accepted gaps"
    | "read = sum of outcomes"
    | "parked = events in parking"
    | "rejected and undecodable = rejections by hour"
    | "accepted readings = events in cells"
    | "accepted quantity = quantity in cells"
    | "emitted quantity = rated quantity"
    | BillingCheck;
  /** Meter, region or currency that the line is about; "" for the whole partition. */
  readonly of: string;
  readonly left: string;
  readonly right: string;
  readonly balanced: boolean;
}

/**
 * The equations that hold at every checkpoint. Counts are kept by the last stage, cells by the window stage, totals
 * beside the cells, rated quantities by the rater: a difference means that one of them lost or doubled something.
 */
export function checkPartition(source: ReportSource): BalanceCheck[] {
  const checks: BalanceCheck[] = [];
  const { partition, engine, store } = source;
  const add = (
    check: BalanceCheck["check"],
    of: string,
    left: bigint | number,
    right: bigint | number,
  ): void => {
    checks.push({
      partition,
      check,
      of,
      left: left.toString(),
      right: right.toString(),
      balanced: BigInt(left) === BigInt(right),
    });
  };
  add(
    "position = messages processed + lost in accepted gaps",
    "",
    engine.position.usageSequence,
    engine.messageCounts().messages + lostMessagesOf(engine.gaps) + inheritedMessagesOf(engine.gaps),
  );
  let parked = 0;
  let refused = engine.messageCounts().undecodable;
  for (const counts of engine.regionCounts()) {
    const { accepted, duplicate, conflicting, rejected, misrouted } = counts;
    add(
      "read = sum of outcomes",
      counts.region,
      counts.read,
      accepted + duplicate + conflicting + rejected + counts.parked + misrouted,
    );
    parked += counts.parked;
    refused += counts.rejected;
  }
  add("parked = events in parking", "", parked, store.parked().length);
  let byHour = 0;
  for (const { count } of engine.rejections.entries()) byHour += count;
  add("rejected and undecodable = rejections by hour", "", refused, byHour);
  checkCells(source, add);
  const addText: AddCheck = (check, of, left, right) => {
    checks.push({ partition, check, of, left, right, balanced: left === right });
  };
  checkBilling(source, addText);
  checkPostings(engine, addText);
  return checks;
}

function checkCells(
  { engine, store }: ReportSource,
  add: (check: BalanceCheck["check"], of: string, left: bigint | number, right: bigint | number) => void,
): void {
  const catalog = engine.catalog;
  if (catalog === undefined) return;
  const byMeter = new Map<string, { events: number; quantity: bigint; emitted: bigint }>();
  const of = (meter: string): { events: number; quantity: bigint; emitted: bigint } => {
    let found = byMeter.get(meter);
    if (found === undefined) byMeter.set(meter, (found = { events: 0, quantity: 0n, emitted: 0n }));
    return found;
  };
  for (const slot of engine.cells.slots()) {
    const meter = catalog.meters.get(engine.series.get(engine.cells.seriesOf(slot)).meter);
    if (meter === undefined) continue;
    const total = of(meter.key);
    total.events += engine.cells.events(slot);
    total.quantity += engine.cells.value(slot, Aggregation[meter.aggregation]);
    total.emitted += engine.cells.emittedValue(slot);
  }
  for (const cell of archivedCells(store)) {
    const total = of(engine.series.get(cell.series).meter);
    total.events += cell.events;
    total.quantity += cell.value;
    // A cell leaves memory behind its last emission.
    total.emitted += cell.value;
  }
  const rated = new Map<string, bigint>();
  for (const period of engine.rater.pricePeriods()) {
    rated.set(period.meter, (rated.get(period.meter) ?? 0n) + period.quantity);
  }
  for (const { meter: key, events, sum } of engine.totals.entries()) {
    const meter = catalog.meters.get(key);
    const total = of(key);
    add("accepted readings = events in cells", key, events, total.events);
    if (meter?.aggregation === "sum" || meter?.aggregation === "count") {
      add("accepted quantity = quantity in cells", key, sum, total.quantity);
    }
    if (
      meter?.aggregation === "sum" ||
      meter?.aggregation === "count" ||
      meter?.aggregation === "time_weighted"
    ) {
      add("emitted quantity = rated quantity", key, total.emitted, rated.get(key) ?? 0n);
    }
  }
}
