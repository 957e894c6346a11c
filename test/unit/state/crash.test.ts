import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileTarget } from "../../../src/sinks/file/file-target.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { assertContentIntact } from "../../../src/state/integrity.ts";
import { openPartitionStore, openPartitionStoreReadOnly } from "../../../src/state/partition-store.ts";
import { checkpointAt, ratedEntries } from "../../support/checkpoints.ts";
import { runChild } from "../../support/run-child.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const IDENTITY = { partition: 3, partitionCount: 16 };

/** The state that the child's checkpoints give without any crash. */
async function expectedDump(sequence: number): Promise<string> {
  const store = openPartitionStore(":memory:", IDENTITY);
  for (let at = 1; at <= sequence; at++) {
    const rows = [
      { space: "cells", key: 0, value: new Uint8Array(16_384).fill(at) },
      { space: `keys/${at}`, key: at, value: new Uint8Array(24).fill(at) },
    ];
    await store.commit(checkpointAt(at, { rows, outbox: ratedEntries(at * 10 - 9, at * 10) }));
  }
  const dump = dumpState(store);
  store.close();
  return dump;
}

function deliveredOrdinals(folder: string): number[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("rated-"))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trimEnd().split("\n"))
    .map((line) => Number(/^\{"ordinal":(\d+),/.exec(line)?.[1]));
}

/** Failpoint, passes before the kill, checkpoint that stands after it, entries that are in files after it. */
const CASES = [
  ["before-commit", 0, 0, 0],
  ["before-commit", 3, 3, 30],
  ["inside-commit", 0, 0, 0],
  ["inside-commit", 2, 2, 20],
  ["before-file-rename", 0, 1, 0],
  ["before-file-rename", 2, 3, 20],
  ["after-file-rename-before-cursor", 0, 1, 10],
  ["after-file-rename-before-cursor", 3, 4, 40],
] as const;

describe("a process killed at", () => {
  test.each(CASES)("%s (after %i passes)", async (failpoint, passes, sequence, filed) => {
    const folder = temporaryFolder();
    const [state, files] = [join(folder, "state"), join(folder, "files")];
    const end = await runChild("crash-child.ts", [state, files, failpoint, String(passes)]);
    expect(end).toEqual({ code: null, signal: "SIGKILL", stderr: "" });

    // Whole checkpoints only, and the lock is free again.
    const store = openPartitionStore(state, IDENTITY);
    expect(store.load()?.position.usageSequence ?? 0).toBe(sequence);
    expect(dumpState(store)).toBe(await expectedDump(sequence));
    store.close();
    const target = fileTarget({ partition: 3, folder: files, format: "ndjson" });
    expect(await target.lastDelivered()).toBe(filed);

    // The next run goes on: no entry twice, none missing, and the same state as without a crash.
    const next = await runChild("crash-child.ts", [state, files, "none"]);
    expect(next).toEqual({ code: 0, signal: null, stderr: "" });
    const reader = openPartitionStoreReadOnly(state, IDENTITY);
    const total = (sequence + 5) * 10;
    expect(dumpState(reader)).toBe(await expectedDump(sequence + 5));
    assertContentIntact(reader);
    reader.close();
    expect(deliveredOrdinals(files)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    expect(readdirSync(files).filter((name) => name.startsWith("."))).toEqual([]);
  });
});
