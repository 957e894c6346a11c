import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { publishAll, type OutgoingMessage } from "../../../src/ingest/jetstream/producer.ts";
import { usageSubject } from "../../../src/ingest/jetstream/names.ts";
import { encodeColumnarBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { COLUMNAR_TYPE } from "../../../src/model/content-types.ts";
import { SEALING_LIMITS } from "../../../src/operators/deduplicate/sealing-policy.ts";
import { partitionFolder } from "../../../src/state/open-database.ts";
import { Bench } from "../../support/worker/bench.ts";
import { BALANCE, HOUR_MS } from "../../support/worker/usage-catalog.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";

const EVENTS_PER_MESSAGE = 1_000;
/** One seal, and some more keys that stay in memory. */
const MESSAGES = Math.ceil((SEALING_LIMITS.sealRecords * 1.1) / EVENTS_PER_MESSAGE);
const DEADLINE_MS = 100_000;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Messages [from, to) of the load; the same number is the same message. */
function* messages(endMs: number, from: number, to: number): Generator<OutgoingMessage> {
  for (let message = from; message < to; message++) {
    const rows = Array.from({ length: EVENTS_PER_MESSAGE }, (_, row) => ({
      id: `event-${message}-${row}`,
      source: "sealed",
      type: BALANCE,
      account: "globex",
      timeMs: endMs - HOUR_MS,
      data: { balance: row },
    }));
    yield { subject: usageSubject(0, "eu"), contentType: COLUMNAR_TYPE, data: encodeColumnarBatch(rows) };
  }
}

async function sealedKeys(worker: WorkerProcess): Promise<number> {
  const match = /^tributary_dedupe_sealed_keys\{partition="0"\} (\d+)$/m.exec(await worker.metrics());
  return Number(match?.[1] ?? 0);
}

test("a worker seals its keys, knows them after a crash, and stops where a file of them is damaged", async () => {
  bench = await Bench.start(1);
  const { workspace, connection, endMs } = bench;
  await publishAll(connection, messages(endMs, 0, MESSAGES));
  const worker = workspace.start();
  await worker.ready(DEADLINE_MS);
  await worker.until("all is committed", () => workspace.committed(0) === MESSAGES, DEADLINE_MS);
  // A segment is taken up by a checkpoint, and there is one only where something has come.
  let published = MESSAGES;
  await worker.until(
    "keys are sealed",
    async () => {
      await publishAll(connection, messages(endMs, published % MESSAGES, (published % MESSAGES) + 1));
      published += 1;
      return (await sealedKeys(worker)) > 0;
    },
    DEADLINE_MS,
  );
  // The checkpoint that took it up had a part of what is published by now.
  await worker.until("the segment is committed", () => workspace.committed(0) === published, DEADLINE_MS);
  await worker.kill();

  const second = workspace.start();
  await publishAll(connection, messages(endMs, 0, MESSAGES));
  published += MESSAGES;
  await second.ready(DEADLINE_MS);
  await second.until("all is committed again", () => workspace.committed(0) === published, DEADLINE_MS);
  expect(await sealedKeys(second)).toBeGreaterThanOrEqual(SEALING_LIMITS.sealRecords);
  await second.drain();
  const inspected = await workspace.inspect();
  expect(inspected.balanced).toBe(true);
  expect(inspected.counts).toMatchObject({
    accepted: MESSAGES * EVENTS_PER_MESSAGE,
    duplicate: (published - MESSAGES) * EVENTS_PER_MESSAGE,
  });
  const explained: unknown = JSON.parse(
    await workspace.command(["explain", "sealed", "event-0-7", "--offline", "--json"]),
  );
  expect(explained).toMatchObject({ found: true, findings: [{ sequence: 1, index: 7 }] });

  // Another machine has nothing but the logs, and another moment at which it seals.
  const other = workspace.start({ state: "rebuilt", workerName: "other", files: "rebuilt" });
  await other.ready(DEADLINE_MS);
  await other.until(
    "the logs are read again",
    () => workspace.committed(0, "rebuilt") === published,
    DEADLINE_MS,
  );
  await other.drain();
  const keyLines = (dump: string): string[] =>
    dump.split("\n").filter((line) => line.startsWith("space keys/"));
  expect(keyLines(workspace.dump(0))).toHaveLength(1);
  expect(keyLines(workspace.dump(0, "rebuilt"))).toEqual(keyLines(workspace.dump(0)));

  const folder = partitionFolder(workspace.stateFolder(), 0);
  const name = readdirSync(folder).find((file) => file.endsWith(".keys")) ?? "";
  const descriptor = openSync(join(folder, name), "r+");
  writeSync(descriptor, Uint8Array.of(1, 2, 3), 0, 3, 12);
  closeSync(descriptor);
  const third = workspace.start();
  await third.listening();
  await third.until("the partition has stopped", async () => {
    const partition = (await third.status())?.partitions[0];
    return partition?.state === "failed";
  });
  const told = third.log.find(({ code }) => code === "state-corrupt");
  expect(JSON.stringify(told)).toContain(name);
});
