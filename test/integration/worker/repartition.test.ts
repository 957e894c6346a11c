import { readdirSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { probeMapping } from "../../../src/ingest/jetstream/subject-mapping.ts";
import { encodeNumberedBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { COLUMNAR_TYPE } from "../../../src/model/content-types.ts";
import { REPARTITION_FAILPOINTS, type Failpoint } from "../../../src/model/fault-injection.ts";
import { accountToken, partitionOf } from "../../../src/model/partition.ts";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import { Producer } from "../../../src/producer/producer.ts";
import { FAILPOINT_VARIABLE } from "../../../src/cli/compose/fault-injector.ts";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCells, expectUnbilledIsPublished } from "../../support/worker/checks.ts";
import { generateLoad, type LoadedMessage } from "../../support/worker/load.ts";
import { readRated, type Publication } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS, BALANCE, HOUR_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand, type CommandResult, type WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";
import { waitUntil } from "../../support/wait-until.ts";

// Some twenty processes one after another.
vi.setConfig({ testTimeout: 300_000 });

/** At every point: `npm run test:long -- repartition`. */
const CRASHES: readonly Failpoint[] =
  process.env["REPARTITION_CRASHES"] === "all"
    ? REPARTITION_FAILPOINTS
    : ["inside-repartition-split", "after-repartition-record", "after-repartition-set-aside"];
const FORMER = 2;
const COUNT = 4;
/** Accounts whose usage comes in numbered batches alone, one in each of the new partitions. */
const NUMBERED = Array.from({ length: COUNT }, (_, partition) => {
  for (let n = 0; ; n++) {
    const account = `numbered ${n}`;
    if (partitionOf(account, COUNT) === partition) return account;
  }
});
const DECIDED = ["--actor", "Ann", "--reason", "more room"];

const changeSchema = z.object({
  partitions: z.array(z.object({ partition: z.int(), from: z.int(), series: z.int() })),
  figures: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
});

let bench: Bench;

afterEach(async () => {
  await bench.close();
});

async function repartition(args: readonly string[], failpoint?: string): Promise<CommandResult> {
  const config = bench.workspace.config();
  const env = failpoint === undefined ? {} : { [FAILPOINT_VARIABLE]: failpoint };
  return await runCommand(["repartition", "--config", config, ...args], env);
}

/** What a worker says that ends when it is started. */
async function startsNot(worker: WorkerProcess): Promise<string> {
  await waitUntil("the worker ends", () => worker.exit !== undefined);
  return worker.tail;
}

/** One event for each of the numbered accounts, an hour ago. */
function numberedEvents(timeMs: number) {
  return NUMBERED.map((account) => ({
    source: "meter",
    type: BALANCE,
    account,
    timeMs,
    data: { balance: 5 },
  }));
}

/** Publications of the partitions that a former partition was divided into, behind its own. */
function byFormer(rated: ReadonlyMap<number, readonly Publication<RatedAggregate>[]>) {
  const joined = new Map<number, Publication<RatedAggregate>[]>();
  for (const [partition, publications] of [...rated].sort(([a], [b]) => a - b)) {
    const former = partition % FORMER;
    joined.set(former, [...(joined.get(former) ?? []), ...publications]);
  }
  return joined;
}

describe("a change of the partition count", () => {
  test("loses and doubles nothing, through crashes at its steps, with producers of the former count and of the new one", async () => {
    bench = await Bench.start(FORMER);
    const { workspace, connection, server } = bench;
    workspace.writeCatalog(bench.catalog(NUMBERED));
    const before = bench.load({ seed: 31, events: 400, poison: true, misrouted: 0.02 });
    const eventMs = bench.endMs - HOUR_MS;
    const numbered = encodeNumberedBatch(
      { producer: "by hand", epoch: 1, sequence: 1 },
      numberedEvents(eventMs),
    );
    const publishNumbered = () =>
      publishAll(connection, [{ subject: "usage.0.eu", contentType: COLUMNAR_TYPE, data: numbered }]);
    const former = await Producer.open({
      producer: "former",
      region: "eu",
      folder: `${workspace.folder}/former`,
      broker: connection,
      partitionCount: FORMER,
    });
    await former.send(numberedEvents(eventMs));
    await former.flush();
    await publishNumbered();
    await bench.publish(before);
    const worker = workspace.start();
    await settle(workspace, worker, connection);
    expect(await repartition(["--count", "4", ...DECIDED])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("state-locked"),
    });
    await worker.drain();

    const rehearsal = await repartition(["--count", "4", "--dry-run", "--json"]);
    expect({ code: rehearsal.code, stderr: rehearsal.stderr }).toMatchObject({ code: 0 });
    const expected = changeSchema.parse(JSON.parse(rehearsal.stdout));
    expect(expected.partitions.map(({ partition, from }) => [partition, from])).toEqual([
      [0, 0],
      [2, 0],
      [1, 1],
      [3, 1],
    ]);
    expect(expected.figures.length).toBeGreaterThan(20);

    const args = ["--count", "4", ...DECIDED];
    for (const [index, point] of CRASHES.entries()) {
      const { code, stdout, stderr } = await repartition(args, point);
      // Ended by SIGKILL at the point.
      expect({ point, code, stdout, stderr }).toEqual({ point, code: null, stdout: "", stderr: "" });
      if (index > 0) continue;
      expect(await startsNot(workspace.start())).toContain("repartition-unfinished");
    }
    expect(await repartition(args)).toMatchObject({ code: 0 });
    expect(
      readdirSync(workspace.stateFolder())
        .filter((name) => name.startsWith("partition"))
        .sort(),
    ).toEqual([
      "partition-0",
      "partition-0.replaced-1",
      "partition-1",
      "partition-1.replaced-1",
      "partition-2",
      "partition-3",
    ]);
    // A worker of the former count can't go on.
    expect(await startsNot(workspace.start())).toContain("state-mismatch");

    server.placeBy(COUNT);
    const tokens = NUMBERED.map(accountToken);
    await waitUntil("the server places by the new count", async () =>
      (await probeMapping(connection, { partitionCount: COUNT, tokens, region: "eu" })).every(
        ({ actualStream, expectedStream }) => actualStream === expectedStream,
      ),
    );
    workspace.partitionCount = COUNT;
    // Behind the change: a repeated batch, a producer of the former count, and one of the new one.
    await publishNumbered();
    await former.send(numberedEvents(eventMs + 60_000));
    await former.close();
    const latter = await Producer.open({
      producer: "latter",
      region: "eu",
      folder: `${workspace.folder}/latter`,
      broker: connection,
      partitionCount: COUNT,
    });
    await latter.send(numberedEvents(eventMs + 120_000));
    await latter.close();
    const after = generateLoad({
      seed: 32,
      events: 400,
      partitionCount: COUNT,
      endMs: bench.endMs,
      idPrefix: "after",
      misrouted: 0.02,
    });
    await bench.publish(after);
    // All that came before the change comes once more, to where it went then: nothing of it counts again.
    await bench.publish(before);
    const second = workspace.start();
    await settle(workspace, second, connection);
    await second.drain();

    const inspected = await workspace.inspect();
    expect(inspected.balanced).toBe(true);
    const isNumbered = ({ account }: { readonly account: string }): boolean => NUMBERED.includes(account);
    const rest = inspected.aggregates.filter((row) => !isNumbered(row));
    expectCells({ aggregates: rest }, truthOf(placedBy(COUNT, [...before, ...after]), COUNT, ACCOUNTS));
    const balances = inspected.aggregates.filter(isNumbered);
    const perAccount = NUMBERED.map((account) =>
      balances.filter((row) => row.account === account).reduce((sum, { events }) => sum + events, 0),
    );
    expect(perAccount).toEqual(NUMBERED.map(() => 4));
    const rated = await readRated(connection);
    expectUnbilledIsPublished(inspected, rated);
    expectAmountsAddUp(byFormer(rated));
  });
});

/** Messages as they are where each event is in its own partition in the end: their cells are the same. */
function placedBy(partitionCount: number, messages: readonly LoadedMessage[]): LoadedMessage[] {
  return messages.map((message) => ({ ...message, partition: message.partition % partitionCount }));
}
