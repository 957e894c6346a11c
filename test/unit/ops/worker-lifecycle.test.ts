import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../../src/model/clock.ts";
import { codeOf } from "../../../src/model/errors.ts";
import {
  handleSignals,
  WORKER_STATES,
  WorkerLifecycle,
  type WorkerState,
} from "../../../src/ops/worker-lifecycle.ts";

describe("the lifecycle", () => {
  it("goes from starting to stopped and tells each step", () => {
    const seen: WorkerState[] = [];
    const steps: string[] = [];
    const life = new WorkerLifecycle((from, to) => steps.push(`${from}>${to}`));
    const subscription = life.states.subscribe((state) => seen.push(state));
    for (const state of ["running", "draining", "stopped"] as const) life.enter(state);
    subscription.unsubscribe();
    expect(seen).toEqual(["starting", "running", "draining", "stopped"]);
    expect(steps).toEqual(["starting>running", "running>draining", "draining>stopped"]);
    expect(life.state).toBe("stopped");
  });

  it("allows exactly the transitions of the table", () => {
    const paths: Record<WorkerState, WorkerState[]> = {
      starting: [],
      running: ["running"],
      draining: ["draining"],
      stopped: ["draining", "stopped"],
      failed: ["failed"],
    };
    const allowed: string[] = [];
    const refused: unknown[] = [];
    for (const from of WORKER_STATES) {
      for (const to of WORKER_STATES) {
        const life = new WorkerLifecycle();
        for (const state of paths[from]) life.enter(state);
        try {
          life.enter(to);
          allowed.push(`${from}>${to}`);
        } catch (error) {
          refused.push({ code: codeOf(error), stays: life.state === from });
        }
      }
    }
    expect(refused).toEqual(Array.from({ length: 18 }, () => ({ code: "internal-fault", stays: true })));
    expect(allowed).toEqual([
      "starting>running",
      "starting>draining",
      "starting>failed",
      "running>draining",
      "running>failed",
      "draining>stopped",
      "draining>failed",
    ]);
  });
});

describe("signals", () => {
  function setUp(onDrain: () => Promise<void>) {
    const source = new EventEmitter();
    const exits: number[] = [];
    let deadline = (): void => undefined;
    let cancelled = false;
    const clock: Clock = {
      ...systemClock,
      schedule: (delayMs, task) => {
        expect(delayMs).toBe(30_000);
        deadline = task;
        return () => {
          cancelled = true;
        };
      },
    };
    const remove = handleSignals({
      source,
      clock,
      deadlineMs: 30_000,
      onDrain,
      exit: (code) => exits.push(code),
    });
    return {
      source,
      exits,
      remove,
      passDeadline: () => {
        deadline();
      },
      wasCancelled: () => cancelled,
    };
  }
  const never = (): Promise<void> => new Promise(() => undefined);

  it("drains at the first one and exits with 0", async () => {
    let drains = 0;
    const world = setUp(() => {
      drains++;
      return Promise.resolve();
    });
    world.source.emit("SIGTERM", "SIGTERM");
    await expect.poll(() => world.exits).toEqual([0]);
    expect(drains).toBe(1);
    expect(world.wasCancelled()).toBe(true);
  });

  it("exits with 3 when the deadline passes first", () => {
    const world = setUp(never);
    world.source.emit("SIGINT", "SIGINT");
    expect(world.exits).toEqual([]);
    world.passDeadline();
    expect(world.exits).toEqual([3]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("exits at once at a second %s", (second, code) => {
    const world = setUp(never);
    world.source.emit("SIGTERM", "SIGTERM");
    world.source.emit(second, second);
    expect(world.exits).toEqual([code]);
    world.source.emit(second, second);
    world.passDeadline();
    expect(world.exits).toEqual([code]);
  });

  it("exits with 1 when draining fails, at once or later", async () => {
    const later = setUp(() => Promise.reject(new Error("disk full")));
    later.source.emit("SIGTERM", "SIGTERM");
    await expect.poll(() => later.exits).toEqual([1]);
    const atOnce = setUp(() => {
      throw new Error("not started");
    });
    atOnce.source.emit("SIGTERM", "SIGTERM");
    await expect.poll(() => atOnce.exits).toEqual([1]);
  });

  it("takes its handlers away", () => {
    const world = setUp(never);
    world.remove();
    expect(world.source.listenerCount("SIGTERM") + world.source.listenerCount("SIGINT")).toBe(0);
  });
});
