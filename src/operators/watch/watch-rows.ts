import { Packr } from "msgpackr";
import { creditLedgerCodec } from "../../billing/credits/ledger-codec.ts";
import type { CreditLedgerState } from "../../billing/credits/ledger-state.ts";
import type { RowCodec } from "../rate/keyed-rows.ts";

/**
 * What the watch of commitments and credits keeps between checkpoints. Thresholds are no part of it: they follow from
 * these rows and the catalog.
 */

/** Usage of one meter under a contract in one billing period, with the hours that are still open. */
export interface WatchedUsage {
  readonly contract: string;
  /** Price that charges it; undefined where the contract has none for the meter. */
  readonly price: string | undefined;
  readonly meter: string;
  readonly periodStartMs: number;
  /** Of all series together: an integer at the meter's scale. */
  quantity: bigint;
  /** Charge in minor units where it does not follow from `quantity` as events come in: that of the last rating. */
  rated: bigint;
  /** Charge in minor units that stays: the contract has moved on to another price. */
  settledCharge: bigint | undefined;
  /** What the projected credits have paid of it so far, by unit (`creditUnit`). */
  readonly paid: Map<string, bigint>;
}

/** Which levels of a commitment have been reported in a billing period. */
export interface WatchedCommitment {
  readonly contract: string;
  readonly commitment: string;
  readonly periodStartMs: number;
  /** Percents, in the order of their reports. */
  readonly reported: number[];
}

/** Credits of a contract in one unit as they would be if all usage so far had been invoiced. */
export interface WatchedCredits {
  readonly contract: string;
  readonly unit: string;
  ledger: CreditLedgerState;
  /** Percents that have been reported since credits were added last. */
  reported: number[];
}

/** The unit of a grant: "" for the contract's currency, or the meter. */
export function creditUnit(meter: string | undefined): string {
  return meter ?? "";
}

export const watchedKey = {
  /** Ids of the catalog have no control characters, so no two entries have one key. */
  usage: (contract: string, price: string | undefined, meter: string, periodStartMs: number): string =>
    `${contract}\u0000${price ?? ""}\u0000${meter}\u0000${periodStartMs}`,
  commitment: (contract: string, commitment: string, periodStartMs: number): string =>
    `${contract}\u0000${commitment}\u0000${periodStartMs}`,
  credits: (contract: string, unit: string): string => `${contract}\u0000${unit}`,
};

const packr = new Packr({ useRecords: false });

type UsageRow = [
  contract: string,
  price: string | null,
  meter: string,
  periodStartMs: number,
  quantity: string,
  rated: string,
  settledCharge: string | null,
  paid: [unit: string, amount: string][],
];

export const watchedUsageCodec: RowCodec<WatchedUsage> = {
  keyOf: ({ contract, price, meter, periodStartMs }) =>
    watchedKey.usage(contract, price, meter, periodStartMs),
  encode(entry) {
    const row: UsageRow = [
      entry.contract,
      entry.price ?? null,
      entry.meter,
      entry.periodStartMs,
      entry.quantity.toString(),
      entry.rated.toString(),
      entry.settledCharge?.toString() ?? null,
      [...entry.paid].map(([unit, amount]) => [unit, amount.toString()]),
    ];
    return packr.pack(row);
  },
  decode(value) {
    const row: UsageRow = packr.unpack(value);
    const [contract, price, meter, periodStartMs, quantity, rated, settledCharge, paid] = row;
    return {
      contract,
      price: price ?? undefined,
      meter,
      periodStartMs,
      quantity: BigInt(quantity),
      rated: BigInt(rated),
      settledCharge: settledCharge === null ? undefined : BigInt(settledCharge),
      paid: new Map(paid.map(([unit, amount]) => [unit, BigInt(amount)])),
    };
  },
};

type CommitmentRow = [contract: string, commitment: string, periodStartMs: number, reported: number[]];

export const watchedCommitmentCodec: RowCodec<WatchedCommitment> = {
  keyOf: ({ contract, commitment, periodStartMs }) =>
    watchedKey.commitment(contract, commitment, periodStartMs),
  encode({ contract, commitment, periodStartMs, reported }) {
    const row: CommitmentRow = [contract, commitment, periodStartMs, reported];
    return packr.pack(row);
  },
  decode(value) {
    const row: CommitmentRow = packr.unpack(value);
    const [contract, commitment, periodStartMs, reported] = row;
    return { contract, commitment, periodStartMs, reported };
  },
};

type CreditsRow = [contract: string, unit: string, reported: number[], ledger: Uint8Array];

export const watchedCreditsCodec: RowCodec<WatchedCredits> = {
  keyOf: ({ contract, unit }) => watchedKey.credits(contract, unit),
  encode({ contract, unit, reported, ledger }) {
    const row: CreditsRow = [contract, unit, reported, creditLedgerCodec.encode(ledger)];
    return packr.pack(row);
  },
  decode(value) {
    const row: CreditsRow = packr.unpack(value);
    const [contract, unit, reported, ledger] = row;
    return { contract, unit, reported, ledger: creditLedgerCodec.decode(ledger) };
  },
};
