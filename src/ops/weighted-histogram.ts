import { Histogram } from "prom-client";
import type { Registry } from "prom-client";

/**
 * An unlabelled histogram that takes a value with a count: one call stands for many events. The library's own `observe`
 * counts one value a call, which is too slow once an event.
 */
export class WeightedHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(options: {
    readonly name: string;
    readonly help: string;
    /** Upper bounds in ascending order. */
    readonly buckets: readonly number[];
    readonly registry: Registry;
  }) {
    const { name, help, buckets, registry } = options;
    super({ name, help, buckets: [...buckets], registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#bounds = buckets;
    this.#counts = new Float64Array(buckets.length + 1);
  }

  /** Counts a value `count` times. */
  observeWeighted(value: number, count: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Infinity)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#sum += value * count;
  }

  /** What the registry reads, and `get` of the base class builds on. */
  getForPromString(): Promise<unknown> {
    const values: unknown[] = [];
    let total = 0;
    this.#counts.forEach((count, bucket) => {
      total += count;
      const labels = { le: this.#bounds[bucket] ?? "+Inf" };
      values.push({ metricName: `${this.#name}_bucket`, labels, sharedLabels: {}, value: total });
    });
    values.push({ metricName: `${this.#name}_sum`, labels: {}, sharedLabels: {}, value: this.#sum });
    values.push({ metricName: `${this.#name}_count`, labels: {}, sharedLabels: {}, value: total });
    return Promise.resolve({
      name: this.#name,
      help: this.#help,
      type: "histogram",
      aggregator: "sum",
      values,
    });
  }
}
