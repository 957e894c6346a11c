import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted, expectDeadLetters } from "../../support/worker/checks.ts";
import { FAULTS } from "../../support/worker/faulty-events.ts";
import { readDeadLetters, readRated } from "../../support/worker/results.ts";
import { truthOf, type ExpectedParked } from "../../support/worker/truth.ts";
import { ACCOUNTS, unknownAccount } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const UNDECODABLE = [
  "batch-malformed",
  "content-type-unknown",
  "json-invalid",
  "msgpack-invalid",
  "too-many-events",
];
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

async function parked(): Promise<ExpectedParked[]> {
  const text = await bench.workspace.command(["inspect", "parked", "--json"]);
  const events: ExpectedParked[] = JSON.parse(text);
  return events
    .map(({ partition, sequence, index, reason, account }) => ({
      partition,
      sequence,
      index,
      reason,
      account,
    }))
    .sort((a, b) => a.partition - b.partition || a.sequence - b.sequence || a.index - b.index);
}

async function runToTheEnd(): Promise<void> {
  const worker = bench.workspace.start();
  await worker.ready();
  await settle(bench.workspace, worker, bench.connection);
  await worker.drain();
}

test("what can't be read or rated is set aside with its reason, the rest flows on", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 77, events: 6_000, poison: true });
  await bench.publish(load);
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const letters = truth.partitions.flatMap(({ deadLetters }) => deadLetters);
  // The load has every class; else the comparison below would prove less than it says.
  const classes = (index: (place: number) => boolean): string[] =>
    [...new Set(letters.filter((letter) => index(letter.index)).map(({ reason }) => reason))].sort();
  expect(classes((index) => index < 0)).toEqual(UNDECODABLE);
  const faults = FAULTS.map((make) => make({ id: "", account: "", timeMs: 0 }).reason);
  expect(classes((index) => index >= 0)).toEqual([...new Set(faults)].sort());

  await runToTheEnd();
  const published = await readDeadLetters(connection);
  expectDeadLetters(published, truth);
  expectCounted(await workspace.inspect(), truth);
  // The huge one is named without its payload: the letter must fit a publication.
  const huge = [...published.values()].flat().filter(({ body }) => body.payloadOmittedBytes !== undefined);
  expect(huge.map(({ body }) => body.reason)).toEqual(["json-invalid"]);
  const waiting = truth.partitions.flatMap((partition) => partition.parked);
  expect(new Set(waiting.map(({ reason }) => reason))).toEqual(new Set(["unknown-account", "unknown-meter"]));
  expect(await parked()).toEqual(waiting);

  // Contracts for the unknown accounts arrive: their events are taken up, once.
  const arrived = [unknownAccount(0, PARTITIONS), unknownAccount(1, PARTITIONS)];
  workspace.writeCatalog(bench.catalog(arrived));
  await runToTheEnd();
  const later = truthOf(load, PARTITIONS, [...ACCOUNTS, ...arrived]);
  // They were late when they were taken up, not when they came.
  const takenUp = { ...later, hasMisrouted: true };
  expectCounted(await workspace.inspect(), takenUp);
  expect(await parked()).toEqual(waiting.filter(({ reason }) => reason === "unknown-meter"));
  await runToTheEnd();
  expectCounted(await workspace.inspect(), takenUp);
  expectAmountsAddUp(await readRated(connection));
  expectDeadLetters(await readDeadLetters(connection), truth);
});
