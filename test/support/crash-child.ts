/**
 * A process that kills itself at a failpoint, for tests of crashes.
 * Arguments: state folder, file sink's folder, failpoint, and how often the point is passed before it kills.
 * Commits checkpoints of ten rated entries one after another and delivers each to the file sink.
 */
import { noFaults, type FaultInjector } from "../../src/model/fault-injection.ts";
import { fileTarget } from "../../src/sinks/file/file-target.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";
import { checkpointAt, ratedEntries } from "./checkpoints.ts";

const [stateFolder = "", fileFolder = "", failpoint = "", passes = "0"] = process.argv.slice(2);
let left = Number(passes);

const killer: FaultInjector = {
  reach: (point) => {
    if (point !== failpoint) return;
    if (left === 0) process.kill(process.pid, "SIGKILL");
    left -= 1;
  },
};

const ENTRIES = 10;
const store = openPartitionStore(stateFolder, { partition: 3, partitionCount: 16 }, { faults: killer });
const target = fileTarget({
  partition: 3,
  folder: fileFolder,
  format: "ndjson",
  faults: failpoint.includes("file") ? killer : noFaults,
});
let sequence = store.load()?.position.usageSequence ?? 0;
for (let round = 0; round < 5; round++) {
  sequence += 1;
  const first = (sequence - 1) * ENTRIES + 1;
  const rows = [
    { space: "cells", key: 0, value: new Uint8Array(16_384).fill(sequence) },
    { space: `keys/${sequence}`, key: sequence, value: new Uint8Array(24).fill(sequence) },
  ];
  await store.commit(checkpointAt(sequence, { rows, outbox: ratedEntries(first, first + ENTRIES - 1) }));
  const entries = store.outboxAfter("rated", store.deliveredOrdinal(target.name), 1_000);
  const last = entries.at(-1)?.ordinal;
  await target.deliver(entries);
  if (last !== undefined) store.setDeliveredOrdinal(target.name, "rated", last);
}
store.close();
