import { applyCommitment, type CommittedLine } from "../commitments/apply-commitment.ts";
import { coveredDays, shareOf } from "../commitments/proration.ts";
import type {
  BillingPeriod,
  CompiledContract,
  CompiledPrice,
  ContractCommitment,
  PeriodFigures,
} from "../catalog/compiled.ts";
import { type Ratio, rounded, times } from "../ratio.ts";
import { type PeriodWindows, windowCommitmentsOf, windowedExtra } from "./window-charges.ts";

/**
 * Kinds of charges of a billing period.
 * - `usage`: what a price charges for the usage, at its normal rates.
 * - `prepaid`: what usage costs less because units of it were paid in advance.
 * - `minimum`: what a price charges although there was no usage.
 * - `fee`: a recurring fee, for the days that are covered.
 * - `overage`: what usage beyond a commitment costs more (or, with a factor below 1, less) than at the normal rates.
 * - `true-up`: what is missing to a commitment.
 * - `credit`: given back by a credit note: on documents alone, a period has no such charge.
 */
export type PeriodChargeKind = "usage" | "prepaid" | "minimum" | "fee" | "overage" | "true-up" | "credit";

/** What keys of true-ups begin with; the commitment's follows. */
export const TRUE_UP_PREFIX = "true-up/";

/** One charge of a contract's billing period. What it has come to is compared with what was invoiced of it before. */
export interface PeriodCharge {
  /** Names the charge within its contract and period, whenever it is calculated. */
  readonly key: string;
  readonly kind: PeriodChargeKind;
  /** Undefined for a true-up of a period, which may be of several prices. */
  readonly price: CompiledPrice | undefined;
  /** Key of the product; "" for a true-up of several. */
  readonly product: string;
  /** Usage in the unit of its meter; undefined where nothing is counted. */
  readonly quantity: string | undefined;
  /** Minor units, rounded once. */
  readonly amount: bigint;
  /** Due when its period begins. */
  readonly inAdvance: boolean;
}

/** What a price's usage has come to in a period. */
export interface PeriodUsage {
  /** An integer; divided by `divisor` it is in the meter's unit. */
  readonly quantity: bigint;
  readonly divisor: bigint;
  /** The quantity for people, in the meter's unit. */
  readonly text: string;
  readonly figures: Omit<PeriodFigures, "periodEnded">;
  /** Units that are not charged because they were paid in advance: an integer like the quantity, and for people. */
  readonly prepaid: { readonly units: bigint; readonly text: string } | undefined;
  /** Prices of a period are in the order of their first use by it. */
  readonly order: number;
}

/** Key of what a price charges for usage. */
export function usageChargeKey(price: Pick<CompiledPrice, "key">): string {
  return `usage/${price.key}`;
}

/** Key of what prepaid units take off it. */
export function prepaidChargeKey(price: Pick<CompiledPrice, "key">): string {
  return `prepaid/${price.key}`;
}

/** Figures of a period without usage. */
export const NO_USAGE: PeriodUsage["figures"] = { events: 0, windowCharges: "0" };

/**
 * All charges of a contract's billing period once it has ended. The same usage gives the same charges, so the difference
 * to what was invoiced before is what a correction has to bill: there is no other rule for late usage.
 * @param period clipped to the contract
 * @param usageOf undefined where a price has had no usage
 * @param divisorOf what quantities of a price's meter are divided by
 * @param windowsOf asked for prices whose windows are committed one by one
 */
export function periodCharges(
  contract: CompiledContract,
  period: BillingPeriod,
  usageOf: (price: CompiledPrice) => PeriodUsage | undefined,
  divisorOf: (price: CompiledPrice) => bigint,
  windowsOf: (price: CompiledPrice) => PeriodWindows,
): readonly PeriodCharge[] {
  const charges: PeriodCharge[] = [...feeCharges(contract, period)];
  const commits = contract.commitments.some((commitment) => commitment.per === "period");
  const lines: CommittedLine[] = commits ? committedFees(contract, period) : [];
  const used = contract.usagePrices.map((price) => ({ price, usage: usageOf(price) })).sort(byFirstUse);
  for (const { price, usage } of used) {
    const quantity = usage?.quantity ?? 0n;
    const divisor = usage?.divisor ?? divisorOf(price);
    const figures = { ...(usage?.figures ?? NO_USAGE), periodEnded: true };
    const exactOf = (units: bigint): Ratio =>
      price.exactMinorUnits(units, divisor, contract.currencyExponent, figures);
    let exact = exactOf(quantity);
    const amount = rounded(exact, contract.rounding);
    if (usage !== undefined)
      charges.push(charge(usageChargeKey(price), "usage", { price, quantity: usage.text, amount }));
    if (usage?.prepaid !== undefined) {
      // The last units are those that were prepaid: what is left costs what so much usage costs.
      const { units, text } = usage.prepaid;
      exact = exactOf(quantity - units);
      const less = rounded(exact, contract.rounding) - amount;
      charges.push(charge(prepaidChargeKey(price), "prepaid", { price, quantity: text, amount: less }));
    }
    if (usage === undefined && amount !== 0n)
      charges.push(charge(`minimum/${price.key}`, "minimum", { price, amount }));
    if (commits) lines.push({ price: price.key, kind: "usage", amount: exact });
    const windowed = windowCommitmentsOf(contract, price);
    if (windowed.length > 0)
      charges.push(...windowedCharges(contract, price, windowed, period, windowsOf(price), amount));
  }
  const prices = pricesByKey(contract);
  for (const commitment of contract.commitments)
    if (commitment.per === "period")
      charges.push(...commitmentCharges(contract, commitment, period, lines, prices, true));
  return charges;
}

