import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectAmountsAddUp, expectCounted, expectUnbilledIsPublished } from "../../support/worker/checks.ts";
import { readDeadLetters, readFiles, readRated } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS, unknownAccount } from "../../support/worker/usage-catalog.ts";
import { decided, settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("a lost state folder is rebuilt from the two logs, and nothing is published twice", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 31, events: 4_000, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const half = Math.floor(load.length / 2);
  // Two runs with a crash between, so that the checkpoints of the lost state fell anywhere.
  await bench.publish(load.slice(0, half));
  const first = workspace.start();
  await first.ready();
  await first.kill();
  await bench.publish(load.slice(half));
  const second = workspace.start();
  await settle(workspace, second, connection);
  await decided(second);
  await second.drain();

  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  const before = workspace.dumpsWithoutPosition();
  const positions = partitions.map((partition) => workspace.committed(partition));
  const inspected = await workspace.inspect();
  const rated = await readRated(connection);
  const deadLetters = await readDeadLetters(connection);

  workspace.removeState();
  const third = workspace.start();
  await settle(workspace, third, connection);
  await decided(third);
  await third.drain();
  expect(workspace.dumpsWithoutPosition()).toEqual(before);
  expect(partitions.map((partition) => workspace.committed(partition))).toEqual(positions);
  expect(await workspace.inspect()).toEqual(inspected);
  expect(await readRated(connection)).toEqual(rated);
  expect(await readDeadLetters(connection)).toEqual(deadLetters);
  expect(readFiles(workspace.filesFolder)).toEqual(rated);
  expectAmountsAddUp(rated);
  expectCounted(inspected, truth);
});

test("a state rebuilt under a newer catalog keeps to what was published under the older one", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 32, events: 3_000 });
  await bench.publish(load);
  const first = workspace.start();
  await first.ready();
  await settle(workspace, first, connection);
  await first.drain();
  const before = await readRated(connection);

  const arrived = [unknownAccount(0, PARTITIONS), unknownAccount(1, PARTITIONS)];
  workspace.writeCatalog(bench.catalog(arrived));
  workspace.removeState();
  const second = workspace.start();
  await second.ready();
  await settle(workspace, second, connection);
  await second.drain();

  const rated = await readRated(connection);
  for (const [partition, publications] of before)
    expect(rated.get(partition)?.slice(0, publications.length)).toEqual(publications);
  expectAmountsAddUp(rated);
  const inspected = await workspace.inspect();
  expectUnbilledIsPublished(inspected, rated);
  expectCounted(inspected, {
    ...truthOf(load, PARTITIONS, [...ACCOUNTS, ...arrived]),
    // What was parked is late by the time it is taken up.
    hasMisrouted: true,
  });
});
