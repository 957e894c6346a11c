import type { LogMessage } from "../../model/log.ts";
import type { SliceBudget, SlicedWork } from "../../model/sliced-work.ts";
import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CompiledCatalog, CompiledContract, CompiledMeter } from "../../billing/catalog/compiled.ts";
import { scaledDecimal } from "../../billing/decimal-text.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import type { Journal } from "../journal.ts";
import type { ChargedPeriod } from "../rate/series-info.ts";
import type { SeriesTable } from "../series-table.ts";
import { ContractWatch } from "./contract-watch.ts";
import { chargedSource, isChargedLive, isCountedLive } from "./watched-source.ts";
import { WatchStore } from "./watch-store.ts";

/** Units of `SliceBudget` that a look at a contract and at what a price has come to cost. */
const LOOK_UNITS = 1;
const SETTLE_UNITS = 10;

/** Whether a series' account has a contract to watch. */
const Watched = { unknown: 0, no: 1, yes: 2 } as const;

/** Where in the log a change of usage comes from: what an alert names. */
export interface UsagePlace {
  readonly sequence: number;
  /** Place of the event in its message; −1 where no event but a decision or the passage of time is the reason. */
  readonly index: number;
  /** When the message was stored: the present, as far as the log knows it. */
  readonly arrivalMs: number;
}

const NO_PLACE: UsagePlace = { sequence: 0, index: -1, arrivalMs: 0 };

/**
 * Watches the use of commitments and credits event by event, and publishes an alert when a level is reached: with the
 * event that reaches it, not when its hour is complete. The window stage calls it for each entry, so alerts depend on the
 * log alone, never on batches.
 *
 * Where a charge does not follow from the quantity as events come in (aggregations but sum and count, volume prices,
 * prices by part, by event or by window), it counts as of the last rating, which comes when a window is complete.
 */
export class UsageWatch implements CheckpointParticipant {
  readonly #series: SeriesTable;
  readonly #journal: Journal;
  readonly #store = new WatchStore();
  readonly #contracts = new Map<string, ContractWatch>();
  #accounts: ReadonlySet<string> = new Set();
  #flags = new Uint8Array(1024);
  #catalog: CompiledCatalog | undefined;
  #place = NO_PLACE;

  constructor(series: SeriesTable, journal: Journal) {
    this.#series = series;
    this.#journal = journal;
  }

