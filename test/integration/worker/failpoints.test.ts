import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_LEGAL_ENTITY } from "../../../src/billing/catalog/legal-entity.ts";
import {
  ALERT_STREAM,
  controlStream,
  DEAD_LETTER_STREAM,
  DOCUMENT_STREAM,
  numberingStream,
  RATED_STREAM,
} from "../../../src/ingest/jetstream/names.ts";
import { FAILPOINTS, type Failpoint } from "../../../src/model/fault-injection.ts";
import { allLanes } from "../../support/worker/all-lanes.ts";
import { Bench } from "../../support/worker/bench.ts";
import {
  expectAmountsAddUp,
  expectCounted,
  expectDeadLetters,
  expectRated,
} from "../../support/worker/checks.ts";
import { readDeadLetters, readFiles, readRated } from "../../support/worker/results.ts";
import { truthOf, type Truth } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const SEED = 20_261;
const PARTITIONS = 2;
/** The visits of a failpoint at which the process dies, one a run; more in the long form. */
const VISITS = (process.env["TRIBUTARY_FAILPOINT_VISITS"] ?? "2").split(",").map(Number);

/**
 * Lines of a state's dump that differ between two runs over the same usage: each run makes its own control log, with
 * its own acquisitions, its own random key of the event-id hash (which names events that retractions may take back), and its own times of billing: usage that is late for one
 * run's invoice is in time for another's. What was billed is compared by its balance; the month's end has a test of its own.
 */
const OF_THE_CONTROL_LOG =
  /^(position|event-outcomes|channel document|space (about|keys\/|retraction-|billed-|billing-|documents|journal|ledger-balances))/;

/** Two benches with the same usage, so that both cores have work. */
const lanes: { readonly bench: Bench; readonly truth: Truth; readonly whole: Results }[] = [];

interface Results {
  readonly rated: unknown;
  readonly deadLetters: unknown;
  readonly states: readonly string[];
}

async function resultsOf({ connection, workspace }: Bench): Promise<Results> {
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expect(readFiles(workspace.filesFolder)).toEqual(rated);
  return {
    rated,
    deadLetters: await readDeadLetters(connection),
    states: Array.from({ length: PARTITIONS }, (_, partition) =>
      workspace
        .dump(partition)
        .split("\n")
        .filter((line) => !OF_THE_CONTROL_LOG.test(line))
        .join("\n"),
    ),
  };
}

/** Forgets all that a worker made; the usage stays. */
async function forgetRuns({ connection, workspace }: Bench): Promise<void> {
  const control = Array.from({ length: PARTITIONS }, (_, partition) => controlStream(partition));
  const published = [RATED_STREAM, DEAD_LETTER_STREAM, ALERT_STREAM, DOCUMENT_STREAM];
  for (const stream of [...control, ...published, numberingStream(DEFAULT_LEGAL_ENTITY.key)])
    await connection.manager.streams.delete(stream);
  workspace.removeState();
  workspace.removeFiles();
}

async function runWhole(bench: Bench): Promise<void> {
  const worker = bench.workspace.start();
  await worker.ready();
  await settle(bench.workspace, worker, bench.connection);
  await worker.drain();
}

beforeAll(async () => {
  for (let lane = 0; lane < 2; lane++) {
    const bench = await Bench.start(PARTITIONS);
    const load = bench.load({ seed: SEED, events: 3_000, poison: true });
    const truth = truthOf(load, PARTITIONS, ACCOUNTS);
    await bench.publish(load);
    await runWhole(bench);
    lanes.push({ bench, truth, whole: await resultsOf(bench) });
  }
});
afterAll(async () => {
  await Promise.all(lanes.map(({ bench }) => bench.close()));
});

test("an uninterrupted run gives what the independent count says", async () => {
  for (const { bench, truth } of lanes) {
    expectCounted(await bench.workspace.inspect(), truth);
    expectDeadLetters(await readDeadLetters(bench.connection), truth);
    const rated = await readRated(bench.connection);
    expectRated(rated, truth, bench.anchorDay);
    const kinds = new Set([...rated.values()].flat().map(({ body }) => body.kind));
    expect(kinds).toEqual(new Set(["window", "refinement", "adjustment", "period"]));
    expect(truth.counts.late).toBeGreaterThan(10);
  }
});

async function crashAt(lane: number, point: Failpoint, visit: number): Promise<void> {
  const { bench, truth, whole } = lanes[lane]!;
  await forgetRuns(bench);
  const crashing = bench.workspace.start({ failpoint: { point, visit } });
  const settled = settle(bench.workspace, crashing, bench.connection).then(
    // What the point needs may come with the drain only: files wait for more to fill them.
    () => crashing.send("SIGTERM"),
    () => undefined,
  );
  await crashing.crashed();
  await settled;
  await runWhole(bench);
  expect({ point, visit, ...(await resultsOf(bench)) }).toEqual({ point, visit, ...whole });
  if (visit !== 1) return;
  expectCounted(await bench.workspace.inspect(), truth);
  expect(JSON.parse(await bench.workspace.command(["reconcile", "--json"]))).toMatchObject({
    balanced: true,
  });
}

const PLAN = FAILPOINTS.flatMap((point) => VISITS.map((visit) => ({ point, visit })));

test("a crash at any failpoint changes nothing", async () => {
  const waiting = [...PLAN];
  let crashes = 0;
  await allLanes(
    lanes.map(async (_, lane) => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await crashAt(lane, next.point, next.visit);
        crashes++;
      }
    }),
    () => {
      waiting.length = 0;
    },
  );
  expect(crashes).toBe(FAILPOINTS.length * VISITS.length);
});
