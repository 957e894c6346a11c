import { Packr } from "msgpackr";
import type { InvoicedCharge } from "../../billing/invoices/invoice-lines.ts";
import type { PeriodChargeKind } from "../../billing/invoices/period-charges.ts";
import type { RowCodec } from "../rate/keyed-rows.ts";

/** How far the billing of a contract has come. Times are milliseconds since 1970. */
export interface BilledContract {
  readonly contract: string;
  /** Time up to which its periods have been billed: the start of the next one, or the contract's end. */
  billedUpToMs: number;
  /** Start of the latest period with usage; −Infinity before any. */
  chargedMs: number;
  /** Whether what is due at the start of the contract has been billed. */
  started: boolean;
  /** Start of the first accounting month that has not been accounted for. */
  monthMs: number;
  /** Starts of billed periods that came to something else since, ascending. */
  latePeriods: number[];
  /** When those are billed by a document of their own, because no period is left that could take them; else undefined. */
  lateDueMs: number | undefined;
  /** Documents so far: their ids are numbered by it. */
  documents: number;
  /** Starts of periods with fees that were invoiced in advance and are not all earned yet, ascending. */
  deferring: number[];
}

/** A charge that is earned over its service period. Minor units. */
export interface Deferral {
  /** Invoiced, net of discounts. */
  readonly deferred: bigint;
  /** Released to revenue so far. */
  readonly released: bigint;
  /** The same in the functional currency, at the rates of the documents that invoiced it; undefined without one. */
  readonly functional?: { readonly deferred: bigint; readonly released: bigint };
}

/** What was invoiced of a billing period. */
export interface BilledPeriod {
  readonly contract: string;
  readonly startMs: number;
  endMs: number;
  /** By the key of the charge. */
  charges: ReadonlyMap<string, InvoicedCharge>;
  /** Charges that were invoiced in advance, by key. */
  deferrals: ReadonlyMap<string, Deferral>;
  /** Id of the document that billed it first, undefined where none has; and its number, once it has one. */
  document: string | undefined;
  number: string | undefined;
}

const packr = new Packr({ useRecords: false });

type ContractRow = [
  contract: string,
  billedUpToMs: number,
  chargedMs: number,
  started: boolean,
  monthMs: number,
  latePeriods: number[],
  lateDueMs: number | null,
  documents: number,
  deferring: number[],
];

export const billedContractCodec: RowCodec<BilledContract> = {
  keyOf: ({ contract }) => contract,
  encode({
    contract,
    billedUpToMs,
    chargedMs,
    started,
    monthMs,
    latePeriods,
    lateDueMs,
    documents,
    deferring,
  }) {
    const row: ContractRow = [
      contract,
      billedUpToMs,
      chargedMs,
      started,
      monthMs,
      latePeriods,
      lateDueMs ?? null,
      documents,
      deferring,
    ];
    return packr.pack(row);
  },
  decode(value) {
    const row: ContractRow = packr.unpack(value);
    const [
      contract,
      billedUpToMs,
      chargedMs,
      started,
      monthMs,
      latePeriods,
      lateDueMs,
      documents,
      deferring,
    ] = row;
    return {
      contract,
      billedUpToMs,
      chargedMs,
      started,
      monthMs,
      latePeriods,
      lateDueMs: lateDueMs ?? undefined,
      documents,
      deferring,
    };
  },
};

export function billedPeriodKey(contract: string, startMs: number): string {
  return `${contract}\u0000${startMs}`;
}

type ChargeRow = [
  key: string,
  amount: string,
  quantity: string | null,
  kind: PeriodChargeKind,
  product: string,
  meter: string | null,
  price: string | null,
  inAdvance: boolean,
  document: string | null,
  number: string | null,
];

type DeferralRow = [
  key: string,
  deferred: string,
  released: string,
  functionalDeferred?: string,
  functionalReleased?: string,
];

type PeriodRow = [
  contract: string,
  startMs: number,
  endMs: number,
  charges: ChargeRow[],
  deferrals: DeferralRow[],
  document: string | null,
  number: string | null,
];

export const billedPeriodCodec: RowCodec<BilledPeriod> = {
  keyOf: ({ contract, startMs }) => billedPeriodKey(contract, startMs),
  encode(period) {
    const row: PeriodRow = [
      period.contract,
      period.startMs,
      period.endMs,
      [...period.charges].map(([key, charge]) => [
        key,
        charge.amount.toString(),
        charge.quantity ?? null,
        charge.kind,
        charge.product,
        charge.meter ?? null,
        charge.price ?? null,
        charge.inAdvance,
        charge.document ?? null,
        charge.number ?? null,
      ]),
      [...period.deferrals].map(([key, { deferred, released, functional }]): DeferralRow => {
        const cells: DeferralRow = [key, deferred.toString(), released.toString()];
        if (functional !== undefined)
          cells.push(functional.deferred.toString(), functional.released.toString());
        return cells;
      }),
      period.document ?? null,
      period.number ?? null,
    ];
    return packr.pack(row);
  },
  decode(value) {
    const row: PeriodRow = packr.unpack(value);
    const [contract, startMs, endMs, charges, deferrals, firstDocument, firstNumber] = row;
    return {
      contract,
      startMs,
      endMs,
      charges: new Map(
        charges.map(([key, amount, quantity, kind, product, meter, price, inAdvance, document, number]) => [
          key,
          {
            amount: BigInt(amount),
            quantity: quantity ?? undefined,
            kind,
            product,
            meter: meter ?? undefined,
            price: price ?? undefined,
            inAdvance,
            document: document ?? undefined,
            number: number ?? undefined,
          },
        ]),
      ),
      deferrals: new Map(
        deferrals.map(([key, deferred, released, functionalDeferred, functionalReleased]) => [
          key,
          {
            deferred: BigInt(deferred),
            released: BigInt(released),
            ...(functionalDeferred === undefined
              ? {}
              : {
                  functional: {
                    deferred: BigInt(functionalDeferred),
                    released: BigInt(functionalReleased ?? "0"),
                  },
                }),
          },
        ]),
      ),
      document: firstDocument ?? undefined,
      number: firstNumber ?? undefined,
    };
  },
};

/** What names a document as the first of a period or charge does so no more. */
export function forgetDocument(period: BilledPeriod, document: string): void {
  period.charges = new Map(
    [...period.charges].map(([key, charge]) => [
      key,
      charge.document === document ? { ...charge, document: undefined, number: undefined } : charge,
    ]),
  );
  if (period.document !== document) return;
  period.document = undefined;
  period.number = undefined;
}

/** A period of which nothing was invoiced. */
export function newPeriod(contract: string, startMs: number): BilledPeriod {
  return {
    contract,
    startMs,
    endMs: startMs,
    charges: new Map(),
    deferrals: new Map(),
    document: undefined,
    number: undefined,
  };
}
