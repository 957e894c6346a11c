import type { BillingPeriod, CompiledContract, CompiledMeter } from "../../billing/catalog/compiled.ts";
import { SharedWatch } from "../../billing/thresholds/shared-watch.ts";
import { commitmentTargets, type ThresholdTarget } from "../../billing/thresholds/targets.ts";
import { CreditWatch, type CreditsLow } from "./credit-watch.ts";
import type { WatchStore } from "./watch-store.ts";
import type { WatchedCommitment } from "./watch-rows.ts";
import {
  chargedSource,
  countedSource,
  isChargedLive,
  liveCharge,
  type WatchedSource,
} from "./watched-source.ts";

/** A commitment's level that has been reached. Amounts in minor units. */
export interface CommitmentReached {
  readonly commitment: string;
  readonly period: BillingPeriod;
  readonly percent: number;
  readonly committed: bigint;
  /** Charges that count towards it, fees included. */
  readonly counted: bigint;
}

/** What is told about a contract's commitments and credits. */
export interface ContractListener {
  commitmentReached(reached: CommitmentReached): void;
  /** @param meter whose quantity the credits are; undefined: the contract's currency */
  creditsLow(low: CreditsLow, meter: string | undefined): void;
}

/** A commitment in one billing period. */
interface CommitmentWatch {
  readonly key: string;
  readonly committed: bigint;
  readonly row: WatchedCommitment;
  readonly rowNumber: number;
  readonly watch: SharedWatch;
  /** Places of the prices that count, by key, as the watch knows them. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** Charges that count and that no usage changes: fees, and what former prices of the contract have charged. */
  readonly fixed: bigint;
}

/** Sources by the number of their row: each is asked for with every event. */
type SourcesByRow = Map<number, WatchedSource>;

/**
 * Watches one contract: its commitments by billing period, its credits over all. Made anew when a catalog takes effect and
 * after a start; all that must last is in the rows.
 */
export class ContractWatch {
  readonly #contract: CompiledContract;
  readonly #store: WatchStore;
  readonly #listener: ContractListener;
  readonly #meterOf: (key: string) => CompiledMeter | undefined;
  readonly #periods = new Map<number, readonly CommitmentWatch[]>();
  readonly #charged: SourcesByRow = new Map();
  readonly #counted: SourcesByRow = new Map();
  readonly #credits: readonly { meter: string | undefined; rowNumber: number; watch: CreditWatch }[];

