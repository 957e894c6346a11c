import { connectBroker } from "../../src/ingest/jetstream/connection.ts";
import { openUsageLog } from "../../src/ingest/jetstream/usage-log.ts";
import { WireDecoder } from "../../src/ingest/wire/decoder.ts";
import type { EventBatch } from "../../src/model/event-batch.ts";
import { Outcome } from "../../src/model/outcome.ts";
import type { ContenderTask, Measurement } from "../harness/measurement.ts";

/** The cadence of acknowledgements and durable commits, as in the worker. */
const COMMIT_INTERVAL_MS = 1_000;
/** A decoder needs some key; contenders know events by the same 128-bit hash that the worker uses. */
const HASH_KEY = "000102030405060708090a0b0c0d0e0f";

/** What a reference does with the events that it reads. */
export interface Reference {
  readonly name: string;
  /** Takes the events of one delivery, all sound; resolves when the next may come. */
  take(batch: EventBatch, partition: number): Promise<void> | void;
  /** Makes what it has durable; what is then acknowledged is never read again. */
  commit(): Promise<void> | void;
  /** Its totals; called once, behind the last commit. */
  finish(): Promise<Measurement["result"]>;
  readonly notes?: () => Measurement["notes"];
  /** What is timed instead of reading and committing; known when it has finished. */
  readonly timed?: () => { readonly seconds: number; readonly cpuSeconds: number } | undefined;
}

/**
 * Runs a reference on all partitions' streams until the load is read: our own puller and our own strict decoder, so that
 * a reference differs from the worker in what it does with the events alone.
 */
export async function readStreams(task: ContenderTask, reference: Reference): Promise<Measurement> {
  const broker = await connectBroker({ servers: [task.url], name: `bench-${reference.name}` });
  const positions = new Map<number, number>();
  let events = 0;
  let startedMs = 0;
  let startedCpu = process.cpuUsage();
  let committing: Promise<void> = Promise.resolve();
  let lastCommitMs = performance.now();
  const readers = await Promise.all(
    Array.from({ length: task.partitionCount }, async (_, partition) =>
      openUsageLog(broker, partition).openReader(1),
    ),
  );
  const commit = async (): Promise<void> => {
    const before = new Map(positions);
    await reference.commit();
    for (const [partition, sequence] of before) readers[partition]?.acknowledge(sequence);
  };
  const finished = new Promise<void>((resolve, reject) => {
    for (const [partition, reader] of readers.entries()) {
      const decoder = new WireDecoder(HASH_KEY);
      reader.ended.catch(reject);
      reader.start(async (messages) => {
        if (startedMs === 0) {
          startedMs = performance.now();
          startedCpu = process.cpuUsage();
        }
        const { batch, undecodable } = decoder.decode(messages);
        if (undecodable.length > 0) throw new Error("a message of the load can't be decoded");
        for (let row = 0; row < batch.count; row++)
          if (batch.outcome[row] !== Outcome.pending) throw new Error("an event of the load was rejected");
        await committing;
        await reference.take(batch, partition);
        const last = messages.at(-1);
        if (last !== undefined) positions.set(partition, last.sequence);
        events += batch.count;
        if (performance.now() - lastCommitMs >= COMMIT_INTERVAL_MS) {
          lastCommitMs = performance.now();
          committing = commit();
          await committing;
        }
        if (events >= task.events) resolve();
      });
    }
  });
  await finished;
  await committing;
  await commit();
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = process.cpuUsage(startedCpu);
  const result = await reference.finish();
  await Promise.all(readers.map((reader) => reader.stop()));
  await broker.close();
  return {
    contender: reference.name,
    events,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    ...reference.timed?.(),
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    result,
    notes: reference.notes?.() ?? {},
  };
}
