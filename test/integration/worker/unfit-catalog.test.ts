import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Bench } from "../../support/worker/bench.ts";
import { expectCounted } from "../../support/worker/checks.ts";
import { truthOf } from "../../support/worker/truth.ts";
import { ACCOUNTS } from "../../support/worker/usage-catalog.ts";
import { settle } from "../../support/worker/workspace.ts";

const PARTITIONS = 2;
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

test("a catalog that does not follow from the one in effect is refused, and leaves no trace in the log", async () => {
  bench = await Bench.start(PARTITIONS);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 51, events: 1_000 });
  const half = Math.floor(load.length / 2);
  await bench.publish(load.slice(0, half));
  const first = workspace.start();
  await first.ready();
  await settle(workspace, first, connection);
  await first.drain();

  const plans = join(workspace.catalogFolder, "plans/plans.json");
  const before = readFileSync(plans, "utf8");
  writeFileSync(plans, before.replace('"0.011"', '"0.012"'));
  const refused = workspace.start();
  await refused.until("every partition is refused", async () => {
    const status = await refused.status();
    return (
      status !== undefined &&
      status.partitions.length === PARTITIONS &&
      status.partitions.every(({ state, fault }) => state === "failed" && fault?.code === "catalog-invalid")
    );
  });
  const status = await refused.status();
  expect(status?.partitions[0]?.fault?.message).toContain("plan standard@1 has changed: raise its version");
  await refused.drain();

  writeFileSync(plans, before);
  await bench.publish(load.slice(half));
  const mended = workspace.start();
  await settle(workspace, mended, connection);
  await mended.drain();
  expectCounted(await workspace.inspect(), truthOf(load, PARTITIONS, ACCOUNTS));
});
