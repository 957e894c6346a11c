import { describe, expect, test } from "vitest";
import type { BudgetDay } from "../../../src/model/posting-store.ts";
import { nextRequest, paced } from "../../../src/sinks/erp/common/request-pace.ts";
import { ErpFault } from "../../../src/sinks/erp/erp-sink.ts";
import { CLEAN_WINDOW_MS } from "../../../src/sinks/posting/concurrency-limit.ts";
import { ConnectionBreaker } from "../../../src/sinks/posting/connection-breaker.ts";
import { DailyBudget } from "../../../src/sinks/posting/daily-budget.ts";
import { RateWindow } from "../../../src/sinks/posting/rate-window.ts";
import { RequestGate, type Permit, type RequestQuota } from "../../../src/sinks/posting/request-gate.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seeded } from "../../support/posting/sim-clock.ts";

class MemoryBudget {
  stored: BudgetDay | undefined;
  transitions = 0;
  budget(): BudgetDay | undefined {
    return this.stored;
  }
  setBudget(budget: BudgetDay): void {
    this.stored = budget;
  }
  requestsOn(): number {
    return this.transitions;
  }
}

function gateOf(quota: Partial<RequestQuota>, clock = new ManualClock(), memory = new MemoryBudget()) {
  const whole: RequestQuota = { maxConcurrent: 8, rate: undefined, perDay: undefined, ...quota };
  const budget = new DailyBudget(memory, clock, whole.perDay);
  return { clock, memory, gate: new RequestGate({ quota: whole, budget, clock, random: () => 0.5 }) };
}

/** Takes and starts as many as the gate gives. */
function takeAll(gate: RequestGate): Permit[] {
  const permits: Permit[] = [];
  while (gate.waitMs() === 0) {
    const permit = gate.take();
    permit.start();
    permits.push(permit);
  }
  return permits;
}

describe("requests at a time", () => {
  test("are halved by a throttle, once for those that were under way together, and grow by one a clean window", async () => {
    const { clock, gate } = gateOf({ maxConcurrent: 8 });
    const permits = takeAll(gate);
    expect(permits).toHaveLength(8);
    expect(gate.waitMs()).toBe(Infinity);
    await clock.advance(10);
    for (const permit of permits.slice(0, 3)) permit.throttled(1_000);
    expect(gate.state().limit).toBe(4);
    for (const permit of permits) permit.end();
    expect(gate.state()).toMatchObject({ inFlight: 0, pausedMs: 1_000 });
    await clock.advance(1_000);
    const second = takeAll(gate);
    expect(second).toHaveLength(4);
    second[0]?.throttled(0);
    expect(gate.state().limit).toBe(2);
    await clock.advance(CLEAN_WINDOW_MS - 1);
    expect(gate.state().limit).toBe(2);
    await clock.advance(1);
    expect(gate.state().limit).toBe(3);
    await clock.advance(CLEAN_WINDOW_MS * 9);
    expect(gate.state().limit).toBe(8);
  });

  test("keep the place of one that was given up at its deadline, since the ERP may still work on it", async () => {
    const { clock, gate } = gateOf({ maxConcurrent: 3 });
    const [first, second, third] = takeAll(gate);
    first?.unanswered(1_000);
    await clock.advance(400);
    second?.unanswered(1_000);
    expect(gate.state().inFlight).toBe(3);
    expect(gate.waitMs()).toBe(600);
    third?.end();
    expect(gate.waitMs()).toBe(0);
    gate.take();
    expect(gate.waitMs()).toBe(600);
    await clock.advance(600);
    expect(gate.waitMs()).toBe(0);
    gate.take();
    expect(gate.waitMs()).toBe(400);
    await clock.advance(400);
    expect(takeAll(gate)).toHaveLength(1);
    expect(gate.waitMs()).toBe(Infinity);
  });

  test("never fall below one", async () => {
    const { clock, gate } = gateOf({ maxConcurrent: 3 });
    for (let round = 0; round < 5; round++) {
      const [first, ...others] = takeAll(gate);
      for (const permit of others) permit.end();
      first?.throttled(0);
      await clock.advance(1);
    }
    expect(gate.state().limit).toBe(1);
    expect(takeAll(gate)).toHaveLength(1);
  });
});

