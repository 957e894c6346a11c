/** What values beyond the bound are counted under. */
export const OTHER_LABEL = "other";

/**
 * Keeps the values of a label bounded. Regions come from subjects, which any producer can make up: without a bound a
 * faulty one would grow the metrics for ever.
 */
export class BoundedLabel {
  readonly #known = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value, or "other" when there are as many others already. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return OTHER_LABEL;
    this.#known.add(value);
    return value;
  }
}
