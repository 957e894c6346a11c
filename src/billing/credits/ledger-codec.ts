import { Packr } from "msgpackr";
import type { RecurrenceUnit } from "../recurrence.ts";
import type { CreditSource, GrantTerms, Rollover } from "./grant-terms.ts";
import type { LedgerEntry, LedgerEntryKind } from "./ledger-entries.ts";
import type { CreditLedgerState, GrantPhase, GrantState } from "./ledger-state.ts";

/**
 * Rows of the partition's store: one for the state of each ledger (written again with every change), one for each entry
 * (written once). The same state gives the same bytes. bigints are written as text: credits have no upper limit.
 */

const packr = new Packr({ useRecords: false });

type TermsRow = [
  id: string,
  amount: string,
  openingAmount: string | null,
  priority: number | null,
  createdMs: number,
  effectiveMs: number,
  expiresMs: number | null,
  products: readonly string[],
  meters: readonly string[],
  recurrence: [RecurrenceUnit, number, number, string] | null,
  rollover: [Rollover["at"], string, string, number] | null,
];

type GrantRow = [
  terms: TermsRow,
  phase: GrantPhase,
  balance: string,
  expiresMs: number | null,
  nextRecurrenceMs: number | null,
  isExtended: boolean,
  burns: [product: string, meter: string, current: string, earlier: string][],
];

type LedgerRow = [
  id: string,
  shortfall: CreditLedgerState["shortfall"],
  timeMs: number,
  ordinal: number,
  grants: GrantRow[],
  overages: [product: string, meter: string, amount: string][],
];

type EntryRow = [
  id: string,
  ordinal: number,
  kind: LedgerEntryKind,
  timeMs: number,
  grant: string,
  amount: string,
  source: [product: string, meter: string] | null,
];

/** How the state of a ledger is stored; looked up by its id. */
export const creditLedgerCodec = {
  keyOf: (state: Readonly<CreditLedgerState>): string => state.id,
  encode(state: Readonly<CreditLedgerState>): Uint8Array {
    const row: LedgerRow = [
      state.id,
      state.shortfall,
      state.timeMs,
      state.ordinal,
      state.grants.map(grantRow),
      state.overages.map(({ product, meter, amount }) => [product, meter, amount.toString()]),
    ];
    return packr.pack(row);
  },
  decode(value: Uint8Array): CreditLedgerState {
    const row: LedgerRow = packr.unpack(value);
    const [id, shortfall, timeMs, ordinal, grants, overages] = row;
    return {
      id,
      shortfall,
      timeMs,
      ordinal,
      grants: grants.map(grantOfRow),
      overages: overages.map(([product, meter, amount]) => ({ product, meter, amount: BigInt(amount) })),
    };
  },
};

/** How an entry is stored; looked up by its id. */
export const ledgerEntryCodec = {
  keyOf: (entry: LedgerEntry): string => entry.id,
  encode({ id, ordinal, kind, timeMs, grant, amount, source }: LedgerEntry): Uint8Array {
    const row: EntryRow = [id, ordinal, kind, timeMs, grant, amount.toString(), sourceRow(source)];
    return packr.pack(row);
  },
  decode(value: Uint8Array): LedgerEntry {
    const row: EntryRow = packr.unpack(value);
    const [id, ordinal, kind, timeMs, grant, amount, source] = row;
    return {
      id,
      ordinal,
      kind,
      timeMs,
      grant,
      amount: BigInt(amount),
      source: source === null ? undefined : { product: source[0], meter: source[1] },
    };
  },
};

function sourceRow(source: CreditSource | undefined): [string, string] | null {
  return source === undefined ? null : [source.product, source.meter];
}

function grantRow(grant: GrantState): GrantRow {
  return [
    termsRow(grant.terms),
    grant.phase,
    grant.balance.toString(),
    grant.expiresMs ?? null,
    grant.nextRecurrenceMs ?? null,
    grant.isExtended,
    grant.burns.map(({ product, meter, current, earlier }) => [
      product,
      meter,
      current.toString(),
      earlier.toString(),
    ]),
  ];
}

function grantOfRow(row: GrantRow): GrantState {
  const [terms, phase, balance, expiresMs, nextRecurrenceMs, isExtended, burns] = row;
  return {
    terms: termsOfRow(terms),
    phase,
    balance: BigInt(balance),
    expiresMs: expiresMs ?? undefined,
    nextRecurrenceMs: nextRecurrenceMs ?? undefined,
    isExtended,
    burns: burns.map(([product, meter, current, earlier]) => ({
      product,
      meter,
      current: BigInt(current),
      earlier: BigInt(earlier),
    })),
  };
}

function termsRow(terms: GrantTerms): TermsRow {
  const { recurrence, rollover } = terms;
  return [
    terms.id,
    terms.amount.toString(),
    terms.openingAmount?.toString() ?? null,
    terms.priority ?? null,
    terms.createdMs,
    terms.effectiveMs,
    terms.expiresMs ?? null,
    terms.products,
    terms.meters,
    recurrence === undefined
      ? null
      : [recurrence.unit, recurrence.count, recurrence.anchorMs, recurrence.timeZone],
    rollover === undefined
      ? null
      : [rollover.at, rollover.minimum.toString(), rollover.maximum.toString(), rollover.extensionMs],
  ];
}

function termsOfRow(row: TermsRow): GrantTerms {
  const [id, amount, opening, priority, createdMs, effectiveMs, expiresMs, products, meters, recurs, rolls] =
    row;
  return {
    id,
    amount: BigInt(amount),
    openingAmount: opening === null ? undefined : BigInt(opening),
    priority: priority ?? undefined,
    createdMs,
    effectiveMs,
    expiresMs: expiresMs ?? undefined,
    products,
    meters,
    recurrence:
      recurs === null
        ? undefined
        : { unit: recurs[0], count: recurs[1], anchorMs: recurs[2], timeZone: recurs[3] },
    rollover:
      rolls === null
        ? undefined
        : { at: rolls[0], minimum: BigInt(rolls[1]), maximum: BigInt(rolls[2]), extensionMs: rolls[3] },
  };
}
