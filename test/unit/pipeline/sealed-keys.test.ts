import { fc } from "@fast-check/vitest";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { dumpState } from "../../../src/state/dump-state.ts";
import { assertContentIntact } from "../../../src/state/integrity.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { WriterPool } from "../../../src/state/writer/writer-pool.ts";
import {
  BASE_MS,
  createEngine,
  HOUR_MS,
  runLogs,
  testCatalog,
  type LogStep,
} from "../../support/engine-fixture.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { waitUntil } from "../../support/wait-until.ts";

const IDENTITY = { partition: 0, partitionCount: 1 };
const SEALING = { sealRecords: 4, sealEndedRecords: 2 };
const CATALOG = testCatalog(["a"]);
const MERGE_ROUNDS = 6;
const DAY_MS = 24 * HOUR_MS;
const encoder = new TextEncoder();
const writers = new WriterPool(1);

afterAll(() => writers.close());

/** An event; the same id may come with another amount, and after hours or days. */
const event = fc.record({
  id: fc.nat(60),
  amount: fc.constantFrom(1, 1, 1, 2),
  elapsedMs: fc.oneof(
    { weight: 9, arbitrary: fc.nat(HOUR_MS) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 * HOUR_MS }) },
  ),
});
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

function logsOf(events: readonly Event[]): LogStep[] {
  const record = { kind: "catalog", version: CATALOG.version, appliesAfter: 0, decidedAt: "" } as const;
  let arrivalMs = BASE_MS;
  const messages = events.map(({ id, amount, elapsedMs }, index): LogStep => {
    arrivalMs += elapsedMs;
    const data = encoder.encode(
      JSON.stringify({
        specversion: "1.0",
        id: `event-${id}`,
        source: "test",
        type: "usage",
        subject: "a",
        // The same for repetitions of a day: later ones have another payload.
        time: new Date(Math.floor(arrivalMs / DAY_MS) * DAY_MS).toISOString(),
        data: { amount, status: "ok", user: "u" },
      }),
    );
    const message = {
      sequence: index + 1,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs,
      data,
    };
    return { kind: "message", message };
  });
  return [{ kind: "control", record, catalog: CATALOG }, ...messages];
}

const diceOf = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 130, maxLength: 130 });

it("a state has the same bytes with sealed keys as with all of them in memory, wherever checkpoints fall", async () => {
  let segments = 0;
  const root = temporaryFolder();
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 100, size: "max" }), diceOf, async (events, dice) => {
      const logs = logsOf(events);
      const plain = await runLogs(logs, CATALOG, {
        cut: () => false,
        commit: () => false,
        restart: () => false,
      });
      const folder = mkdtempSync(join(root, "partition-"));
      const store = openPartitionStore(folder, IDENTITY);
      await runLogs(
        logs,
        CATALOG,
        {
          cut: (i) => (dice[i] ?? 0) < 4,
          commit: (i) => (dice[i] ?? 0) < 3,
          restart: (i) => (dice[i] ?? 0) < 1,
        },
        { store, sealing: SEALING },
      );
      segments += store.spaces("segments/").length;
      expect(dumpState(store)).toBe(dumpState(plain.store));
      store.close();
      const reader = openPartitionStoreReadOnly(folder, IDENTITY);
      expect(dumpState(reader)).toBe(dumpState(plain.store));
      assertContentIntact(reader);
      const found = readdirSync(folder).filter((name) => name.endsWith(".keys"));
      for (const number of reader.segmentNumbers()) expect(found).toContain(`segment-${number}.keys`);
      reader.close();
      plain.store.close();
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 25 },
  );
  expect(segments).toBeGreaterThan(20);
});

/** A state with sealed keys in a folder, and the events that it has seen. */
async function sealedState(folder: string, events: number): Promise<LogStep[]> {
  const logs = logsOf(Array.from({ length: events }, (_, id) => ({ id, amount: 1, elapsedMs: 1 })));
  const store = openPartitionStore(folder, IDENTITY, { writers });
  const { engine } = await runLogs(
    logs,
    CATALOG,
    { cut: () => true, commit: (i) => i % 5 === 4, restart: () => false },
    { store, sealing: SEALING },
  );
  await waitUntil("keys are sealed and merged on the thread", async () => {
    await store.commit(engine.collect());
    return engine.keys.sealedSize > events - 2 * SEALING.sealRecords && engine.keys.segmentCount <= 4;
  });
  store.close();
  return logs;
}

