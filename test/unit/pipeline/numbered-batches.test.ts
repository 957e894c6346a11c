import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { NumberedRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { KEPT_CONTENTS } from "../../../src/operators/producers/batch-numbers.ts";
import { KEPT_EPOCHS } from "../../../src/operators/producers/producer-table.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import {
  BASE_MS,
  HOUR_MS,
  runLogs,
  testCatalog,
  type CutPlan,
  type LogStep,
} from "../../support/engine-fixture.ts";
import { batchMessage, manifestMessage } from "../../support/numbered-messages.ts";

const CATALOG = testCatalog(["a", "b"]);
const AT_ONCE: CutPlan = { cut: () => false, commit: () => false, restart: () => false };
const RESTARTING: CutPlan = {
  cut: (step) => step % 3 === 0,
  commit: (step) => step % 2 === 0,
  restart: (step) => step % 4 === 0,
};

type Message = (place: { sequence: number; arrivalMs: number; region: string }) => LogMessage;

/** The logs of messages that arrive a second apart, behind the catalog. */
function logsOf(messages: readonly Message[], region = "eu"): LogStep[] {
  return [
    {
      kind: "control",
      record: { kind: "catalog", version: CATALOG.version, appliesAfter: 0, decidedAt: "" },
      catalog: CATALOG,
    },
    ...messages.map((make, at): LogStep => ({
      kind: "message",
      message: make({ sequence: at + 1, arrivalMs: BASE_MS + at * 1_000, region }),
    })),
  ];
}

function rowsOf(amounts: readonly number[], timeMs = BASE_MS): NumberedRow[] {
  return amounts.map((amount) => ({
    source: "test",
    type: "usage",
    account: "a",
    timeMs,
    data: { amount, status: "ok", user: "x" },
  }));
}

function batch(sequence: number, amounts: readonly number[], epoch = 1, producer = "p"): Message {
  return (place) => batchMessage(place, { producer, epoch, sequence }, rowsOf(amounts));
}

async function run(messages: readonly Message[], plan = AT_ONCE) {
  const { engine, store } = await runLogs(logsOf(messages), CATALOG, plan);
  const report = reportOf([{ partition: 0, engine, store }]);
  expect(report.checks.filter((check) => !check.balanced)).toEqual([]);
  const { read, accepted, duplicate, conflicting, rejected } = report.counts;
  const letters = store.outboxAfter("dead-letter", 0, 100_000).map(({ body }) => JSON.parse(body));
  const sums = report.aggregates.filter(({ meter }) => meter === "sum").map(({ value }) => Number(value));
  const result = {
    counts: [read, accepted, duplicate, conflicting, rejected],
    sum: sums.reduce((total, value) => total + value, 0),
    producers: report.producers,
    letters,
    exceptions: store.exceptions(),
    keys: engine.keys.size,
    watermarkMs: engine.watermarkMs,
    dump: dumpState(store),
  };
  store.close();
  return result;
}

/** What a producer may do, as a script: `sequence` counts from the front that it has reached. */
const steps = fc.array(
  fc.record({
    producer: fc.constantFrom("p", "q"),
    epoch: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1, -2),
    distance: fc.oneof(fc.constant(1), fc.integer({ min: -5, max: 4 }), fc.constant(-KEPT_CONTENTS - 1)),
    altered: fc.constantFrom(false, false, false, true),
    events: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 60 },
);

/** The same rules over sets: what each batch of the script comes to. */
class PlainProducers {
  readonly #seen = new Map<string, Map<number, string>>();
  readonly #current = new Map<string, number>();
  readonly #highest = new Map<string, number>();

  epochOf(producer: string): number {
    return this.#current.get(producer) ?? 1;
  }

  highestOf(producer: string, epoch: number): number {
    return this.#highest.get(`${producer} ${epoch}`) ?? 0;
  }

  take(
    producer: string,
    epoch: number,
    sequence: number,
    content: string,
  ): "accepted" | "duplicate" | "conflicting" | "rejected" {
    const key = `${producer} ${epoch}`;
    const seen = this.#seen.get(key) ?? new Map<number, string>();
    const known = seen.get(sequence);
    const current = this.#current.get(producer) ?? 0;
    if (epoch < current) return known === undefined ? "rejected" : "duplicate";
    this.#current.set(producer, epoch);
    this.#seen.set(key, seen);
    if (known === undefined) {
      seen.set(sequence, content);
      this.#highest.set(key, Math.max(sequence, this.highestOf(producer, epoch)));
      return "accepted";
    }
    const isKept = sequence > this.highestOf(producer, epoch) - KEPT_CONTENTS;
    return isKept && known !== content ? "conflicting" : "duplicate";
  }
}