describe("a pause", () => {
  test("lasts as long as the ERP asks for, also where another one asks for less", async () => {
    const { clock, gate } = gateOf({});
    const [first, second, ...others] = takeAll(gate);
    first?.throttled(30_000);
    second?.throttled(1_000);
    for (const permit of others) permit.end();
    expect(gate.waitMs()).toBe(30_000);
    await clock.advance(29_999);
    expect(gate.waitMs()).toBe(1);
  });

  test("without such a wish doubles with each throttle in a row, and begins anew with an answer", async () => {
    const { clock, gate } = gateOf({ maxConcurrent: 1 });
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const permit = gate.take();
      permit.start();
      permit.throttled(undefined);
      pauses.push(gate.waitMs());
      await clock.advance(gate.waitMs());
    }
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000]);
    const permit = gate.take();
    permit.start();
    permit.end();
    const again = gate.take();
    again.start();
    again.throttled(undefined);
    expect(gate.waitMs()).toBe(750);
  });
});

describe("a rate", () => {
  test("is never passed in any window, however late chosen requests start", () => {
    const random = seeded(7);
    const window = new RateWindow({ count: 5, windowMs: 1_000 });
    const starts: number[] = [];
    let reserved = 0;
    let refused = 0;
    for (let nowMs = 0; nowMs < 60_000; nowMs += Math.floor(random() * 60)) {
      if (window.waitMs(nowMs) === 0 && random() < 0.8) {
        window.reserve();
        reserved += 1;
      } else refused += 1;
      if (reserved > 0 && random() < 0.5) {
        reserved -= 1;
        if (random() < 0.1) window.abandon();
        else {
          window.start(nowMs);
          starts.push(nowMs);
        }
      }
    }
    expect(refused).toBeGreaterThan(100);
    expect(starts.length).toBeGreaterThan(200);
    const spans = starts.slice(5).map((sixthMs, index) => sixthMs - starts[index]!);
    expect(Math.min(...spans)).toBeGreaterThan(1_000);
  });

  test("of a long window is kept as the rate of its parts", () => {
    const window = new RateWindow({ count: 6_000, windowMs: 300_000 });
    expect(window.count).toBe(200);
    expect(window.windowMs).toBeCloseTo(10_100);
    expect(() => new RateWindow({ count: 0, windowMs: 1_000 })).toThrow(RangeError);
  });
});

describe("a day's budget", () => {
  test("ends for the day, is told to a restart, and begins anew at midnight UTC", async () => {
    const clock = new ManualClock();
    const memory = new MemoryBudget();
    const first = gateOf({ perDay: 50 }, clock, memory);
    for (let used = 0; used < 30; used++) {
      const permit = first.gate.take();
      permit.start();
      permit.end();
    }
    expect(memory.stored).toEqual({ day: "2026-01-01", requests: 40 });
    // What was counted ahead is lost with a crash, never forgotten.
    const second = gateOf({ perDay: 50 }, clock, memory);
    expect(second.gate.leftToday()).toBe(10);
    // One that was chosen and not sent costs nothing.
    for (let unsent = 0; unsent < 100; unsent++) second.gate.take().end();
    for (let used = 0; used < 10; used++) {
      const permit = second.gate.take();
      permit.start();
      permit.end();
    }
    expect(second.gate.waitMs()).toBe(24 * 60 * 60_000);
    expect(second.gate.state().utilization).toBe(1);
    await clock.advance(24 * 60 * 60_000);
    expect(second.gate.leftToday()).toBe(50);
    expect(second.gate.waitMs()).toBe(0);
  });

  test("of a successor on another machine counts the requests that the log shows", () => {
    const memory = new MemoryBudget();
    memory.transitions = 33;
    expect(gateOf({ perDay: 50 }, new ManualClock(), memory).gate.leftToday()).toBe(17);
  });
});

