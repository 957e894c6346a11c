import { afterEach, expect, test } from "vitest";
import { publishAll, type OutgoingMessage } from "../../src/ingest/jetstream/producer.ts";
import { usageSubject } from "../../src/ingest/jetstream/names.ts";
import { encodeColumnarBatch } from "../../src/ingest/wire/columnar-encoder.ts";
import { COLUMNAR_TYPE } from "../../src/model/content-types.ts";
import { Bench } from "../support/worker/bench.ts";
import { BALANCE, HOUR_MS } from "../support/worker/usage-catalog.ts";

const EVENTS = Number(process.env["TRIBUTARY_BACKLOG_EVENTS"] ?? 2_000_000);
const EVENTS_PER_MESSAGE = 1_000;
const MESSAGES = EVENTS / EVENTS_PER_MESSAGE;
const MIB = 1024 * 1024;
/**
 * What the memory that is in use may grow by between the first and the last third of a backlog, keys apart, which are counted by themselves.
 * The events alone, held as objects, would be several times as much.
 */
const GROWTH_MAX_BYTES = 32 * MIB;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

function* backlog(endMs: number): Generator<OutgoingMessage> {
  for (let message = 0; message < MESSAGES; message++) {
    const rows = Array.from({ length: EVENTS_PER_MESSAGE }, (_, row) => ({
      id: `event-${message}-${row}`,
      source: "backlog",
      type: BALANCE,
      account: "globex",
      // An hour's worth of windows completes along the way, so that there are results as well.
      timeMs: endMs - HOUR_MS * 20 + Math.floor((message / MESSAGES) * 19 * HOUR_MS),
      data: { balance: row },
    }));
    yield {
      subject: usageSubject(0, message % 2 === 0 ? "eu" : "us"),
      contentType: COLUMNAR_TYPE,
      data: encodeColumnarBatch(rows),
    };
  }
}

interface Sample {
  readonly position: number;
  /**
   * Objects, and buffers beside the heap, without the table of keys, which grows with what is remembered and not with what waits. Not the
   * resident memory: what the garbage collector keeps of it for later depends on what else the machine does.
   */
  readonly bytes: number;
}

function value(metrics: string, name: string): number {
  const match = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(metrics);
  if (match === null) throw new Error(`no metric ${name}`);
  return Number(match[1]);
}

/** The middle one: the garbage collector has run just before some samples and is about to run at others. */
function median(values: readonly number[]): number {
  const middle = values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
  if (middle === undefined) throw new Error("a third of the backlog has no sample");
  return middle;
}

test("memory stays flat while a backlog is drained", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  await publishAll(connection, backlog(bench.endMs));
  const worker = workspace.start({ checkpointInterval: "200ms" });
  await worker.listening();
  const samples: Sample[] = [];
  await worker.until("the backlog is drained", async () => {
    const metrics = await worker.metrics();
    const position = (await worker.status())?.partitions[0]?.position ?? 0;
    if (position > 0) {
      const used =
        value(metrics, "nodejs_heap_size_used_bytes") + value(metrics, "nodejs_external_memory_bytes");
      samples.push({ position, bytes: used - value(metrics, "tributary_dedupe_bytes") });
    }
    return workspace.committed(0) === MESSAGES;
  });
  const inUse = (from: number, to: number): number =>
    median(samples.filter(({ position }) => position >= from && position < to).map(({ bytes }) => bytes));
  const [early, late] = [inUse(1, MESSAGES / 3), inUse((MESSAGES * 2) / 3, MESSAGES + 1)];
  process.stderr.write(
    `backlog of ${EVENTS} events: ${samples.length} samples; keys apart ${Math.round(early / MIB)} MiB in the first ` +
      `third, ${Math.round(late / MIB)} MiB in the last\n`,
  );
  expect(late - early).toBeLessThan(GROWTH_MAX_BYTES);
  await worker.drain();
  const { counts, balanced } = await workspace.inspect();
  expect(counts).toMatchObject({ read: EVENTS, accepted: EVENTS });
  expect(balanced).toBe(true);
});