/** The recurring fees of a period as commitments count them. */
export function committedFees(contract: CompiledContract, period: BillingPeriod): CommittedLine[] {
  return contract.flatPrices.map((price) => ({
    price: price.key,
    kind: "recurring",
    amount: feeAmount(contract, price, period),
  }));
}

export function pricesByKey({
  flatPrices,
  usagePrices,
}: CompiledContract): ReadonlyMap<string, CompiledPrice> {
  return new Map([...flatPrices, ...usagePrices].map((price) => [price.key, price]));
}

interface UsedPrice {
  readonly price: CompiledPrice;
  readonly usage: { readonly order: number } | undefined;
}

/** Prices in the order of their first use in a period; those without any behind them. */
export function byFirstUse(a: UsedPrice, b: UsedPrice): number {
  return (a.usage?.order ?? Infinity) - (b.usage?.order ?? Infinity) || byId(a.price, b.price);
}

/** Recurring fees of a period. */
export function feeCharges(contract: CompiledContract, period: BillingPeriod): readonly PeriodCharge[] {
  return contract.flatPrices.map((price) => feeCharge(contract, price, period));
}

/** Recurring fees of a period that are due when it begins. */
export function advanceCharges(contract: CompiledContract, period: BillingPeriod): readonly PeriodCharge[] {
  return feeCharges(contract, period).filter(({ inAdvance }) => inAdvance);
}

function feeCharge(contract: CompiledContract, price: CompiledPrice, period: BillingPeriod): PeriodCharge {
  const amount = rounded(feeAmount(contract, price, period), contract.rounding);
  return {
    ...charge(`fee/${price.key}`, "fee", { price, amount }),
    inAdvance: price.billed === "in_advance",
  };
}

/** Exact, in minor units: the days' share of the fee where the period is covered in part. */
function feeAmount(contract: CompiledContract, price: CompiledPrice, period: BillingPeriod): Ratio {
  const whole = price.exactMinorUnits(0n, 1n, contract.currencyExponent);
  if (!price.prorated) return whole;
  const days = coveredDays(contract.timeZone, period, contract.fullPeriodAt(period.startMs));
  return days.covered === days.full ? whole : times(whole, shareOf(days));
}

/**
 * What a commitment adds to the charges at normal rates: they stay as they are rated, each difference is a charge.
 * @param isFinal the period has ended: before that nothing is missing yet
 */
export function commitmentCharges(
  contract: CompiledContract,
  commitment: ContractCommitment,
  period: BillingPeriod,
  lines: readonly CommittedLine[],
  prices: ReadonlyMap<string, CompiledPrice>,
  isFinal: boolean,
): PeriodCharge[] {
  const committed = contract.committedAmount(commitment, period);
  const outcome = applyCommitment(commitment, committed, lines, isFinal);
  const charges: PeriodCharge[] = [];
  for (const [index, line] of outcome.lines.entries()) {
    const normal = lines[index];
    if (normal === undefined) continue;
    const amount = line.charge - rounded(normal.amount, contract.rounding);
    if (amount === 0n) continue;
    const price = prices.get(line.price);
    charges.push(
      charge(`overage/${commitment.key}/${line.price}`, "overage", {
        price,
        amount,
      }),
    );
  }
  if (outcome.trueUp !== 0n)
    charges.push(
      charge(`${TRUE_UP_PREFIX}${commitment.key}`, "true-up", {
        product: onlyProduct(commitment, lines, prices),
        amount: outcome.trueUp,
      }),
    );
  return charges;
}

/** What commitments per window add to a price's charge at normal rates. */
function windowedCharges(
  contract: CompiledContract,
  price: CompiledPrice,
  commitments: readonly ContractCommitment[],
  period: BillingPeriod,
  windows: PeriodWindows,
  normal: bigint,
): PeriodCharge[] {
  const { overage, trueUp } = windowedExtra(contract, price, commitments, period, windows, normal);
  const keys = commitments.map(({ key }) => key).join(", ");
  const charges: PeriodCharge[] = [];
  if (overage !== 0n)
    charges.push(charge(`overage/${keys}/${price.key}`, "overage", { price, amount: overage }));
  if (trueUp !== 0n) charges.push(charge(`${TRUE_UP_PREFIX}${keys}`, "true-up", { price, amount: trueUp }));
  return charges;
}

/** The product of all prices that count towards a commitment; "" where there are several. */
function onlyProduct(
  commitment: ContractCommitment,
  lines: readonly CommittedLine[],
  prices: ReadonlyMap<string, CompiledPrice>,
): string {
  const products = new Set<string>();
  for (const { price, kind } of lines)
    if (commitment.countsFor(price, kind)) products.add(prices.get(price)?.product ?? "");
  const [first = "", ...others] = products;
  return others.length === 0 ? first : "";
}

function charge(
  key: string,
  kind: PeriodChargeKind,
  parts: {
    readonly price?: CompiledPrice | undefined;
    readonly product?: string;
    readonly quantity?: string;
    readonly amount: bigint;
  },
): PeriodCharge {
  const { price, quantity, amount } = parts;
  const product = parts.product ?? price?.product ?? "";
  return { key, kind, price, product, quantity, amount, inAdvance: false };
}

function byId(a: CompiledPrice, b: CompiledPrice): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