describe("a breaker", () => {
  const down = (): Promise<never> => Promise.reject(new ErpFault("transient", "HTTP 503"));
  const refuse = (): Promise<never> => Promise.reject(new ErpFault("authentication", "401"));

  async function fail(
    breaker: ConnectionBreaker,
    times: number,
    request: () => Promise<never>,
  ): Promise<void> {
    for (let time = 0; time < times; time++)
      await breaker.run(breaker.take(), request).catch(() => undefined);
  }

  test("opens after five failures in a row, lets one probe through, and closes by an answer", async () => {
    const clock = new ManualClock();
    const breaker = new ConnectionBreaker(clock, () => 1);
    await fail(breaker, 4, down);
    await breaker.run(breaker.take(), () => Promise.resolve());
    await fail(breaker, 4, down);
    expect(breaker.state).toBe("closed");
    const early = breaker.take();
    await fail(breaker, 1, down);
    expect(breaker.state).toBe("open");
    expect(breaker.allows(early)).toBe(false);
    expect(breaker.waitMs()).toBe(5_000);
    await clock.advance(5_000);
    expect(breaker.waitMs()).toBe(0);
    const probe = breaker.take();
    expect(breaker.state).toBe("half-open");
    expect(breaker.waitMs()).toBe(Infinity);
    await breaker.run(probe, down).catch(() => undefined);
    expect(breaker.waitMs()).toBe(10_000);
    await clock.advance(10_000);
    await breaker.run(breaker.take(), () => Promise.resolve());
    expect(breaker.state).toBe("closed");
  });

  test("opens after three refusals of the credentials, and not by throttles or faults of documents", async () => {
    const breaker = new ConnectionBreaker(new ManualClock(), () => 1);
    await fail(breaker, 2, refuse);
    await fail(breaker, 20, () => Promise.reject(new ErpFault("throttle", "429")));
    await fail(breaker, 20, () => Promise.reject(new ErpFault("validation", "no")));
    await fail(breaker, 2, refuse);
    expect(breaker.state).toBe("closed");
    await fail(breaker, 1, refuse);
    expect(breaker.state).toBe("open");
  });

  test("is probed again where a probe was not sent, and closes where the probe's document is refused", async () => {
    const clock = new ManualClock();
    const breaker = new ConnectionBreaker(clock, () => 1);
    await fail(breaker, 5, down);
    await clock.advance(5_000);
    breaker.giveBack(breaker.take());
    expect(breaker.waitMs()).toBe(0);
    await breaker
      .run(breaker.take(), () => Promise.reject(new ErpFault("validation", "no")))
      .catch(() => undefined);
    expect(breaker.state).toBe("closed");
  });
});

describe("further requests of a call", () => {
  const never = new AbortController().signal;

  test("wait for room in the window, before new calls, and never are more than the quota", async () => {
    const { clock, gate } = gateOf({ rate: { count: 4, windowMs: 1_000 } });
    const startsMs = takeAll(gate).map(() => clock.monotonicMs());
    let pending = 6;
    let newCalls = 0;
    for (let call = 0; call < 6; call++)
      void paced(
        (signal) => gate.further(signal),
        async () => {
          // The first one is the call's own, that its permit stands for.
          await nextRequest(never);
          await nextRequest(never);
          startsMs.push(clock.monotonicMs());
          pending -= 1;
        },
      );
    for (let passedMs = 0; passedMs < 2_500; passedMs += 5) {
      newCalls += pending > 0 && gate.waitMs() === 0 ? 1 : 0;
      await clock.advance(5);
    }
    expect([pending, newCalls]).toEqual([0, 0]);
    expect(startsMs).toHaveLength(10);
    for (const startMs of startsMs)
      expect(
        startsMs.filter((other) => other >= startMs && other < startMs + 1_000).length,
      ).toBeLessThanOrEqual(4);
    expect(gate.state().inFlight).toBe(4);
  });

  test("come before a new call that looks at the moment in which there is room", async () => {
    const { clock, gate } = gateOf({ rate: { count: 1, windowMs: 1_000 } });
    takeAll(gate);
    const seen: number[] = [];
    const roomMs = gate.waitMs();
    clock.schedule(roomMs, () => seen.push(gate.waitMs()));
    const further = gate.further(never);
    clock.schedule(roomMs, () => seen.push(gate.waitMs()));
    await clock.advance(roomMs);
    await further;
    expect(seen).toEqual([5, roomMs]);
  });

  test("are left alone for as long as the ERP wants to be, and end with their call", async () => {
    const { clock, gate } = gateOf({});
    const [permit] = takeAll(gate);
    permit?.throttled(1_000);
    const ended = new AbortController();
    const outcomes: string[] = [];
    for (const signal of [never, ended.signal])
      void gate.further(signal).then(
        () => outcomes.push("sent"),
        () => outcomes.push("ended"),
      );
    await clock.advance(999);
    expect(outcomes).toEqual([]);
    ended.abort();
    await clock.advance(0);
    expect(outcomes).toEqual(["ended"]);
    await clock.advance(5);
    expect(outcomes).toEqual(["ended", "sent"]);
  });

  test("count for the day, and are not sent where it is used up", async () => {
    const { gate, memory } = gateOf({ perDay: 3 });
    gate.take().start();
    await gate.further(never);
    await gate.further(never);
    expect(gate.leftToday()).toBe(0);
    expect(memory.stored?.requests).toBe(3);
    await expect(gate.further(never)).rejects.toThrow("used up");
  });

  test("outside of a call are nobody's", async () => {
    await expect(nextRequest(never)).resolves.toBeUndefined();
  });
});