describe("numbered batches in the engine", () => {
  it("come to what sets of numbers say, whatever order, repetitions, epochs and restarts", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const plain = new PlainProducers();
        const expected = { accepted: 0, duplicate: 0, conflicting: 0, rejected: 0 };
        let sum = 0;
        const messages = script.map(({ producer, epoch, distance, altered, events }) => {
          const number = Math.max(1, plain.epochOf(producer) + epoch);
          const sequence = Math.max(1, plain.highestOf(producer, number) + distance);
          const amounts = Array.from({ length: events }, () => (altered ? 2 : 1));
          const outcome = plain.take(producer, number, sequence, JSON.stringify(amounts));
          expected[outcome] += events;
          if (outcome === "accepted") sum += amounts.reduce((total, amount) => total + amount, 0);
          return batch(sequence, amounts, number, producer);
        });
        const whole = await run(messages);
        const { accepted, duplicate, conflicting, rejected } = expected;
        const read = accepted + duplicate + conflicting + rejected;
        expect(whole.counts).toEqual([read, accepted, duplicate, conflicting, rejected]);
        expect(whole.sum).toBe(sum);
        expect(whole.letters).toHaveLength(rejected);
        expect(whole.keys).toBe(0);
        expect((await run(messages, RESTARTING)).dump).toBe(whole.dump);
      }),
      { numRuns: 60 },
    );
  });

  it("count each event of a repeated batch as a duplicate, whatever it would be by itself", async () => {
    const mixed: Message = (place) =>
      batchMessage(place, { producer: "p", epoch: 1, sequence: 1 }, [
        ...rowsOf([1]),
        ...rowsOf([2], BASE_MS - 40 * 24 * HOUR_MS),
        { ...rowsOf([3])[0]!, source: "" },
        { ...rowsOf([4])[0]!, account: "nobody" },
      ]);
    const { counts, letters, producers } = await run([mixed, mixed, mixed], RESTARTING);
    expect(counts).toEqual([12, 1, 8, 0, 2]);
    expect(letters.map(({ reason, index }) => [reason, index])).toEqual([
      ["too-old", 1],
      ["source-missing", 2],
    ]);
    expect(producers).toMatchObject([{ producer: "p", lastSequence: 1, missingBatches: 0 }]);
  });

  it("are one exception where the content is another", async () => {
    const { counts, exceptions, sum } = await run([batch(1, [1, 2]), batch(1, [1, 3]), batch(1, [1, 2])]);
    expect([counts, sum]).toEqual([[6, 2, 2, 2, 0], 3]);
    expect(exceptions).toHaveLength(1);
    expect(exceptions[0]).toMatchObject({ id: "conflict-2", stage: "deduplicate", reason: "batch-altered" });
    expect(JSON.parse(exceptions[0]?.details ?? "")).toEqual({
      producer: "p",
      epoch: 1,
      batch: 1,
      events: 2,
      first: { sequence: 1 },
      second: { sequence: 2 },
    });
  });

  it("of an epoch that was given up go to the dead letters, event by event", async () => {
    const { counts, letters } = await run([batch(1, [1]), batch(1, [2], 2), batch(2, [3, 4]), batch(1, [1])]);
    expect(counts).toEqual([5, 2, 1, 0, 2]);
    expect(letters).toMatchObject([
      { stage: "deduplicate", reason: "epoch-fenced", sequence: 3, index: 0 },
      { stage: "deduplicate", reason: "epoch-fenced", sequence: 3, index: 1 },
    ]);
    expect(JSON.parse(letters[1].event)).toMatchObject({ id: "0/p/1/2/1", data: { amount: 4 } });
  });

  it("of an epoch that is kept no more are refused, also what was seen", async () => {
    const epochs = Array.from({ length: KEPT_EPOCHS + 1 }, (_, at) => batch(1, [1], at + 1));
    const { counts, producers } = await run([...epochs, batch(1, [1], 1), batch(1, [1], 2)], RESTARTING);
    expect(counts).toEqual([KEPT_EPOCHS + 3, KEPT_EPOCHS + 1, 1, 0, 1]);
    expect(producers).toHaveLength(KEPT_EPOCHS);
  });

  it("that are missing show in the books until they come", async () => {
    const first = [batch(1, [1]), batch(4, [4]), batch(6, [6])];
    expect((await run(first)).producers).toEqual([
      {
        partition: 0,
        producer: "p",
        epoch: 1,
        isCurrent: true,
        lastSequence: 6,
        missingBatches: 3,
        firstMissing: 2,
        announced: 0,
        read: 0,
        missingEvents: 0,
        unannouncedEvents: 0,
        missingHours: [],
      },
    ]);
    const { producers, sum } = await run([...first, batch(5, [5]), batch(2, [2]), batch(3, [3])], RESTARTING);
    expect(producers).toMatchObject([{ missingBatches: 0, lastSequence: 6 }]);
    expect(sum).toBe(21);
  });
});

