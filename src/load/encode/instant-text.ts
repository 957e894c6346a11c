const HOUR_MS = 3_600_000;

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, "0"));

/** RFC 3339 texts of times, as `Date.toISOString` gives them, with one Date for all times of an hour. */
export class InstantText {
  #hourMs = Number.NaN;
  #hourText = "";

  of(timeMs: number): string {
    const hourMs = timeMs - (timeMs % HOUR_MS);
    if (hourMs !== this.#hourMs) {
      this.#hourMs = hourMs;
      this.#hourText = new Date(hourMs).toISOString().slice(0, 14);
    }
    const rest = timeMs - hourMs;
    const seconds = Math.floor(rest / 1_000);
    return `${this.#hourText}${TWO_DIGITS[Math.floor(seconds / 60)]!}:${TWO_DIGITS[seconds % 60]!}.${THREE_DIGITS[rest % 1_000]!}Z`;
  }
}
