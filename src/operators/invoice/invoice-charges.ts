import type {
  BillingPeriod,
  CompiledCatalog,
  CompiledContract,
  CompiledPrice,
} from "../../billing/catalog/compiled.ts";
import {
  feeCharges,
  periodCharges,
  type PeriodCharge,
  type PeriodUsage,
} from "../../billing/invoices/period-charges.ts";
import type { PeriodWindows } from "../../billing/invoices/window-charges.ts";
import { earnedBy } from "../../billing/ledger/release.ts";
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
   * What is earned by a time of a period that goes on behind it, without what is due in advance: usage of the months
   * before it, and the days' share of recurring fees. Commitments and minimums count when the period has ended.
   * @param timeMs start of an accounting month
   */
  earnedBy(
    contract: CompiledContract,
    period: BillingPeriod,
    timeMs: number,
  ): readonly { readonly product: string; readonly amount: bigint }[] {
    const earned: { product: string; amount: bigint }[] = [];
    for (const price of contract.usagePrices) {
      const found = this.#rater.pricePeriod(contract.id, price, period.startMs);
      if (found === undefined) continue;
      const { monthStartMs, billedBeforeMonth, billed } = found.state;
      const amount = monthStartMs !== undefined && monthStartMs >= timeMs ? billedBeforeMonth : billed;
      earned.push({ product: price.product, amount });
    }
    for (const { product, amount, inAdvance } of feeCharges(contract, period)) {
      if (inAdvance) continue;
      const { startMs, endMs } = period;
      earned.push({
        product,
        amount: earnedBy(amount, contract.timeZone, startMs, endMs, timeMs),
      });
    }
    return earned;
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
