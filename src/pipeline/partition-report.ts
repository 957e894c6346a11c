import {
  noEvents,
  type EventCounts,
  type ExceptionRecord,
  type MessageCounts,
  type RegionCounts,
} from "../model/outputs.ts";
import { REASONS } from "../model/outcome.ts";
import type { PartitionStore } from "../model/store.ts";
import { isBilledHere } from "../operators/rate/rate-operator.ts";
import { formatQuantity } from "../billing/rating/quantity.ts";
import { Aggregation } from "../operators/stage.ts";
import { archivedCells, type ArchivedCell } from "../operators/window/window-archive.ts";
import { formatMinorUnits } from "../billing/rating/money.ts";
import type { AcceptedGap } from "./accepted-gaps.ts";
import { checkPartition, type BalanceCheck } from "./balance.ts";
import type { PartitionEngine } from "./partition-engine.ts";
import { postingFigures, type PostingFigure } from "./posting-report.ts";
import { producersOf, type ProducerRow } from "./producer-report.ts";

export interface AggregateRow {
  readonly account: string;
  readonly meter: string;
  readonly group: Readonly<Record<string, string>>;
  readonly start: string;
  readonly end: string;
  /** Decimal; for time_weighted in level-hours. */
  readonly value: string;
  readonly events: number;
}

export interface UnbilledRow {
  readonly account: string;
  readonly currency: string;
  readonly amount: string;
}

export interface UnbilledTotal {
  readonly currency: string;
  readonly accounts: number;
  readonly amount: string;
}

export interface ExceptionRow {
  readonly stage: string;
  readonly reason: string;
  readonly event: string;
}

export interface AcceptedGapRow extends AcceptedGap {
  readonly partition: number;
}

/** What `simulate` and `inspect` print; arrays are sorted by their keys, figures are decimal strings. */
export interface UsageReport {
  readonly counts: EventCounts;
  readonly messages: MessageCounts;
  /** Gaps of usage logs that operators accepted, by partition and place. */
  readonly acceptedGaps: readonly AcceptedGapRow[];
  readonly aggregates: readonly AggregateRow[];
  readonly unbilled: readonly UnbilledRow[];
  /** Rated usage that is on invoices, by account and currency. */
  readonly invoiced: readonly UnbilledRow[];
  /** What is unbilled, over all accounts. */
  readonly unbilledTotals: readonly UnbilledTotal[];
  readonly exceptions: readonly ExceptionRow[];
  /** Producers of numbered batches, by partition, name and epoch. */
  readonly producers: readonly ProducerRow[];
  /** Documents in ERP connections, by connection and state. */
  readonly postings: readonly PostingFigure[];
  readonly checks: readonly BalanceCheck[];
  readonly balanced: boolean;
}

/** The source of a report: an engine at its last checkpoint, and the store that holds what left its memory. */
export interface ReportSource {
  readonly partition: number;
  readonly engine: PartitionEngine;
  readonly store: Pick<PartitionStore, "rows" | "parked" | "exceptions" | "load">;
}

export function reportOf(sources: readonly ReportSource[]): UsageReport {
  const counts = noEvents();
  const messages = { messages: 0, undecodable: 0, probes: 0 };
  const checks: BalanceCheck[] = [];
  const exceptions: ExceptionRow[] = [];
  for (const source of sources) {
    addRegionCounts(counts, source.engine.regionCounts());
    const found = source.engine.messageCounts();
    messages.messages += found.messages;
    messages.undecodable += found.undecodable;
    messages.probes += found.probes;
    checks.push(...checkPartition(source));
    for (const event of source.store.parked()) {
      const stage = REASONS.find(({ name }) => name === event.reason)?.stage ?? "enrich";
      exceptions.push({ stage, reason: event.reason, event: `${event.sequence}/${event.index}` });
    }
    exceptions.push(...source.store.exceptions().map(exceptionRow));
  }
  return {
    counts,
    messages,
    acceptedGaps: sources.flatMap(({ partition, engine }) =>
      engine.gaps.map((gap) => ({ partition, ...gap })),
    ),
    aggregates: aggregatesOf(sources),
    ...unbilledOf(sources),
    exceptions: exceptions.sort((a, b) => compare(keyOfException(a), keyOfException(b))),
    producers: sources.flatMap(({ partition, engine }) => producersOf(partition, engine)),
    postings: postingFigures(sources),
    checks,
    balanced: checks.every((check) => check.balanced),
  };
}