describe("manifests in the engine", () => {
  const manifest = (
    sequence: number,
    more: Parameters<typeof manifestMessage>[2] & { producer?: string; region?: string; epoch?: number },
  ): Message => {
    const { producer = "p", epoch = 1, region, ...rest } = more;
    return (place) =>
      manifestMessage({ ...place, region: region ?? place.region }, { producer, epoch, sequence }, rest);
  };
  const counted = (events: number) => ({ counts: [{ source: "test", hourMs: BASE_MS, events }] });

  it("move their region's watermark to what all its producers have said, between the events about them", async () => {
    const both = (completeUpToMs: number): Message[] => [
      manifest(1, { completeUpToMs, region: "eu" }),
      manifest(1, { completeUpToMs, region: "us", producer: "q" }),
    ];
    expect((await run(both(BASE_MS + HOUR_MS))).watermarkMs).toBe(BASE_MS + HOUR_MS - 1);
    const one = [...both(BASE_MS), manifest(1, { region: "eu", producer: "r" })];
    const held = [...one, manifest(2, { completeUpToMs: BASE_MS + HOUR_MS, region: "us", producer: "q" })];
    const later = manifest(2, { completeUpToMs: BASE_MS + HOUR_MS, region: "eu" });
    // r has said that it will announce, and has not.
    expect((await run([...held, later])).watermarkMs).toBe(BASE_MS - 1);
    const gone = manifest(2, { region: "eu", producer: "r", isLast: true });
    const again = manifest(3, { completeUpToMs: BASE_MS + HOUR_MS, region: "eu" });
    expect((await run([...held, gone, later], RESTARTING)).watermarkMs).toBe(BASE_MS + HOUR_MS - 1);
    expect((await run([...held, later, gone, again], RESTARTING)).watermarkMs).toBe(BASE_MS + HOUR_MS - 1);
  });

  it("make what comes behind them late, and what came before not", async () => {
    const complete = [
      manifest(2, { completeUpToMs: BASE_MS + HOUR_MS, region: "eu" }),
      manifest(1, { completeUpToMs: BASE_MS + HOUR_MS, region: "us", producer: "q" }),
    ];
    const logs = logsOf([batch(1, [1]), ...complete, batch(3, [2])]);
    for (const plan of [AT_ONCE, RESTARTING]) {
      const { engine, store } = await runLogs(logs, CATALOG, plan);
      expect(engine.regionCounts()).toMatchObject([{ read: 2, accepted: 2, late: 1 }]);
      store.close();
    }
  });

  it("are compared with what was read, by source and hour", async () => {
    const opened = [manifest(1, {}), batch(2, [1, 2]), batch(3, [3])];
    expect((await run(opened)).producers).toMatchObject([
      { announced: 0, read: 3, missingEvents: 0, unannouncedEvents: 3 },
    ]);
    const agreed = [...opened, manifest(4, counted(3))];
    expect((await run(agreed, RESTARTING)).producers).toMatchObject([
      { announced: 3, read: 3, missingEvents: 0, unannouncedEvents: 0 },
    ]);
    const lost = [...agreed, manifest(6, counted(2))];
    expect((await run(lost)).producers).toMatchObject([
      {
        missingBatches: 1,
        announced: 5,
        missingEvents: 2,
        missingHours: [{ source: "test", hourMs: BASE_MS, events: 2 }],
      },
    ]);
    // What was announced and comes late settles it; a repetition of a manifest says nothing new.
    const found = [...lost, batch(5, [4, 5]), manifest(6, counted(2)), batch(5, [4, 5])];
    expect((await run(found, RESTARTING)).producers).toMatchObject([
      { missingBatches: 0, announced: 5, read: 5, missingEvents: 0, unannouncedEvents: 0 },
    ]);
  });

  it("keep what a former epoch has announced and lost, and nothing else of it", async () => {
    const former = [manifest(1, {}), manifest(2, counted(2)), batch(3, [1])];
    const { producers } = await run([...former, manifest(1, { epoch: 2 }), batch(2, [1, 1], 2)], RESTARTING);
    expect(producers).toMatchObject([
      { epoch: 1, isCurrent: false, missingEvents: 1 },
      { epoch: 2, isCurrent: true, missingEvents: 0, unannouncedEvents: 2 },
    ]);
    const settled = await run([manifest(1, {}), batch(2, [1]), manifest(1, { epoch: 2 })], RESTARTING);
    expect(settled.producers).toMatchObject([
      { epoch: 1, announced: 0, read: 0 },
      { epoch: 2, announced: 0, read: 0 },
    ]);
  });

  it("that don't count go to the dead letters whole", async () => {
    const { letters, exceptions } = await run([
      manifest(1, {}),
      manifest(1, { epoch: 2 }),
      manifest(2, counted(1)),
      manifest(1, { epoch: 2, ...counted(7) }),
      manifest(1, { epoch: 2 }),
    ]);
    expect(letters).toMatchObject([{ stage: "deduplicate", reason: "epoch-fenced", index: -1, sequence: 3 }]);
    expect(exceptions.map(({ id }) => id)).toEqual(["conflict-4"]);
  });
});
