import type {
  BillingPeriod,
  CompiledCatalog,
  CompiledContract,
  CompiledPrice,
} from "../../billing/catalog/compiled.ts";
import { earnedCharges, type EarnedAmount, type EarnedUsage } from "../../billing/invoices/earned-charges.ts";
import { periodCharges, type PeriodCharge, type PeriodUsage } from "../../billing/invoices/period-charges.ts";
import type { PeriodWindows } from "../../billing/invoices/window-charges.ts";
import { formatQuantity, quantityDivisor } from "../../billing/rating/quantity.ts";
import type { UnitPayer } from "./prepaid-units.ts";
import type { Rater } from "../rate/rate-operator.ts";

/** Charges of billing periods, from what the rater has counted. */
export class InvoiceCharges {
  readonly #rater: Rater;
  readonly #catalog: CompiledCatalog;

  constructor(rater: Rater, catalog: CompiledCatalog) {
    this.#rater = rater;
    this.#catalog = catalog;
  }

  /**
   * All charges of a period that has ended, as it stands now; none of one that the contract does not cover any more.
   * @param payer of prepaid units, where the contract has some: it is told of all usage, and none where nothing is left
   */
  of(
    contract: CompiledContract,
    period: BillingPeriod,
    payer: UnitPayer | undefined,
  ): readonly PeriodCharge[] {
    if (period.endMs <= period.startMs) {
      for (const price of contract.usagePrices)
        payer?.unitsPaid(price, period.startMs, 0n, this.#scaleOf(price));
      return [];
    }
    return periodCharges(
      contract,
      period,
      (price) => this.#usageOf(contract, price, period, payer),
      (price) => this.#divisorOf(price),
      (price) => this.#windowsOf(contract, price, period),
    );
  }

  /**
   * What is earned by a time of a period that goes on behind it, without what is due in advance.
   * @param timeMs start of an accounting month
   * @param payer of prepaid units, as they are at that time
   */
  earnedBy(
    contract: CompiledContract,
    period: BillingPeriod,
    timeMs: number,
    payer: UnitPayer | undefined,
  ): readonly EarnedAmount[] {
    return earnedCharges(
      contract,
      period,
      timeMs,
      (price) => this.#earnedUsageOf(contract, price, period, timeMs, payer),
      (price) => this.#windowsOf(contract, price, period),
    );
  }

  #earnedUsageOf(
    contract: CompiledContract,
    price: CompiledPrice,
    period: BillingPeriod,
    timeMs: number,
    payer: UnitPayer | undefined,
  ): EarnedUsage | undefined {
    const found = this.#rater.pricePeriod(contract.id, price, period.startMs);
    if (found === undefined) return undefined;
    const { monthStartMs, billedBeforeMonth, quantityBeforeMonth, billed, quantity } = found.state;
    const isBefore = monthStartMs !== undefined && monthStartMs >= timeMs;
    const earned = isBefore ? quantityBeforeMonth : quantity;
    return {
      amount: isBefore ? billedBeforeMonth : billed,
      quantity: earned,
      divisor: this.#divisorOf(price),
      prepaidUnits: payer?.unitsPaid(price, period.startMs, earned, this.#scaleOf(price)) ?? 0n,
      order: found.number,
    };
  }

  #usageOf(
    contract: CompiledContract,
    price: CompiledPrice,
    period: BillingPeriod,
    payer: UnitPayer | undefined,
  ): PeriodUsage | undefined {
    const found = this.#rater.pricePeriod(contract.id, price, period.startMs);
    const meter = this.#catalog.meters.get(price.meter ?? "");
    if (found === undefined || meter === undefined) return undefined;
    const { quantity, events, parts, windowCharges } = found.state;
    const units = payer?.unitsPaid(price, period.startMs, quantity, meter.scale) ?? 0n;
    return {
      quantity,
      divisor: quantityDivisor(meter),
      text: formatQuantity(quantity, meter),
      figures: { events, parts, windowCharges },
      prepaid: units === 0n ? undefined : { units, text: formatQuantity(units, meter) },
      order: found.number,
    };
  }

  #scaleOf(price: CompiledPrice): number {
    return this.#catalog.meters.get(price.meter ?? "")?.scale ?? 0;
  }

  #windowsOf(contract: CompiledContract, price: CompiledPrice, period: BillingPeriod): PeriodWindows {
    const found = this.#rater.pricePeriod(contract.id, price, period.startMs);
    const amounts =
      found === undefined
        ? new Map<number, string>()
        : this.#rater.windowAmounts.of(
            found.number,
            period.startMs,
            contract.fullPeriodAt(period.startMs).endMs,
          );
    return { windowMs: this.#catalog.settings.cellMs, amounts, divisor: this.#divisorOf(price) };
  }

  #divisorOf(price: CompiledPrice): bigint {
    const meter = this.#catalog.meters.get(price.meter ?? "");
    return meter === undefined ? 1n : quantityDivisor(meter);
  }
}
