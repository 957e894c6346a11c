import { map, type OperatorFunction } from "rxjs";
import { CLOUD_EVENT_TYPE } from "../model/content-types.ts";
import { decide, type EventBatch, type MessageDecoder } from "../model/event-batch.ts";
import type { ParkedEvent } from "../model/outputs.ts";
import { Outcome, reasonCode } from "../model/outcome.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { ContractCover } from "./contract-cover.ts";
import { SeriesFinder } from "./series-finder.ts";
import type { SeriesTable } from "./series-table.ts";
import { usageItem, type MeterTargets, type PipelineItem, type UsageItem } from "./stage.ts";

const UNKNOWN_METER = reasonCode("unknown-meter");
const UNKNOWN_ACCOUNT = reasonCode("unknown-account");
const encoder = new TextEncoder();

/**
 * Finds the series that each event counts in. Events of a type that no meter reads, or of an account that no contract
 * covers at the event's time, are parked; those parked so far come in again behind the catalog record that may know them.
 */
export function enrich(series: SeriesTable): OperatorFunction<PipelineItem, PipelineItem> {
  let catalog: CompiledCatalog | undefined;
  const enricher = new Enricher(series);
  return map((item) => {
    if (item.kind === "control") {
      if (item.catalog !== undefined) catalog = item.catalog;
    } else {
      if (catalog === undefined) throw new Error("usage before the first catalog record");
      enricher.enrich(item.run.batch, item.targets, catalog);
    }
    return item;
  });
}

/**
 * Parked events as a run of usage: what follows a catalog record that may know them. They pass all stages but deduplication.
 * @param ordered by their places in the log
 */
export function unparkedItem(
  ordered: readonly ParkedEvent[],
  partition: number,
  decoder: MessageDecoder,
): UsageItem {
  const messages = ordered.map((event) => ({
    sequence: event.sequence,
    subject: `usage.${partition}.${event.region}`,
    contentType: CLOUD_EVENT_TYPE,
    arrivalMs: event.arrivalMs,
    data: encoder.encode(event.event),
  }));
  const run = decoder.decode(messages);
  if (run.batch.count !== ordered.length) throw new Error("a parked event could not be read again");
  for (let row = 0; row < run.batch.count; row++) run.batch.index[row] = ordered[row]?.index ?? 0;
  return usageItem(run, true);
}

class Enricher {
  readonly #finder: SeriesFinder;
  readonly #cover = new ContractCover();

  constructor(series: SeriesTable) {
    this.#finder = new SeriesFinder(series);
  }

  /**
   * Two loops, each a function of its own: V8 compiles the first one while it runs for the first time, and knows nothing then
   * of a second one behind it, for which it would give the compiled code up again and again.
   */
  enrich(batch: EventBatch, targets: MeterTargets, catalog: CompiledCatalog): void {
    this.#decideOutcomes(batch, catalog);
    this.#assignSeries(batch, targets);
  }

  #decideOutcomes(batch: EventBatch, catalog: CompiledCatalog): void {
    const { outcome, reason, type, types, account, timeMs, retractions } = batch;
    const cover = this.#cover;
    cover.begin(catalog, batch.accounts);
    let lastType = -1;
    let isKnown = false;
    for (let row = 0; row < batch.count; row++) {
      if (outcome[row] !== Outcome.pending) continue;
      // Where its event counts has been decided; the window stage says what becomes of the retraction.
      if (retractions.size > 0 && retractions.has(row)) {
        outcome[row] = Outcome.accepted;
        continue;
      }
      if (type[row] !== lastType) {
        lastType = type[row]!;
        isKnown = catalog.metersOfType(types[lastType] ?? "") !== undefined;
      }
      if (!isKnown) decide(batch, row, Outcome.parked, UNKNOWN_METER);
      else if (cover.covers(account[row]!, timeMs[row]!)) {
        outcome[row] = Outcome.accepted;
        reason[row] = 0;
      } else decide(batch, row, Outcome.parked, UNKNOWN_ACCOUNT);
    }
  }

  /** Gives the entries of accepted rows their series and drops the others, in place. */
  #assignSeries(batch: EventBatch, targets: MeterTargets): void {
    const finder = this.#finder;
    const { row: rows, meter: meters, series } = targets;
    const { outcome } = batch;
    finder.begin(batch, targets.meters);
    let kept = 0;
    for (let entry = 0; entry < targets.count; entry++) {
      const row = rows[entry]!;
      if (outcome[row] !== Outcome.accepted) {
        if (targets.large.size > 0) targets.large.delete(entry);
        if (targets.member.size > 0) targets.member.delete(entry);
        continue;
      }
      series[kept] = finder.find(row, meters[entry]!);
      if (kept !== entry) moveEntry(targets, entry, kept);
      kept++;
    }
    targets.count = kept;
  }
}

function moveEntry(targets: MeterTargets, from: number, to: number): void {
  targets.row[to] = targets.row[from] ?? 0;
  targets.meter[to] = targets.meter[from] ?? 0;
  targets.value[to] = targets.value[from] ?? 0;
  const large = targets.large.size > 0 ? targets.large.get(from) : undefined;
  if (large !== undefined) {
    targets.large.delete(from);
    targets.large.set(to, large);
  }
  const member = targets.member.size > 0 ? targets.member.get(from) : undefined;
  if (member !== undefined) {
    targets.member.delete(from);
    targets.member.set(to, member);
  }
}
