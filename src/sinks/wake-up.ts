import type { Clock } from "../model/clock.ts";

export type Signal = "kick" | "drain" | "stop";

/**
 * Lets one loop wait for signals and time, and others for the loop's changes. A signal that comes while the loop is
 * busy is kept until it waits for that signal; so none is lost between a look at the outbox and the wait.
 */
export class WakeUp {
  readonly #clock: Clock;
  readonly #kept = new Set<Signal>();
  #waiting: { readonly signals: readonly Signal[]; readonly resolve: () => void } | undefined;
  #changeListeners: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  signal(signal: Signal): void {
    this.#kept.add(signal);
    if (this.#waiting?.signals.includes(signal) === true) this.#waiting.resolve();
  }

  /** Resolves at one of the signals, or after `delayMs` where given. */
  async wait(delayMs: number | undefined, signals: readonly Signal[]): Promise<void> {
    if (!signals.some((signal) => this.#kept.has(signal))) {
      await new Promise<void>((resolve) => {
        const cancel = delayMs === undefined ? undefined : this.#clock.schedule(delayMs, resolve);
        this.#waiting = {
          signals,
          resolve: () => {
            cancel?.();
            resolve();
          },
        };
      });
      this.#waiting = undefined;
    }
    for (const signal of signals) this.#kept.delete(signal);
  }

  announceChange(): void {
    for (const listener of this.#changeListeners.splice(0)) listener();
  }

  /** Resolves at the loop's next change, or after `timeoutMs`. */
  async nextChange(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.schedule(timeoutMs, resolve);
      this.#changeListeners.push(() => {
        cancel();
        resolve();
      });
    });
  }
}
