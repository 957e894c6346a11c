import { fc } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { formatMinorUnits } from "../../../src/billing/rating/money.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { rotateAccrued } from "../../../src/pipeline/accrued-rotation.ts";
import { accruedValue } from "../../../src/pipeline/accrued-value.ts";
import { AccruedWatch } from "../../../src/pipeline/accrued-watch.ts";
import type { PartitionEngine } from "../../../src/pipeline/partition-engine.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog, type LogStep } from "../../support/engine-fixture.ts";

const WHOLE = { cut: () => false, commit: () => false, restart: () => false };
const ACCOUNTS = Array.from({ length: 40 }, (_, i) => `account-${i}`);
const CATALOG = testCatalog(ACCOUNTS, [], { plan: { key: "varied", version: 1 } });
const CATALOG_STEPS: readonly LogStep[] = [
  {
    kind: "control",
    record: { kind: "catalog", version: CATALOG.version, appliesAfter: 0, decidedAt: "" },
    catalog: CATALOG,
  },
  { kind: "control", record: { kind: "idle", region: "us", appliesAfter: 0, decidedAt: "" } },
];

interface Use {
  readonly account: number;
  readonly minutes: number;
  readonly lagMinutes: number;
  readonly amount: number;
  readonly user: number;
  readonly status: string;
}

const uses = (maxAmount: number) =>
  fc.array(
    fc.record<Use>({
      account: fc.integer({ min: 0, max: ACCOUNTS.length - 1 }),
      minutes: fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: 0, max: 20 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 * 24 * 12 }) },
      ),
      lagMinutes: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 600 })),
      amount: fc.integer({ min: 1, max: maxAmount }),
      user: fc.integer({ min: 0, max: 9 }),
      status: fc.constantFrom("ok", "failed"),
    }),
    { minLength: 1, maxLength: 250 },
  );

function messagesOf(list: readonly Use[]): LogMessage[] {
  let arrivalMs = BASE_MS;
  return list.map(({ account, minutes, lagMinutes, amount, user, status }, index) => {
    arrivalMs += minutes * 60_000;
    const text = JSON.stringify({
      specversion: "1.0",
      id: `e${index}`,
      source: "test",
      type: "usage",
      subject: ACCOUNTS[account],
      time: new Date(arrivalMs - lagMinutes * 60_000).toISOString(),
      data: { amount, status, user: `u${user}` },
    });
    return {
      sequence: index + 1,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs,
      data: new TextEncoder().encode(text),
    };
  });
}

function timeSignal(sequence: number, timeMs: number): LogMessage {
  const [message] = messagesOf([{ account: 0, minutes: 0, lagMinutes: 0, amount: 1, user: 0, status: "ok" }]);
  if (message === undefined) throw new Error("no message");
  const time = new Date(timeMs).toISOString();
  const text = `{"specversion":"1.0","id":"t${sequence}","source":"test","type":"usage","subject":"nobody","time":"${time}","data":{"amount":1,"user":"u"}}`;
  return { ...message, sequence, arrivalMs: timeMs, data: new TextEncoder().encode(text) };
}

async function engineOf(messages: readonly LogMessage[]): Promise<Awaited<ReturnType<typeof runLogs>>> {
  const steps = messages.map((message): LogStep => ({ kind: "message", message }));
  return await runLogs([...CATALOG_STEPS, ...steps], CATALOG, WHOLE);
}

/** The exact value of all accounts, by completing the open hours of an engine that is used up by it. */
async function exactOf(messages: readonly LogMessage[]): Promise<string> {
  const { engine, store } = await engineOf(messages);
  const rows = accruedValue([{ partition: 0, engine, store }]);
  store.close();
  const minorUnits = rows.reduce((sum, row) => sum + BigInt(row.accrued.replace(".", "")), 0n);
  return formatMinorUnits(minorUnits, 2);
}

function rotate(engine: PartitionEngine, between: () => void = () => undefined): string {
  const rotation = rotateAccrued(engine, { cells: 2_048, windows: 1 });
  for (;;) {
    const step = rotation.next();
    if (step.done === true) return formatMinorUnits(step.value.get("EUR")?.minorUnits ?? 0n, 2);
    between();
  }
}

it("comes to the exact value, whatever the aggregations and prices", async () => {
  await fc.assert(
    fc.asyncProperty(uses(50), async (list) => {
      const messages = messagesOf(list);
      const { engine, store } = await engineOf(messages);
      expect(rotate(engine)).toBe(await exactOf(messages));
      store.close();
    }),
    { numRuns: 60 },
  );
});

