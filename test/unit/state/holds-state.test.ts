import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { partitionsIn } from "../../../src/cli/compose/inspection.ts";
import { holdsState } from "../../../src/state/holds-state.ts";
import { openForWriting, partitionFolder, STATE_FILE } from "../../../src/state/open-database.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { migrate } from "../../../src/state/schema/migrate.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** What a start leaves that broke off ever later: the folder, the file, its header, its tables; at last it is a state. */
const LEFT: readonly ((folder: string, partition: number) => void)[] = [
  () => undefined,
  (folder) => {
    writeFileSync(join(folder, STATE_FILE), "");
  },
  (folder) => {
    openForWriting(join(folder, STATE_FILE)).close();
  },
  (folder) => {
    const database = openForWriting(join(folder, STATE_FILE));
    migrate(database);
    database.close();
  },
  (folder, partition) => {
    openPartitionStore(folder, { partition, partitionCount: 8 }).close();
  },
];

test("a start that broke off leaves no state, and the next one goes on where it was", async () => {
  const root = temporaryFolder();
  for (const [partition, leave] of LEFT.entries()) {
    const folder = partitionFolder(root, partition);
    mkdirSync(folder, { recursive: true });
    leave(folder, partition);
  }
  expect(LEFT.map((_, partition) => holdsState(partitionFolder(root, partition)))).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  expect(holdsState(partitionFolder(root, 7))).toBe(false);
  // What is to be inspected is what is a state.
  expect(await partitionsIn(root)).toEqual([4]);
  for (const partition of LEFT.keys())
    openPartitionStore(partitionFolder(root, partition), { partition, partitionCount: 8 }).close();
  expect(await partitionsIn(root)).toEqual([0, 1, 2, 3, 4]);
});

test("a file that can't be read counts as a state, so that what is wrong with it is said", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, STATE_FILE), "no database, but long enough to look like something");
  expect(holdsState(folder)).toBe(true);
  const other = temporaryFolder();
  const database = new Sqlite(join(other, STATE_FILE));
  database.exec("CREATE TABLE a (b INTEGER)");
  database.close();
  expect(holdsState(other)).toBe(true);
});
