import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import { KeyedRows } from "../rate/keyed-rows.ts";
import {
  creditUnit,
  watchedCommitmentCodec,
  watchedCreditsCodec,
  watchedKey,
  watchedUsageCodec,
} from "./watch-rows.ts";

const NONE: readonly number[] = [];

/** The rows of the watch. */
export class WatchStore implements CheckpointParticipant {
  readonly usage = new KeyedRows("watched-usage", watchedUsageCodec);
  readonly commitments = new KeyedRows("watched-commitments", watchedCommitmentCodec);
  readonly credits = new KeyedRows("watched-credits", watchedCreditsCodec);
  readonly #usageOf = new Map<string, number[]>();

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.usage.restore(store);
    this.commitments.restore(store);
    this.credits.restore(store);
    let number = 0;
    for (const { contract } of this.usage.entries()) {
      this.#index(contract, number);
      number += 1;
    }
  }

  collectChanges(rows: StateRow[]): void {
    this.usage.collectChanges(rows);
    this.commitments.collectChanges(rows);
    this.credits.collectChanges(rows);
  }

  /** Rows of a contract's usage in the order of their first event. */
  usageOf(contract: string): readonly number[] {
    return this.#usageOf.get(contract) ?? NONE;
  }

  /** The row of a meter's usage, undefined where there is none yet. */
  numberOfUsage(
    contract: string,
    price: string | undefined,
    meter: string,
    periodStartMs: number,
  ): number | undefined {
    return this.usage.numberOf(watchedKey.usage(contract, price, meter, periodStartMs));
  }

  /** The row of a meter's usage; made where it is new. */
  usageIn(contract: string, price: string | undefined, meter: string, periodStartMs: number): number {
    const known = this.numberOfUsage(contract, price, meter, periodStartMs);
    if (known !== undefined) return known;
    const number = this.usage.add({
      contract,
      price,
      meter,
      periodStartMs,
      quantity: 0n,
      rated: 0n,
      settledCharge: undefined,
      paid: new Map(),
    });
    this.#index(contract, number);
    return number;
  }

  /** The row of a commitment in a period; made where it is new. */
  commitmentOf(contract: string, commitment: string, periodStartMs: number): number {
    return (
      this.commitments.numberOf(watchedKey.commitment(contract, commitment, periodStartMs)) ??
      this.commitments.add({ contract, commitment, periodStartMs, reported: [] })
    );
  }

  /** The row of a contract's credits; made, with an empty ledger that begins at a time, where it is new. */
  creditsOf(contract: string, meter: string | undefined, atMs: number): number {
    const unit = creditUnit(meter);
    const known = this.credits.numberOf(watchedKey.credits(contract, unit));
    if (known !== undefined) return known;
    const ledger = CreditLedger.open(`${contract}/${unit}`, atMs, "charge").state;
    return this.credits.add({ contract, unit, ledger, reported: [] });
  }

  #index(contract: string, number: number): void {
    const numbers = this.#usageOf.get(contract);
    if (numbers === undefined) this.#usageOf.set(contract, [number]);
    else numbers.push(number);
  }
}
