import { powerOfTen } from "../../model/decimal.ts";
import { type PricedLine } from "../rating/adjustments/priced-line.ts";
import { type ChargeFigures, WHOLE_PERIOD } from "../rating/charge-input.ts";
import { Exact, exactOf } from "../rating/exact.ts";
import { type MoneyRounding, roundMinorUnits, toMinorUnits } from "../rating/money.ts";
import { compilePrice, type Price } from "../rating/price-models.ts";
import { type Ratio, ratioOfCharge } from "../ratio.ts";
import { planId } from "./checks.ts";
import type { CompiledPrice, PeriodFigures, PricedBreakdown } from "./compiled.ts";
import type { Plan } from "./entities.ts";

/** A price of a plan, as the operators charge with it. */
export class RatedPrice implements CompiledPrice {
  readonly id: string;
  readonly key: string;
  readonly product: string;
  readonly meter: string | undefined;
  readonly ratedPer: "period" | "window" | "event";
  readonly billed: CompiledPrice["billed"];
  readonly prorated: boolean;
  readonly #line: PricedLine;
  readonly #rounding: MoneyRounding;

  constructor(plan: Plan, price: Price) {
    this.id = `${planId(plan)}/${price.key}`;
    this.key = price.key;
    this.product = price.product;
    this.meter = "meter" in price ? price.meter : undefined;
    this.#line = compilePrice(price);
    this.ratedPer = this.#line.model.eventCharge === undefined ? this.#line.ratedPer : "event";
    this.#rounding = plan.rounding;
    this.billed = price.model === "flat" ? price.billed : undefined;
    this.prorated = price.model === "flat" && price.prorate !== "none";
  }

  get risesWithQuantity(): boolean {
    return this.ratedPer === "period" && this.#line.model.risesWithQuantity === true;
  }

  /** What a committed quantity is worth: the charge of a period, or of a window where those are priced one by one. */
  exactCharge(units: Exact, per: Exact): { readonly total: Exact; readonly per: Exact } {
    if (this.ratedPer !== "window") return this.#line.charge(units, per);
    const { charge, per: windowPer } = this.#line.usage(units, per);
    return { total: charge, per: windowPer };
  }

  charge(quantity: bigint, scale: number, figures?: PeriodFigures): string {
    const { total, per } = this.#charge(quantity, 10n ** BigInt(scale), figures);
    return total.div(per).toString();
  }

  chargeInMinorUnits(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): bigint {
    const integer = this.#line.integerCharge;
    if (integer !== undefined)
      return roundMinorUnits(
        integer.charge(quantity, divisor) * powerOfTen(exponent),
        divisor * integer.unit,
        this.#rounding,
      );
    const { total, per } = this.#charge(quantity, divisor, figures);
    return toMinorUnits(total, per, exponent, this.#rounding);
  }

  exactMinorUnits(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): Ratio {
    return ratioOfCharge(this.#charge(quantity, divisor, figures), exponent);
  }

  breakdown(quantity: bigint, divisor: bigint, exponent: number, figures?: PeriodFigures): PricedBreakdown {
    const line = this.#charge(quantity, divisor, figures);
    const rounded = (amount: Exact): bigint => toMinorUnits(amount, line.per, exponent, this.#rounding);
    const usage = rounded(line.usage);
    const discounted = rounded(line.discounted);
    const capped = rounded(line.capped);
    const amount = rounded(line.total);
    return {
      usage,
      discount: usage - discounted,
      overMaximum: discounted - capped,
      upToMinimum: amount - capped,
      amount,
    };
  }

  tierCharges(quantity: bigint, divisor: bigint): readonly string[] | undefined {
    const billed = this.#line.billedQuantity(exactOf(quantity), exactOf(divisor));
    const charges = this.#line.model.tierCharges?.(billed.units, billed.per);
    return charges?.map((charge) => charge.div(billed.per).toString());
  }

  billedQuantity(quantity: bigint, divisor: bigint): string {
    const { units, per } = this.#line.billedQuantity(exactOf(quantity), exactOf(divisor));
    const billed = this.#line.model.billedUnits?.(units, per) ?? units;
    return billed.div(per).toString();
  }

  partOf(group: Readonly<Record<string, string>>): string | undefined {
    return this.#line.model.partOf?.(group);
  }

  windowCharge(value: bigint, divisor: bigint): string {
    return this.#line.usage(exactOf(value), exactOf(divisor)).charge.toString();
  }

  windowMinorUnits(windowCharges: string, divisor: bigint, exponent: number): Ratio {
    const { per } = this.#line.billedQuantity(new Exact(0), exactOf(divisor));
    return ratioOfCharge({ total: new Exact(windowCharges), per }, exponent);
  }

  adjusted(usage: Ratio, exponent: number): Ratio {
    const per = exactOf(usage.denominator * 10n ** BigInt(exponent));
    return ratioOfCharge(this.#line.line(exactOf(usage.numerator), per, true), exponent);
  }

  eventCharge(value: bigint, divisor: bigint): string {
    const charge = this.#line.model.eventCharge?.(exactOf(value), exactOf(divisor));
    if (charge === undefined) throw new RangeError(`price ${this.id} does not charge events one by one`);
    return charge.toString();
  }

  #charge(quantity: bigint, divisor: bigint, figures: PeriodFigures | undefined) {
    const given = figures === undefined ? WHOLE_PERIOD : exactFigures(figures);
    const units = exactOf(quantity);
    const per = exactOf(divisor);
    if (this.ratedPer === "period" || figures?.windowCharges === undefined)
      return this.#line.charge(units, per, given);
    const windowPer = this.#line.billedQuantity(units, per).per;
    return this.#line.line(new Exact(figures.windowCharges), windowPer, figures.periodEnded);
  }
}

function exactFigures({ events, periodEnded, parts }: PeriodFigures): ChargeFigures {
  const counted = { events: BigInt(events), periodEnded };
  if (parts === undefined || parts.size === 0) return counted;
  const exactParts = new Map(
    [...parts].map(([part, quantity]): [string, Exact] => [part, exactOf(quantity)]),
  );
  return { ...counted, parts: exactParts };
}
