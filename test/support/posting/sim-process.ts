import type { Clock } from "../../../src/model/clock.ts";
import type { Failpoint, FaultInjector } from "../../../src/model/fault-injection.ts";

export class Killed extends Error {}

/** A promise of its own each time: one that all wait for would keep all that waits for it. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/**
 * A process in a simulation: all that reaches the world, and all that comes back, goes through it, so that it can die or sleep at any
 * await. What is dead does nothing more; what sleeps goes on later, as if no time had passed for it.
 */
export class SimProcess {
  readonly clock: Clock;
  readonly faults: FaultInjector;
  /** Step at which it falls asleep, and for how long: before the call that the step enters reaches the world, or before an answer reaches it. */
  pause: { readonly atStep: number; readonly forMs: number } | undefined;
  /** Failpoint at which it dies, at the visit of that number from 1. */
  failpoint: { readonly point: Failpoint; readonly visit: number } | undefined;
  readonly #visits = new Map<Failpoint, number>();
  readonly #world: Clock;
  readonly #killAt: number;
  readonly #onKilled: () => void;
  #steps = 0;
  #isDead = false;
  #asleep: (() => void)[] | undefined;

  /** @param killAt number of the step (an entry to or a return from the world, or a failpoint) at which it dies */
  constructor(world: Clock, killAt: number, onKilled: () => void = () => undefined) {
    this.#world = world;
    this.#killAt = killAt;
    this.#onKilled = onKilled;
    this.clock = {
      nowMs: () => world.nowMs(),
      monotonicMs: () => world.monotonicMs(),
      schedule: (delayMs, task) =>
        world.schedule(delayMs, () => {
          void this.#runAwake(task);
        }),
      yieldTurn: () => this.call(() => world.yieldTurn()),
    };
    this.faults = {
      reach: (point) => {
        this.#step();
        const visit = (this.#visits.get(point) ?? 0) + 1;
        this.#visits.set(point, visit);
        if (point === this.failpoint?.point && visit === this.failpoint.visit) this.kill();
        if (this.#isDead) throw new Killed();
      },
    };
  }

  get isDead(): boolean {
    return this.#isDead;
  }
  get steps(): number {
    return this.#steps;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#onKilled();
  }

  /** Sleeps for so long: nothing of it happens meanwhile. */
  sleep(ms: number): void {
    if (this.#asleep !== undefined) return;
    this.#asleep = [];
    this.#world.schedule(ms, () => {
      const waiting = this.#asleep ?? [];
      this.#asleep = undefined;
      for (const wake of waiting) wake();
    });
  }

  /** A call to the world. */
  async call<Answer>(effect: () => Promise<Answer>): Promise<Answer> {
    await this.#awake();
    this.#step();
    await this.#awake();
    try {
      return await effect();
    } finally {
      await this.#awake();
      this.#step();
      await this.#awake();
    }
  }

  /** An object whose methods are calls into memory of the process's machine: they work while it lives. */
  guard<Target extends object>(target: Target): Target {
    return new Proxy(target, {
      get: (object, name) => {
        const member: unknown = Reflect.get(object, name);
        if (typeof member !== "function") return member;
        return (...parts: unknown[]): unknown => {
          if (this.#isDead) throw new Killed();
          return Reflect.apply(member, object, parts);
        };
      },
    });
  }

  async #runAwake(task: () => void): Promise<void> {
    await this.#awake();
    if (!this.#isDead) task();
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps === this.#killAt) this.kill();
    if (this.#steps === this.pause?.atStep) this.sleep(this.pause.forMs);
  }

  async #awake(): Promise<void> {
    while (this.#asleep !== undefined && !this.#isDead)
      await new Promise<void>((resolve) => {
        this.#asleep?.push(resolve);
      });
    if (this.#isDead) await never();
  }
}
