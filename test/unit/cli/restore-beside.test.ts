import { probeKey } from "../../support/probe-key.ts";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import { restoreBeside } from "../../../src/cli/compose/restore-beside.ts";
import { KeyTable } from "../../../src/operators/deduplicate/key-table.ts";
import { SegmentFiles, SegmentFolder } from "../../../src/state/segments/segment-folder.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { SavedRows } from "../operators/support/saved-rows.ts";

const LIMITS = { sealRecords: 1, sealEndedRecords: 1 };
const HORIZON_MS = 4_000;

it("a reader that lost a file to the worker's next checkpoint reads that one", () => {
  const folder = temporaryFolder();
  const files = new SegmentFolder(folder);
  const table = new KeyTable({ horizonMs: HORIZON_MS, segments: files, sealing: LIMITS });
  const saved = new SavedRows();
  probeKey(table, Uint32Array.of(1, 2, 3, 4), 0, 1, 1, 500, 1, 0);
  saved.checkpoint(table);
  saved.checkpoint(table);
  const path = join(folder, "segment-1.keys");
  renameSync(path, `${path}-away`);
  let attempts = 0;
  const restored = restoreBeside(() => {
    attempts += 1;
    // What the next checkpoint names is there.
    if (attempts === 2) renameSync(`${path}-away`, path);
    const beside = new KeyTable({ horizonMs: HORIZON_MS, segments: new SegmentFiles(folder) });
    beside.restore(saved);
    return beside;
  });
  expect(attempts).toBe(2);
  expect(restored.sealedSize).toBe(1);
  files.close();
});

it("damage is told after some attempts, and any other fault at once", () => {
  const attemptsUntil = (code: "state-corrupt" | "state-mismatch"): number => {
    let attempts = 0;
    expect(() =>
      restoreBeside(() => {
        attempts += 1;
        throw new TributaryError(code, "no state");
      }),
    ).toThrow(expect.objectContaining({ code }));
    return attempts;
  };
  expect(attemptsUntil("state-corrupt")).toBe(3);
  expect(attemptsUntil("state-mismatch")).toBe(1);
});
