import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { WriterPool } from "../../src/state/writer/writer-pool.ts";
import { benchCheckpoints, type CollectMode } from "./checkpoint-bench.ts";

const { values } = parseArgs({
  options: {
    cells: { type: "string", default: "1000000" },
    "price-periods": { type: "string", default: "100000" },
    outbox: { type: "string", default: "10000" },
    checkpoints: { type: "string", default: "5" },
    rounds: { type: "string", default: "2" },
  },
});

process.stdout.write(
  `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}: ${values.cells} cells and ${values["price-periods"]} ` +
    `price periods, all changed, ${values.outbox} outbox entries a checkpoint\n`,
);
const identity = { partition: 0, partitionCount: 1 };
const writers = new WriterPool(1);
// Taken in turns, so that what else the machine does meets both.
for (let round = 0; round < Number(values.rounds); round++) {
  for (const mode of ["copied", "frozen"] satisfies CollectMode[]) {
    const folder = mkdtempSync(join(tmpdir(), "tributary-checkpoint-"));
    const store = openPartitionStore(folder, identity, mode === "frozen" ? { writers } : {});
    const result = await benchCheckpoints({
      mode,
      store,
      cells: Number(values.cells),
      pricePeriods: Number(values["price-periods"]),
      outboxEntries: Number(values.outbox),
      checkpoints: Number(values.checkpoints),
    });
    store.close();
    rmSync(folder, { recursive: true });
    const place = mode === "frozen" ? "frozen, writer thread" : "copied, same thread";
    const commits = result.commitMs.toSorted((a, b) => a - b);
    const median = commits[Math.floor(commits.length / 2)] ?? 0;
    process.stdout.write(
      `${place.padEnd(22)} longest turn ${result.longestTurnMs.toFixed(1).padStart(7)} ms  loop delay p99 ` +
        `${result.delayP99Ms.toFixed(1).padStart(7)} max ${result.delayMaxMs.toFixed(1).padStart(7)} ms  commit median ` +
        `${median.toFixed(0).padStart(5)} ms  events meanwhile ${result.eventsMeanwhile}  user CPU ${result.userCpuMs.toFixed(0)} ms\n`,
    );
  }
}
await writers.close();
