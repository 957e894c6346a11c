/** Events and an exact sum of values. */
export interface Figures {
  readonly events: number;
  readonly value: bigint;
}

const NOTHING: Figures = { events: 0, value: 0n };

/** Figures by name of what one partition takes of a state, and of what it leaves to others. */
export class UsageSums {
  readonly #own = new Map<string, Figures>();
  readonly #others = new Map<string, Figures>();

  add(name: string, isOwn: boolean, events: number, value: bigint): void {
    const sums = isOwn ? this.#own : this.#others;
    const before = sums.get(name) ?? NOTHING;
    sums.set(name, { events: before.events + events, value: before.value + value });
  }

  /**
   * A total divided: who takes what was there gets what it owns; who stays gets all that the others don't, so that nothing of
   * the total is lost.
   */
  partOf(name: string, total: Figures, isFormer: boolean): Figures {
    if (!isFormer) return this.#own.get(name) ?? NOTHING;
    const { events, value } = this.#others.get(name) ?? NOTHING;
    return { events: total.events - events, value: total.value - value };
  }
}

/** Name of the windows of a meter that start at one time and that no contract covers. */
export function uncoveredName(meter: string, startMs: number): string {
  return `${meter}\u0000${startMs}`;
}