it("keys are sealed on a thread beside the store's, and found by the next process", async () => {
  const folder = temporaryFolder();
  const logs = await sealedState(folder, 20 * MERGE_ROUNDS);
  // What a crash may leave behind: a file without a name in the checkpoint.
  closeSync(openSync(join(folder, "segment-77.keys"), "w"));
  const store = openPartitionStore(folder, IDENTITY, { writers });
  const named =
    store.segments === undefined ? [] : readdirSync(folder).filter((name) => name.endsWith(".keys"));
  expect(named).not.toContain("segment-77.keys");
  const engine = createEngine(CATALOG, { segments: store.segments, sealing: SEALING });
  engine.restore(store, CATALOG);
  const again = logs.flatMap((step) => (step.kind === "message" ? [step.message] : []));
  const position = engine.position.usageSequence;
  engine.process(again.map((message) => ({ ...message, sequence: position + message.sequence })));
  expect(engine.regionCounts()[0]).toMatchObject({ accepted: again.length, duplicate: again.length });
  store.close();
});

it("a damaged segment ends the partition with its name, wherever it is met", async () => {
  const folder = temporaryFolder();
  const logs = await sealedState(folder, 20);
  const store = openPartitionStore(folder, IDENTITY);
  const engine = createEngine(CATALOG, { segments: store.segments, sealing: SEALING });
  engine.restore(store, CATALOG);
  // Behind the restore, which removes what no checkpoint names: a merge may have been under way.
  const names = readdirSync(folder).filter((name) => name.endsWith(".keys"));
  for (const name of names) {
    const descriptor = openSync(join(folder, name), "r+");
    // In the middle of the first record.
    writeSync(descriptor, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 0, 8, 4_096 + 20);
    closeSync(descriptor);
  }
  const corrupt = expect.objectContaining({
    code: "state-corrupt",
    message: expect.stringMatching(/segment-\d+\.keys/),
  });
  const messages = logs.flatMap((step) => (step.kind === "message" ? [step.message] : []));
  const position = engine.position.usageSequence;
  expect(() => {
    engine.process(messages.map((message) => ({ ...message, sequence: position + message.sequence })));
  }).toThrow(corrupt);
  store.close();
  rmSync(join(folder, names[0] ?? ""));
  const reopened = openPartitionStore(folder, IDENTITY);
  expect(() => {
    createEngine(CATALOG, { segments: reopened.segments }).restore(reopened, CATALOG);
  }).toThrow(corrupt);
  reopened.close();
});

it("files that a checkpoint names no more go after its commit, and stay where it fails", async () => {
  const folder = temporaryFolder();
  await sealedState(folder, 20);
  const store = openPartitionStore(folder, IDENTITY);
  const engine = createEngine(CATALOG, { segments: store.segments, sealing: SEALING });
  engine.restore(store, CATALOG);
  const files = (): number => readdirSync(folder).filter((name) => name.endsWith(".keys")).length;
  const before = files();
  expect(before).toBeGreaterThan(0);
  // An event behind horizon and generation drops all of them.
  const late = logsOf([{ id: 1, amount: 1, elapsedMs: 20 * DAY_MS }]);
  const message = late.flatMap((step) => (step.kind === "message" ? [step.message] : []))[0];
  if (message === undefined) throw new Error("no message");
  engine.process([{ ...message, sequence: engine.position.usageSequence + 1 }]);
  const changes = engine.collect();
  expect(files()).toBe(before);
  const refused = { ...changes, position: { ...changes.position, usageSequence: 0 } };
  await expect(store.commit(refused)).rejects.toMatchObject({ code: "internal-fault" });
  expect(files()).toBe(before);
  const again = createEngine(CATALOG, { segments: store.segments, sealing: SEALING });
  again.restore(store, CATALOG);
  again.process([{ ...message, sequence: again.position.usageSequence + 1 }]);
  await store.commit(again.collect());
  expect(files()).toBe(0);
  store.close();
});
