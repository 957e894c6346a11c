/** Few times are written again and again: begin and end of the windows and of the periods that are under way. */
const MAX_TEXTS = 256;

/** RFC 3339 texts of times, as `Date.toISOString` gives them; each is made once while it is in use. */
export class TimeTexts {
  readonly #texts = new Map<number, string>();

  /** @param timeMs milliseconds since the epoch; RangeError where no date is so far away */
  of(timeMs: number): string {
    const known = this.#texts.get(timeMs);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    const text = new Date(timeMs).toISOString();
    this.#texts.set(timeMs, text);
    return text;
  }
}