it("counts each window once while windows complete and go in between", async () => {
  await fc.assert(
    fc.asyncProperty(uses(50), fc.integer({ min: 1, max: 600 }), async (list, minutes) => {
      const messages = messagesOf(list);
      const { engine, store } = await engineOf(messages);
      const lastMs = messages.at(-1)?.arrivalMs ?? BASE_MS;
      let sequence = messages.length;
      // Usage of an account without a contract adds nothing, but time goes on: windows are rated, and let go in the end.
      const value = rotate(engine, () => {
        sequence += 1;
        engine.process([timeSignal(sequence, lastMs + (sequence - messages.length) * minutes * 60_000)]);
      });
      expect(value).toBe(await exactOf(messages));
      store.close();
    }),
    { numRuns: 60 },
  );
});

it("changes nothing", async () => {
  const messages = messagesOf(
    Array.from({ length: 100 }, (_, i) => ({
      account: i % 7,
      minutes: 7,
      lagMinutes: 0,
      amount: i + 1,
      user: i % 5,
      status: "ok",
    })),
  );
  const [touched, left] = [await engineOf(messages), await engineOf(messages)];
  rotate(touched.engine);
  expect(touched.engine.collect()).toEqual(left.engine.collect());
  expect(await exactOf(messages)).toBe(rotate(touched.engine));
  touched.store.close();
  left.store.close();
});

it("goes on turn by turn, tells how old its figures are, and begins anew with another engine", async () => {
  const messages = messagesOf([{ account: 0, minutes: 0, lagMinutes: 0, amount: 3, user: 1, status: "ok" }]);
  const [first, second] = [await engineOf(messages), await engineOf([])];
  const clock = new ManualClock();
  let engine: PartitionEngine | undefined = first.engine;
  const faults: unknown[] = [];
  const watch = new AccruedWatch({
    clock,
    intervalMs: HOUR_MS,
    partitionsOfThread: 1,
    currentEngine: () => engine,
    onFault: (fault) => faults.push(fault),
  });
  expect(watch.figures).toBeUndefined();
  watch.start();
  await clock.advance(10_000);
  expect(formatMinorUnits(watch.figures?.totals.get("EUR")?.minorUnits ?? 0n, 2)).toBe(
    await exactOf(messages),
  );
  expect(watch.ageMs).toBeGreaterThan(9_000);
  engine = second.engine;
  await clock.advance(HOUR_MS + 10_000);
  expect(watch.figures?.totals.size).toBe(0);
  engine = undefined;
  await clock.advance(HOUR_MS + 10_000);
  expect(watch.figures).toBeUndefined();
  watch.stop();
  expect(faults).toEqual([]);
  first.store.close();
  second.store.close();
});

it("waits while the engine is between two positions: what falls due there is partly done", async () => {
  const messages = messagesOf(
    ACCOUNTS.map((_, account) => ({ account, minutes: 0, lagMinutes: 0, amount: 3, user: 1, status: "ok" })),
  );
  const { engine, store } = await engineOf(messages);
  const clock = new ManualClock();
  const watch = new AccruedWatch({
    clock,
    intervalMs: HOUR_MS,
    partitionsOfThread: 1,
    currentEngine: () => engine,
    onFault: (fault) => {
      throw fault;
    },
  });
  // One window a slice: all of them complete with the hour.
  engine.budget.share = Number.MIN_VALUE;
  const step = engine.processInSlices([timeSignal(messages.length + 1, BASE_MS + 3 * HOUR_MS)]);
  for (let slice = 0; slice < 100; slice++) expect(step.next().done).toBe(false);
  watch.start();
  await clock.advance(10_000);
  expect(watch.figures).toBeUndefined();
  while (step.next().done !== true);
  await clock.advance(10_000);
  expect(formatMinorUnits(watch.figures?.totals.get("EUR")?.minorUnits ?? 0n, 2)).toBe(
    await exactOf(messages),
  );
  watch.stop();
  store.close();
});

it.each([
  [1, 32],
  [8, 256],
])(
  "of %i partitions of a thread pauses %i times as long as its slice took",
  async (partitionsOfThread, pauseMs) => {
    const messages = messagesOf([
      { account: 0, minutes: 0, lagMinutes: 0, amount: 3, user: 1, status: "ok" },
    ]);
    const { engine, store } = await engineOf(messages);
    const pauses: number[] = [];
    let readings = 0;
    let next = (): void => undefined;
    const watch = new AccruedWatch({
      clock: {
        nowMs: () => 0,
        // A slice takes a millisecond.
        monotonicMs: () => (readings += 1),
        schedule: (delayMs, task) => {
          pauses.push(delayMs);
          next = task;
          return () => undefined;
        },
        yieldTurn: () => Promise.resolve(),
      },
      intervalMs: HOUR_MS,
      partitionsOfThread,
      currentEngine: () => engine,
      onFault: (fault) => {
        throw fault;
      },
    });
    watch.start();
    next();
    watch.stop();
    expect(pauses).toEqual([0, pauseMs]);
    store.close();
  },
);