/** Every cell that has events (or carries a level), in memory or archived. */
export function aggregatesOf(sources: readonly ReportSource[]): AggregateRow[] {
  const rows: AggregateRow[] = [];
  for (const { engine, store } of sources) {
    const catalog = engine.catalog;
    if (catalog === undefined) continue;
    const add = (seriesId: number, startMs: number, value: bigint, events: number): void => {
      const series = engine.series.get(seriesId);
      const meter = catalog.meters.get(series.meter);
      if (meter === undefined) throw new RangeError(`meter ${series.meter} is not in the catalog`);
      rows.push({
        account: series.account,
        meter: series.meter,
        group: Object.fromEntries(
          meter.groupBy.map((dimension, i) => [dimension.name, series.groupValues[i] ?? ""]),
        ),
        start: new Date(startMs).toISOString(),
        end: new Date(startMs + catalog.settings.cellMs).toISOString(),
        value: formatQuantity(value, meter),
        events,
      });
    };
    for (const slot of engine.cells.slots()) {
      const series = engine.cells.seriesOf(slot);
      const meter = catalog.meters.get(engine.series.get(series).meter);
      if (meter === undefined) continue;
      add(
        series,
        engine.cells.startOf(slot),
        engine.cells.value(slot, Aggregation[meter.aggregation]),
        engine.cells.events(slot),
      );
    }
    for (const cell of mergedArchive(store)) add(cell.series, cell.startMs, cell.value, cell.events);
  }
  const keyed = rows.map((row) => ({
    row,
    key: [row.account, row.meter, JSON.stringify(row.group), row.start].join("\u0000"),
  }));
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ row }) => row);
}

/** Archived cells, each with what was taken out of it since. */
function mergedArchive(store: ReportSource["store"]): Iterable<ArchivedCell> {
  const cells = new Map<string, ArchivedCell>();
  for (const cell of archivedCells(store)) {
    const key = `${cell.series}/${cell.startMs}`;
    const known = cells.get(key);
    const { value, events } = known ?? { value: 0n, events: 0 };
    cells.set(key, { ...cell, value: value + cell.value, events: events + cell.events });
  }
  return cells.values();
}

/** Rated usage that no invoice has taken up, by account and currency, and in all. */
export function unbilledOf(
  sources: readonly ReportSource[],
): Pick<UsageReport, "unbilled" | "unbilledTotals" | "invoiced"> {
  type Sum = { account: string; currency: string; exponent: number; minor: bigint };
  const byAccount = new Map<string, Sum>();
  const invoiced = new Map<string, Sum>();
  for (const { engine } of sources) {
    const add = (sums: Map<string, Sum>, contractId: string, amount: bigint): void => {
      const contract = engine.catalog?.contract(contractId);
      if (contract === undefined) return;
      const { account, currency, currencyExponent: exponent } = contract;
      const key = `${account}\u0000${currency}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { account, currency, exponent, minor: amount });
      else sum.minor += amount;
    };
    for (const period of engine.rater.pricePeriods())
      if (isBilledHere(engine.catalog, period)) add(byAccount, period.contract, period.billed);
    for (const { contract, charges } of engine.invoices.book.periods.entries())
      for (const { kind, amount } of charges.values()) {
        if (kind !== "usage") continue;
        add(byAccount, contract, -amount);
        add(invoiced, contract, amount);
      }
  }
  const totals = new Map<string, { exponent: number; accounts: number; minor: bigint }>();
  for (const { currency, exponent, minor } of byAccount.values()) {
    const total = totals.get(currency) ?? { exponent, accounts: 0, minor: 0n };
    totals.set(currency, { exponent, accounts: total.accounts + 1, minor: total.minor + minor });
  }
  const sorted = <Value>(map: ReadonlyMap<string, Value>): [string, Value][] =>
    [...map].sort(([left], [right]) => compare(left, right));
  const rows = (sums: ReadonlyMap<string, Sum>): UnbilledRow[] =>
    sorted(sums).map(([, { account, currency, exponent, minor }]) => ({
      account,
      currency,
      amount: formatMinorUnits(minor, exponent),
    }));
  return {
    unbilled: rows(byAccount),
    invoiced: rows(invoiced),
    unbilledTotals: sorted(totals).map(([currency, { accounts, exponent, minor }]) => ({
      currency,
      accounts,
      amount: formatMinorUnits(minor, exponent),
    })),
  };
}

/** Adds the counts of regions to a total. */
export function addRegionCounts(total: EventCounts, regions: readonly RegionCounts[]): void {
  for (const counts of regions) {
    total.read += counts.read;
    total.accepted += counts.accepted;
    total.duplicate += counts.duplicate;
    total.conflicting += counts.conflicting;
    total.rejected += counts.rejected;
    total.parked += counts.parked;
    total.misrouted += counts.misrouted;
    total.late += counts.late;
  }
}

function exceptionRow(record: ExceptionRecord): ExceptionRow {
  return { stage: record.stage, reason: record.reason, event: record.id };
}

function keyOfException(row: ExceptionRow): string {
  return [row.stage, row.reason, row.event].join("\u0000");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