  /** False where no contract has anything to watch. */
  get isActive(): boolean {
    return this.#accounts.size > 0;
  }

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#store.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.#store.collectChanges(rows);
  }

  /** The version in use from here on (also the one at the checkpoint, after `restore`). */
  *useCatalog(catalog: CompiledCatalog, budget: SliceBudget): SlicedWork {
    if (this.#catalog !== undefined) yield* this.#settleFormerPrices(this.#catalog, catalog, budget);
    this.#catalog = catalog;
    this.#contracts.clear();
    this.#flags.fill(Watched.unknown);
    const accounts = new Set<string>();
    for (const contract of catalog.contracts()) {
      if (isWatched(contract)) accounts.add(contract.account);
      if (budget.spend(LOOK_UNITS)) yield;
    }
    this.#accounts = accounts;
  }

  /** What is reached next is reached by a message without events: a manifest that moves the watermark. */
  setMessage({ sequence, arrivalMs }: Pick<LogMessage, "sequence" | "arrivalMs">): void {
    this.setPlace({ sequence, index: -1, arrivalMs });
  }

  /** Names the event that what follows comes from. */
  setPlace(place: UsagePlace): void {
    this.#place = place;
  }

  /** An accepted event has added a value to a series. */
  added(series: number, timeMs: number, meter: CompiledMeter, value: number | bigint): void {
    if (this.#flagOf(series) !== Watched.yes) return;
    const contract = this.#requireCatalog().contractAt(this.#series.get(series).account, timeMs);
    if (contract === undefined || !isWatched(contract)) return;
    const watch = this.#watchOf(contract);
    watch.advance(this.#place.arrivalMs);
    if (!isCountedLive(meter)) return;
    const { startMs } = contract.periodAt(timeMs);
    const number = this.#store.usageIn(contract.id, contract.priceOf(meter.key)?.id, meter.key, startMs);
    this.#store.usage.at(number).quantity += BigInt(value);
    this.#store.usage.touch(number);
    watch.changed(number, meter);
  }

  /** A window or period has been rated. */
  charged({ contract, price, meter, periodStartMs, quantity, billed }: ChargedPeriod): void {
    if (!this.#accounts.has(contract.account) || !isWatched(contract)) return;
    const isQuantityKnown = isCountedLive(meter);
    if (isQuantityKnown && (price === undefined || isChargedLive(meter, price))) return;
    const watch = this.#watchOf(contract);
    const number = this.#store.usageIn(contract.id, price?.id, meter.key, periodStartMs);
    const row = this.#store.usage.at(number);
    row.rated = billed;
    if (!isQuantityKnown) row.quantity = quantity;
    this.#store.usage.touch(number);
    watch.changed(number, meter);
  }

  /** A price that a contract leaves for another goes on to count with what it has charged. */
  *#settleFormerPrices(before: CompiledCatalog, after: CompiledCatalog, budget: SliceBudget): SlicedWork {
    let number = -1;
    for (const row of this.#store.usage.entries()) {
      number += 1;
      if (budget.spend(SETTLE_UNITS)) yield;
      if (row.settledCharge !== undefined || row.price === undefined) continue;
      if (after.contract(row.contract)?.priceOf(row.meter)?.id === row.price) continue;
      const contract = before.contract(row.contract);
      const meter = before.meters.get(row.meter);
      if (contract === undefined || meter === undefined) continue;
      const { chargeOf, progressOf } = chargedSource(row, number, contract, meter);
      this.#store.usage.at(number).settledCharge = chargeOf(progressOf());
      this.#store.usage.touch(number);
    }
  }

  #watchOf(contract: CompiledContract): ContractWatch {
    const known = this.#contracts.get(contract.id);
    if (known !== undefined) return known;
    const { currency, currencyExponent, account } = contract;
    const money = (minorUnits: bigint): string => formatMinorUnits(minorUnits, currencyExponent);
    const about = () => ({
      account,
      contract: contract.id,
      sequence: this.#place.sequence,
      index: this.#place.index,
      time: new Date(this.#place.arrivalMs).toISOString(),
      catalogVersion: this.#requireCatalog().version,
    });
    const watch = new ContractWatch(
      contract,
      this.#store,
      {
        commitmentReached: ({ commitment, period, percent, committed, counted }) => {
          this.#journal.alert({
            kind: "commitment",
            ...about(),
            commitment,
            periodStart: new Date(period.startMs).toISOString(),
            periodEnd: new Date(period.endMs).toISOString(),
            percent,
            committed: money(committed),
            counted: money(counted),
            currency,
          });
        },
        creditsLow: ({ percent, granted, left }, meter) => {
          const amount = (units: bigint): string =>
            meter === undefined ? money(units) : scaledDecimal(units, this.#meterOf(meter)?.scale ?? 0);
          this.#journal.alert({
            kind: "credits",
            ...about(),
            percent,
            granted: amount(granted),
            left: amount(left),
            currency: meter === undefined ? currency : null,
            meter: meter ?? null,
          });
        },
      },
      (key) => this.#meterOf(key),
      this.#place.arrivalMs,
    );
    this.#contracts.set(contract.id, watch);
    return watch;
  }

  #flagOf(series: number): number {
    if (series >= this.#flags.length) {
      const larger = new Uint8Array(Math.max(series + 1, this.#flags.length * 2));
      larger.set(this.#flags);
      this.#flags = larger;
    }
    const flag = this.#flags[series] ?? Watched.unknown;
    if (flag !== Watched.unknown) return flag;
    const found = this.#accounts.has(this.#series.get(series).account) ? Watched.yes : Watched.no;
    this.#flags[series] = found;
    return found;
  }

  #meterOf(key: string): CompiledMeter | undefined {
    return this.#requireCatalog().meters.get(key);
  }

  #requireCatalog(): CompiledCatalog {
    if (this.#catalog === undefined) throw new Error("usage before the first catalog record");
    return this.#catalog;
  }
}

function isWatched(contract: CompiledContract): boolean {
  return contract.grants.length > 0 || contract.commitments.some(({ per }) => per === "period");
}
