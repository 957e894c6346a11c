import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { Bench } from "../../support/worker/bench.ts";
import { sourceSums } from "../../support/worker/counted-source.ts";
import { Random } from "../../support/worker/random.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 3;
const EVENTS = 8_000;
const KILLS = 6;

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Runs the producer until it ends, or until it has written so many lines: then it is killed. */
async function runProducer(
  killAfterLines: number,
): Promise<{ code: number | null; last: string; stderr: string }> {
  const script = fileURLToPath(new URL("../../support/producer-child.ts", import.meta.url));
  const { server, workspace, endMs } = bench;
  const words = [
    server.url,
    join(workspace.folder, "spool"),
    String(PARTITIONS),
    String(EVENTS),
    String(endMs),
  ];
  const child = spawn(process.execPath, ["--import", "tsx", script, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let lines: string[] = [];
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    lines = [...lines, ...text.trimEnd().split("\n")];
    if (lines.length >= killAfterLines) child.kill("SIGKILL");
  });
  return new Promise((resolve) => {
    child.once("close", (code) => {
      resolve({ code, last: lines.at(-1) ?? "", stderr });
    });
  });
}

test("a producer that is killed again and again, and a broker that is, lose and double nothing", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection, server } = bench;
  const random = new Random(7);
  const worker = workspace.start();
  await worker.ready();
  for (let kill = 0; kill < KILLS; kill++) {
    const run = runProducer(random.integer(2, 25));
    if (kill % 2 === 1) {
      await server.kill();
      await server.restart();
    }
    expect(await run).toMatchObject({ code: null, stderr: "" });
  }
  expect(await runProducer(Number.POSITIVE_INFINITY)).toMatchObject({
    code: 0,
    last: String(EVENTS),
    stderr: "",
  });

  // Long after the broker has forgotten the messages' ids, all of it comes again, in any order.
  const repeated = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const log = openUsageLog(connection, partition);
    const { lastSequence } = await log.identity();
    for await (const { subject, contentType, data } of log.readRange(1, lastSequence))
      repeated.push({ subject, contentType, data, order: random.next() });
  }
  await publishAll(
    connection,
    repeated.sort((a, b) => a.order - b.order),
  );

  await settle(workspace, worker, connection);
  const inspected = await workspace.inspect();
  const { accepted, rejected, conflicting } = inspected.counts;
  expect({ accepted, rejected, conflicting }).toEqual({ accepted: EVENTS, rejected: 0, conflicting: 0 });
  expect(inspected.counts["duplicate"]).toBeGreaterThanOrEqual(EVENTS);
  const bytes = inspected.aggregates.filter(({ meter }) => meter === "bytes");
  expect(new Map(bytes.map(({ account, start, value }) => [`${account} ${start}`, Number(value)]))).toEqual(
    sourceSums(EVENTS, bench.endMs),
  );
  const { producers }: { producers: Record<string, unknown>[] } = JSON.parse(
    await workspace.command(["reconcile", "--json"]),
  );
  expect(producers).toHaveLength(PARTITIONS);
  for (const row of producers)
    expect(row).toMatchObject({
      producer: "child",
      missingBatches: 0,
      missingEvents: 0,
      unannouncedEvents: 0,
    });
  expect(producers.reduce((sum, row) => sum + Number(row["announced"]), 0)).toBe(EVENTS);

  // The same logs without the state: the same bytes.
  await worker.drain();
  const dumps = dumpsOfUsage();
  workspace.removeState();
  const again = workspace.start();
  await settle(workspace, again, connection);
  await again.drain();
  expect(dumpsOfUsage()).toEqual(dumps);
});

/** The states but for their positions: these also tell of the last start. */
function dumpsOfUsage(): string[][] {
  return Array.from({ length: PARTITIONS }, (_, partition) =>
    bench.workspace
      .dump(partition)
      .split("\n")
      .filter((line) => !line.startsWith("position ")),
  );
}
