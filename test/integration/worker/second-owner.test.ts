import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import {
  expectAmountsAddUp,
  expectCounted,
  expectDeadLetters,
  expectRated,
} from "../../support/worker/checks.ts";
import { readDeadLetters, readRated } from "../../support/worker/results.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import type { WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
const REFUSALS: ReadonlySet<string> = new Set(["control-log-moved", "publication-fenced"]);
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

async function faultsOf(worker: WorkerProcess): Promise<(string | undefined)[]> {
  const partitions = (await worker.status())?.partitions ?? [];
  return partitions.map(({ state, fault }) => (state === "failed" ? (fault?.code ?? "none") : undefined));
}

test("a former owner is refused and stops; the new owner's results are right", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 12, events: 5_000, poison: true });
  const truth = truthOf(load, PARTITIONS, ACCOUNTS);
  const part = (n: number): number => Math.floor((load.length * n) / 3);
  await bench.publish(load.slice(0, part(1)));
  const former = workspace.start({ workerName: "former", state: "former", files: "files-former" });
  await former.ready();
  await settle(workspace, former, connection, { state: "former" });

  // Another machine takes the partitions, with nothing but the logs; the former owner knows nothing of it.
  const successor = workspace.start({
    workerName: "successor",
    state: "successor",
    files: "files-successor",
  });
  await successor.ready();
  await bench.publish(load.slice(part(1), part(2)));
  // It may lose the consumer first and come back once: then it finds the log taken.
  await former.until("the former owner's partitions have stopped for good", async () =>
    (await faultsOf(former)).every((code) => code !== undefined && REFUSALS.has(code)),
  );
  await former.until("it delivers nothing any more", async () => {
    const sinks = (await former.status())?.partitions.flatMap((partition) => partition.sinks) ?? [];
    return sinks.length > 0 && sinks.every(({ phase }) => phase === "stopped" || phase === "failed");
  });
  expect(await former.readyz()).toMatchObject({ httpStatus: 503, ready: false });

  await bench.publish(load.slice(part(2)));
  await settle(workspace, successor, connection, { state: "successor" });
  expect(await faultsOf(successor)).toEqual([undefined, undefined]);
  await successor.drain();
  await former.drain();
  expectCounted(await workspace.inspect({ state: "successor" }), truth);
  expectDeadLetters(await readDeadLetters(connection), truth);
  const rated = await readRated(connection);
  expectAmountsAddUp(rated);
  expectRated(rated, truth, bench.anchorDay);
});
