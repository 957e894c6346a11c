import { Exact } from "../rating/exact.ts";
import type { BillingPeriod, CompiledProduct } from "../catalog/compiled.ts";
import { type PeriodCharge, type PeriodChargeKind, TRUE_UP_PREFIX } from "./period-charges.ts";

/** What was invoiced of a charge so far. */
export interface InvoicedCharge {
  readonly amount: bigint;
  /** Decimal in the meter's unit; undefined where nothing is counted. */
  readonly quantity: string | undefined;
  readonly kind: PeriodChargeKind;
  readonly product: string;
  readonly meter: string | undefined;
  readonly price: string | undefined;
  /** Due when its period begins. */
  readonly inAdvance: boolean;
  /** The document that first billed it, and its number once it has one; undefined: none has. */
  readonly document: string | undefined;
  readonly number: string | undefined;
}

/** What was invoiced of a billing period so far. */
export interface InvoicedPeriod {
  readonly period: BillingPeriod;
  readonly charges: ReadonlyMap<string, InvoicedCharge>;
  /** The document that first billed it; undefined: none has. */
  readonly document: string | undefined;
}

/** A line of an invoice or credit memo. Amounts are minor units; negative ones give back. */
export interface InvoiceLine {
  /** Key of the charge within its period. */
  readonly charge: string;
  readonly kind: PeriodChargeKind;
  readonly product: string;
  readonly meter: string | undefined;
  readonly price: string | undefined;
  readonly description: string;
  /** Decimal; of a correction the difference. Undefined where nothing is counted. */
  readonly quantity: string | undefined;
  readonly amount: bigint;
  /** Service period: of a correction the one that it corrects. */
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** Document that billed the period before; undefined where this line is the first of it. */
  readonly adjusts: string | undefined;
  readonly inAdvance: boolean;
}

const KIND_TEXT: Readonly<Record<PeriodChargeKind, string>> = {
  usage: "",
  prepaid: ", paid with prepaid units",
  minimum: ", minimum",
  fee: ", recurring fee",
  overage: ", usage beyond the commitment",
  "true-up": "",
  credit: "",
};

/**
 * The lines that bring what was invoiced of a period to its charges: their difference, charge by charge. Nothing for
 * charges that are as they were invoiced; a charge that is no more is taken back.
 * Of a period that is billed for the first time, usage that costs nothing is shown too.
 */
export function linesToInvoice(
  period: BillingPeriod,
  charges: readonly PeriodCharge[],
  invoiced: InvoicedPeriod | undefined,
  productOf: (key: string) => CompiledProduct | undefined,
): readonly InvoiceLine[] {
  const lines: InvoiceLine[] = [];
  const bounds = { periodStartMs: period.startMs, periodEndMs: period.endMs };
  const known = new Set<string>();
  for (const charge of charges) {
    known.add(charge.key);
    const before = invoiced?.charges.get(charge.key);
    const amount = charge.amount - (before?.amount ?? 0n);
    const quantity = difference(charge.quantity, before?.quantity);
    const isShown = invoiced?.document === undefined && charge.kind === "usage";
    // What is due in advance does not make the period one that was billed.
    const adjusts = before?.document ?? (charge.inAdvance ? undefined : invoiced?.document);
    if (amount === 0n && !isShown && (quantity === undefined || quantity === "0")) continue;
    lines.push({
      charge: charge.key,
      kind: charge.kind,
      product: charge.product,
      meter: charge.price?.meter,
      price: charge.price?.id,
      description: describe(charge, productOf(charge.product)?.name, adjusts !== undefined),
      quantity,
      amount,
      ...bounds,
      adjusts,
      inAdvance: charge.inAdvance,
    });
  }
  for (const [key, before] of invoiced?.charges ?? []) {
    if (known.has(key) || before.amount === 0n) continue;
    lines.push({
      charge: key,
      kind: before.kind,
      product: before.product,
      meter: before.meter,
      price: before.price,
      description: describe({ ...before, key }, productOf(before.product)?.name, true),
      quantity: before.quantity === undefined ? undefined : difference("0", before.quantity),
      amount: -before.amount,
      ...bounds,
      adjusts: before.document ?? invoiced?.document,
      inAdvance: before.inAdvance,
    });
  }
  return lines;
}

/** What a period has been invoiced with a document's lines. */
export function withLines(
  before: InvoicedPeriod | undefined,
  period: BillingPeriod,
  lines: readonly InvoiceLine[],
  document: string | undefined,
): InvoicedPeriod {
  const charges = new Map(before?.charges);
  for (const line of lines) {
    const { charge, kind, product, meter, price, inAdvance } = line;
    const known = charges.get(charge);
    const amount = (known?.amount ?? 0n) + line.amount;
    const quantity =
      line.quantity === undefined ? known?.quantity : sum(line.quantity, known?.quantity ?? "0");
    const first = { document: known?.document ?? document, number: known?.number };
    charges.set(charge, { amount, quantity, kind, product, meter, price, inAdvance, ...first });
  }
  return { period, charges, document: before?.document ?? document };
}

function describe(
  { key, kind, product }: Pick<PeriodCharge, "key" | "kind" | "product">,
  productName: string | undefined,
  isCorrection: boolean,
): string {
  const name =
    kind === "true-up"
      ? `Commitment ${key.slice(TRUE_UP_PREFIX.length)}, remainder`
      : `${productName ?? product}${KIND_TEXT[kind]}`;
  return isCorrection ? `${name}, correction` : name;
}

function difference(now: string | undefined, before: string | undefined): string | undefined {
  if (now === undefined) return undefined;
  return before === undefined ? now : new Exact(now).minus(before).toString();
}

function sum(a: string, b: string): string {
  return new Exact(a).plus(b).toString();
}
