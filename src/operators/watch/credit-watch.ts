import type { CompiledContract, ContractGrant } from "../../billing/catalog/compiled.ts";
import { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import { nextDue } from "../../billing/credits/due-events.ts";
import { creditLedgerCodec } from "../../billing/credits/ledger-codec.ts";
import { dividedUp } from "../../billing/thresholds/targets.ts";
import { thresholdQuantity } from "../../billing/thresholds/threshold-quantity.ts";
import type { WatchedCredits } from "./watch-rows.ts";
import type { WatchedSource } from "./watched-source.ts";

/** Credits fell to a level. Amounts are integers of the credits' unit. */
export interface CreditsLow {
  readonly percent: number;
  readonly granted: bigint;
  readonly left: bigint;
}

const NOTHING: readonly CreditsLow[] = [];

/** Any progress is more: the next update looks. */
const ALWAYS = -(10n ** 60n);

/**
 * Watches a contract's credits of one unit: what would be left if all usage so far, that of open hours included, were
 * paid by them. A projection: credits are used when invoices are made, and tax or overage factors are not known before.
 *
 * Usage is paid by the grants that are there when it comes in. So the projected ledger moves only where grants change
 * (one becomes effective, recurs, expires, rolls over, is voided or added): up to there usage is paid, then the change is
 * booked. In between, what is left is calculated on a copy, and only when it can have reached the next level: until then
 * an update costs one comparison. Where that happens depends on nothing but the events.
 */
export class CreditWatch {
  readonly #contract: CompiledContract;
  readonly #unit: string;
  readonly #grants: readonly ContractGrant[];
  readonly #percents: readonly number[];
  readonly #row: WatchedCredits;
  /** By number of a usage row: the progress from which on the level may be reached; undefined: it can't be. */
  #nextProgress = new Map<number, bigint | undefined>();
  #dueMs: number;

  /** @param grants those of the contract in this unit */
  constructor(
    contract: CompiledContract,
    unit: string,
    grants: readonly ContractGrant[],
    row: WatchedCredits,
  ) {
    this.#contract = contract;
    this.#unit = unit;
    this.#grants = grants;
    this.#percents = contract.alerts.creditPercents;
    this.#row = row;
    this.#dueMs = this.#nextChangeMs();
  }

  /** Whether grants change up to a time. */
  isDue(atMs: number): boolean {
    return atMs >= this.#dueMs;
  }

  /**
   * Books the changes of grants up to a time; before usage of that time is counted. Changes the rows of the credits and of
   * the sources.
   */
  advance(atMs: number, sources: readonly WatchedSource[]): void {
    const ledger = new CreditLedger(this.#row.ledger);
    this.#pay(ledger, sources, true);
    while (this.#dueMs <= atMs) {
      this.#bookChange(ledger, Math.max(this.#dueMs, ledger.state.timeMs));
      this.#dueMs = this.#nextChangeMs();
    }
    ledger.advance(atMs);
    this.#dueMs = this.#nextChangeMs();
    this.#forgetReportsAbove(ledger.balance());
    this.#nextProgress.clear();
  }

  /** A source has changed. Levels that are reached by now are returned and count as reported. */
  update(source: WatchedSource, allSources: () => readonly WatchedSource[]): readonly CreditsLow[] {
    const { number } = source;
    if (this.#nextProgress.has(number)) {
      const next = this.#nextProgress.get(number);
      if (next === undefined || source.progressOf() < next) return NOTHING;
    }
    const sources = allSources();
    const ledger = new CreditLedger(creditLedgerCodec.decode(creditLedgerCodec.encode(this.#row.ledger)));
    this.#pay(ledger, sources, false);
    const left = ledger.balance();
    const granted = this.#granted();
    const reached = this.#waiting()
      .filter((percent) => granted > 0n && left * 100n <= granted * BigInt(percent))
      .map((percent): CreditsLow => ({ percent, granted, left }));
    for (const { percent } of reached) this.#row.reported.push(percent);
    this.#shareOut(left, granted, sources);
    return reached;
  }

  /** Levels that have not been reported, the highest first. */
  #waiting(): number[] {
    return this.#percents.filter((percent) => !this.#row.reported.includes(percent)).reverse();
  }

  /** What grants that pay now were given in their present term. */
  #granted(): bigint {
    return this.#row.ledger.grants.reduce(
      (sum, { phase, terms }) => (phase === "active" ? sum + terms.amount : sum),
      0n,
    );
  }

  #forgetReportsAbove(left: bigint): void {
    const granted = this.#granted();
    this.#row.reported = this.#row.reported.filter((percent) => left * 100n <= granted * BigInt(percent));
  }

  /** While no source uses up its share of what is left above the next level, that can't be reached. */
  #shareOut(left: bigint, granted: bigint, sources: readonly WatchedSource[]): void {
    const percent = this.#waiting()[0];
    this.#nextProgress.clear();
    for (const { number, chargeOf, progressOf } of sources) {
      if (percent === undefined || granted === 0n) {
        this.#nextProgress.set(number, undefined);
        continue;
      }
      const above = left - (granted * BigInt(percent)) / 100n;
      const progress = progressOf();
      if (above <= 0n) this.#nextProgress.set(number, ALWAYS);
      else {
        const share = dividedUp(above, BigInt(sources.length));
        this.#nextProgress.set(number, thresholdQuantity(chargeOf, chargeOf(progress) + share, progress));
      }
    }
  }

  /** Lets credits pay what the sources have come to since they were paid last. */
  #pay(ledger: CreditLedger, sources: readonly WatchedSource[], isKept: boolean): void {
    const atMs = ledger.state.timeMs;
    for (const { row, product, meter, chargeOf, progressOf } of sources) {
      // More given back than used: nothing for credits to pay.
      const charged = chargeOf(progressOf());
      const charge = charged > 0n ? charged : 0n;
      const unpaid = charge - (row.paid.get(this.#unit) ?? 0n);
      const source = { product, meter: meter.key };
      if (unpaid > 0n) ledger.burn(source, unpaid, atMs);
      else if (unpaid < 0n) ledger.restore(source, -unpaid, atMs);
      if (isKept && unpaid !== 0n) row.paid.set(this.#unit, charge);
    }
    // The projection has no books: its entries are of no use.
    ledger.takeEntries();
  }

  #bookChange(ledger: CreditLedger, atMs: number): void {
    const { grants } = ledger.state;
    for (const { terms } of this.#grants)
      if (!grants.some((grant) => grant.terms.id === terms.id)) ledger.addGrant(terms, atMs);
    ledger.advance(atMs);
    for (const { terms, voidedMs } of this.#grants)
      if (voidedMs !== undefined && voidedMs <= atMs) ledger.voidGrant(terms.id, atMs);
    if (this.#periodEndMs(atMs - 1) === atMs) ledger.endPeriod(atMs);
    ledger.takeEntries();
  }

  /** When the grants change next; −Infinity where there are some that the ledger does not know yet. */
  #nextChangeMs(): number {
    const { grants, timeMs } = this.#row.ledger;
    let firstMs = nextDue(grants, timeMs)?.timeMs ?? Infinity;
    for (const { terms, voidedMs } of this.#grants) {
      const known = grants.find((grant) => grant.terms.id === terms.id);
      if (known === undefined) return Number.NEGATIVE_INFINITY;
      const isOver = known.phase === "expired" || known.phase === "voided";
      if (voidedMs !== undefined && !isOver) firstMs = Math.min(firstMs, Math.max(voidedMs, timeMs));
    }
    return Math.min(firstMs, this.#periodEndMs(timeMs));
  }

  /** End of the billing period of a time, where a grant rolls over at it; else Infinity. */
  #periodEndMs(timeMs: number): number {
    const { startMs, endMs } = this.#contract;
    if (!this.#grants.some(({ terms }) => terms.rollover?.at === "period_end")) return Infinity;
    return timeMs >= startMs && timeMs < endMs ? this.#contract.periodAt(timeMs).endMs : Infinity;
  }
}