  constructor(
    contract: CompiledContract,
    store: WatchStore,
    listener: ContractListener,
    meterOf: (key: string) => CompiledMeter | undefined,
    atMs: number,
  ) {
    this.#contract = contract;
    this.#store = store;
    this.#listener = listener;
    this.#meterOf = meterOf;
    const units = new Set(contract.grants.map(({ meter }) => meter));
    this.#credits = [...units].map((meter) => {
      const rowNumber = store.creditsOf(contract.id, meter, atMs);
      const grants = contract.grants.filter((grant) => grant.meter === meter);
      const watch = new CreditWatch(contract, meter ?? "", grants, store.credits.at(rowNumber));
      return { meter, rowNumber, watch };
    });
  }

  /** Books what has become of the grants up to a time; before usage of that time is counted. */
  advance(atMs: number): void {
    for (const { meter, rowNumber, watch } of this.#credits) {
      if (!watch.isDue(atMs)) continue;
      const sources = this.#sources(meter);
      watch.advance(atMs, sources);
      this.#store.credits.touch(rowNumber);
      for (const { number } of sources) this.#store.usage.touch(number);
    }
  }

  /** The row of a meter's usage has changed; tells the levels that are reached by now. */
  changed(rowNumber: number, meter: CompiledMeter): void {
    const row = this.#store.usage.at(rowNumber);
    this.#commitmentsChanged(rowNumber, meter);
    for (const { meter: unit, rowNumber: creditsRow, watch } of this.#credits) {
      if (unit !== undefined && unit !== row.meter) continue;
      const source = this.#sourceOf(rowNumber, meter, unit);
      for (const low of watch.update(source, () => this.#sources(unit))) {
        this.#store.credits.touch(creditsRow);
        this.#listener.creditsLow(low, unit);
      }
    }
  }

  #commitmentsChanged(rowNumber: number, meter: CompiledMeter): void {
    const row = this.#store.usage.at(rowNumber);
    const price = this.#contract.priceOf(meter.key);
    // What was charged by a former price of the contract is fixed.
    if (price === undefined || price.id !== row.price) return;
    const period = this.#contract.periodAt(row.periodStartMs);
    const progress = this.#sourceOf(rowNumber, meter, undefined).progressOf();
    for (const commitment of this.#commitmentsIn(period)) {
      const place = commitment.placeOf.get(price.key);
      if (place === undefined) continue;
      for (const target of commitment.watch.update(place, progress)) this.#report(commitment, target, period);
    }
  }

  #report(
    { key, committed, row, rowNumber, fixed, placeOf }: CommitmentWatch,
    { percent }: ThresholdTarget,
    period: BillingPeriod,
  ): void {
    row.reported.push(percent);
    this.#store.commitments.touch(rowNumber);
    const counted = this.#sources(undefined)
      .filter(({ row: usage, meter }) => {
        const price = this.#contract.priceOf(meter.key);
        const counts = price !== undefined && price.id === usage.price && placeOf.has(price.key);
        return counts && usage.periodStartMs === period.startMs;
      })
      .reduce((sum, { chargeOf, progressOf }) => sum + chargeOf(progressOf()), fixed);
    this.#listener.commitmentReached({ commitment: key, period, percent, committed, counted });
  }

  #commitmentsIn(period: BillingPeriod): readonly CommitmentWatch[] {
    let watches = this.#periods.get(period.startMs);
    if (watches === undefined) {
      watches = this.#watchPeriod(period);
      this.#periods.set(period.startMs, watches);
    }
    return watches;
  }

  #watchPeriod(period: BillingPeriod): CommitmentWatch[] {
    const contract = this.#contract;
    const prices = contract.usagePrices;
    return contract.commitments
      .filter(({ per }) => per === "period")
      .map((commitment) => {
        const rowNumber = this.#store.commitmentOf(contract.id, commitment.key, period.startMs);
        const row = this.#store.commitments.at(rowNumber);
        const counted = prices.filter(({ key }) => commitment.countsFor(key, "usage"));
        const recurring = contract.flatPrices
          .filter(({ key }) => commitment.countsFor(key, "recurring"))
          .reduce((sum, price) => sum + price.chargeInMinorUnits(0n, 1n, contract.currencyExponent), 0n);
        const former = this.#formerCharges(period, (key) => commitment.countsFor(key, "usage"));
        const fixed = recurring + former;
        const committed = contract.committedAmount(commitment, period);
        const targets = commitmentTargets(committed, contract.alerts.commitmentPercents)
          .filter(({ percent, amount }) => amount > 0n && !row.reported.includes(percent))
          .map(({ percent, amount }) => ({ percent, amount: amount - fixed }));
        const watch = new SharedWatch(
          counted.map((price) => this.#watchedPrice(price.meter ?? "", period)),
          targets,
          0,
        );
        const placeOf = new Map(counted.map(({ key }, place) => [key, place]));
        return { key: commitment.key, committed, row, rowNumber, watch, placeOf, fixed };
      });
  }

  /** A price's charge function and progress in a period, also where it has had no usage yet. */
  #watchedPrice(meterKey: string, period: BillingPeriod) {
    const meter = this.#meterOf(meterKey);
    const price = this.#contract.priceOf(meterKey);
    if (meter === undefined || price === undefined) throw new RangeError(`no price for meter ${meterKey}`);
    const number = this.#store.numberOfUsage(this.#contract.id, price.id, meterKey, period.startMs);
    if (number !== undefined) {
      const source = chargedSource(this.#store.usage.at(number), number, this.#contract, meter);
      return { chargeOf: source.chargeOf, quantity: source.progressOf() };
    }
    const chargeOf = isChargedLive(meter, price)
      ? liveCharge(this.#contract, meter, price)
      : (progress: bigint): bigint => progress;
    return { chargeOf, quantity: 0n };
  }

  /** What prices that the contract has left have charged in a period. */
  #formerCharges(period: BillingPeriod, counts: (priceKey: string) => boolean): bigint {
    return this.#sources(undefined)
      .filter(({ row, meter }) => {
        const isFormer = this.#contract.priceOf(meter.key)?.id !== row.price;
        return isFormer && row.periodStartMs === period.startMs && counts(keyOfPriceId(row.price));
      })
      .reduce((sum, { progressOf }) => sum + progressOf(), 0n);
  }

  /** All rows of the contract that credits of a unit may pay. */
  #sources(unit: string | undefined): WatchedSource[] {
    const sources: WatchedSource[] = [];
    for (const number of this.#store.usageOf(this.#contract.id)) {
      const row = this.#store.usage.at(number);
      if (unit !== undefined && row.meter !== unit) continue;
      const meter = this.#meterOf(row.meter);
      if (meter === undefined) throw new Error(`meter ${row.meter} has usage but is not in the catalog`);
      sources.push(this.#sourceOf(number, meter, unit));
    }
    return sources;
  }

  #sourceOf(number: number, meter: CompiledMeter, unit: string | undefined): WatchedSource {
    const known = unit === undefined ? this.#charged : this.#counted;
    let source = known.get(number);
    if (source === undefined) {
      const row = this.#store.usage.at(number);
      const make = unit === undefined ? chargedSource : countedSource;
      source = make(row, number, this.#contract, meter);
      known.set(number, source);
    }
    return source;
  }
}

/** `plan@version/key` → key: keys have no slash. */
function keyOfPriceId(id: string | undefined): string {
  return id?.slice(id.lastIndexOf("/") + 1) ?? "";
}
