import type { CompiledMeter } from "../../billing/catalog/compiled.ts";
import { Aggregation } from "../stage.ts";
import type { AggregationCode } from "./aggregates/aggregate.ts";
import type { EventCharges } from "./event-charges.ts";
import type { MeterTotal, MeterTotals } from "./meter-totals.ts";

/** What adding an event needs to know of its meter, looked up once a catalog. */
export interface MeterFact {
  readonly meter: CompiledMeter;
  readonly aggregation: AggregationCode;
  readonly total: MeterTotal;
  readonly hasEventCharges: boolean;
}

/** The facts of a run's meters, by the numbers that entries have of them. */
export class MeterFacts {
  readonly #totals: MeterTotals;
  readonly #eventCharges: EventCharges;
  #meters: readonly CompiledMeter[] = [];
  #facts: MeterFact[] = [];
  #plainSums: (MeterTotal | undefined)[] = [];

  constructor(totals: MeterTotals, eventCharges: EventCharges) {
    this.#totals = totals;
    this.#eventCharges = eventCharges;
  }

  /** By meter: its total where its entries only add to sums, undefined where more depends on them. */
  get plainSums(): readonly (MeterTotal | undefined)[] {
    return this.#plainSums;
  }

  /** Begins a run. Meters are compiled anew with each catalog: another list is another catalog's. */
  begin(meters: readonly CompiledMeter[]): void {
    if (meters !== this.#meters) {
      this.#meters = meters;
      this.#facts = [];
      this.#plainSums = [];
    }
    for (let at = this.#facts.length; at < meters.length; at++) {
      const meter = meters[at]!;
      const total = this.#totals.of(meter.key);
      const hasEventCharges = this.#eventCharges.concerns(meter.key);
      this.#facts.push({ meter, aggregation: Aggregation[meter.aggregation], total, hasEventCharges });
      const isPlainSum = meter.aggregation === "sum" && !meter.retractable && !hasEventCharges;
      this.#plainSums.push(isPlainSum ? total : undefined);
    }
  }

  /** RangeError for a number that no meter of the run has. */
  of(meter: number): MeterFact {
    const fact = this.#facts[meter];
    if (fact === undefined) throw new RangeError("an entry without a meter");
    return fact;
  }
}
