import { spawn } from "node:child_process";
import { join } from "node:path";
import { rmSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { usageStream } from "../../../src/ingest/jetstream/names.ts";
import { LOAD_FORMS } from "../../../src/load/encode/load-encoder.ts";
import { expectedTotals, totalsHash, type CellTotal } from "../../../src/load/expected-totals.ts";
import { publishLoad } from "../../../src/load/publisher.ts";
import { PROJECT_ROOT } from "../../support/project-files.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { Bench } from "../../support/worker/bench.ts";
import { runCommand } from "../../support/worker/worker-process.ts";
import { settle, type Inspected } from "../../support/worker/workspace.ts";

const PARTITIONS = 3;
const EVENTS = 20_000;
const SHAPE_FLAGS = [
  "--accounts",
  "400",
  "--meters",
  "3",
  "--duplicate-ratio",
  "0.05",
  "--late-ratio",
  "0.05",
];

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

function flags(more: readonly string[]): string[] {
  return ["--partitions", String(PARTITIONS), "--span", "6h", "--seed", "11", ...SHAPE_FLAGS, ...more];
}

async function benchLoad(more: readonly string[]) {
  return await runCommand(["bench", "load", "--servers", bench.server.url, ...flags(more), "--json"]);
}

function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("_") + 1));
}

/** What a worker has counted, in the plan's numbers. */
function cellsOf(inspected: Inspected): CellTotal[] {
  return inspected.aggregates
    .map(({ account, meter, start, value }) => ({
      account: numberOf(account),
      meter: numberOf(meter),
      startMs: Date.parse(start),
      sum: Number(value),
    }))
    .sort((a, b) => a.account - b.account || a.meter - b.meter || a.startMs - b.startMs);
}

async function stored(): Promise<number> {
  const infos = Array.from({ length: PARTITIONS }, (_, partition) =>
    bench.connection.manager.streams.info(usageStream(partition)),
  );
  return (await Promise.all(infos)).reduce((total, info) => total + info.state.messages, 0);
}

describe("bench load", () => {
  test.each(LOAD_FORMS)("a worker comes to exactly the totals that form %s announces", async (form) => {
    bench = await Bench.start(PARTITIONS);
    const { workspace, connection } = bench;
    rmSync(workspace.catalogFolder, { recursive: true });
    expect(
      (await runCommand(["bench", "load", ...flags(["--write-catalog", workspace.catalogFolder])])).code,
    ).toBe(0);

    const loaded = await benchLoad(["--events", String(EVENTS), "--form", form, "--batch-size", "100"]);
    expect(loaded).toMatchObject({ code: 0 });
    const summary = JSON.parse(loaded.stdout);
    expect(summary).toMatchObject({ events: EVENTS, stopped: false, form });
    expect(summary.acks).toBe(summary.messages);
    expect(summary.repeated.some((events: number) => events > 0)).toBe(form === "numbered");
    expect(await stored()).toBe(summary.messages);

    const worker = workspace.start({ checkpointInterval: "500ms" });
    await settle(workspace, worker, connection);
    await worker.drain();
    const inspected = await workspace.inspect();
    const { expected } = summary;
    expect(inspected.counts).toMatchObject(expected.counts);
    expect(expected.counts.duplicate).toBeGreaterThan(EVENTS / 40);
    expect(inspected.counts["late"]).toBeGreaterThan(0);
    expect(inspected.balanced).toBe(true);
    const cells = cellsOf(inspected);
    expect(cells).toHaveLength(expected.cells);
    expect(totalsHash(cells)).toBe(expected.hash);
    const rows: { partition: number; read: number; accepted: number }[] = JSON.parse(
      await workspace.command(["inspect", "partitions", "--json"]),
    );
    expect(rows.map(({ read, accepted }) => ({ read, accepted }))).toEqual(
      expected.partitions.map(({ read, accepted }: { read: number; accepted: number }) => ({
        read,
        accepted,
      })),
    );
  });

  test("interrupted, it waits for what it has sent and tells the totals of that", async () => {
    bench = await Bench.start(PARTITIONS);
    const child = spawn(
      process.execPath,
      [
        join(PROJECT_ROOT, "dist/cli/main.js"),
        "bench",
        "load",
        "--json",
        "--servers",
        bench.server.url,
        ...flags(["--events", "100000000", "--rate", "5000", "--form", "event"]),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    const closed = new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    });
    await waitUntil("something is stored", async () => (await stored()) > 500);
    child.kill("SIGINT");
    expect(await closed).toBe(0);
    const { events, acks, stopped, shape, expected } = JSON.parse(stdout);
    expect(stopped).toBe(true);
    expect(events).toBeGreaterThan(500);
    expect(events).toBeLessThan(100_000_000);
    expect(acks).toBe(events);
    expect(await stored()).toBe(events);
    expect(expected.counts.read).toBe(events);
    expect(expected.hash).toBe(expectedTotals(shape, { partitionCount: PARTITIONS, events }).hash);
  });

  test("keeps to its rate, and refuses what would not be counted", async () => {
    bench = await Bench.start(PARTITIONS);
    const paced = await benchLoad(["--events", "1000", "--rate", "2000", "--form", "event"]);
    expect(JSON.parse(paced.stdout).seconds).toBeGreaterThanOrEqual(0.48);

    const remote = await runCommand(["bench", "load", "--servers", "nats://broker.example:4222"]);
    expect(remote).toMatchObject({ code: 2, stdout: "" });
    expect(remote.stderr).toContain("--allow-remote");
    expect(await benchLoad(["--regions", "a.b"])).toMatchObject({ code: 2 });

    // More partitions than there are streams.
    const lost = await benchLoad(["--events", "5000", "--partitions", "7"]);
    expect(lost).toMatchObject({ code: 1, stdout: "" });
    expect(lost.stderr).toMatch(
      /publish-failed: publishing to usage\.\d\.\w\w failed: no stream takes the subject/,
    );
  });

  test("an acknowledgement of another stream is a failure", async () => {
    bench = await Bench.start(PARTITIONS);
    const { manager } = bench.connection;
    await manager.streams.delete(usageStream(1));
    await manager.streams.add({ name: "ELSEWHERE", subjects: ["usage.1.*"] });
    const shape = {
      seed: 1,
      events: 2_000,
      accounts: 50,
      meters: 1,
      regions: ["eu"],
      skew: 0,
      duplicateRatio: 0,
      disorderMs: 0,
      lateRatio: 0,
      startMs: 0,
      spanMs: 1_000,
    };
    const options = { form: "batch", batchSize: 10, partitionCount: PARTITIONS } as const;
    await expect(publishLoad(bench.connection, shape, options)).rejects.toMatchObject({
      code: "publish-failed",
      message: expect.stringContaining("ELSEWHERE took it, not USAGE_1"),
    });
  });
});
