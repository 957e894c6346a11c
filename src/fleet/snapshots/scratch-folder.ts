import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, TributaryError } from "../../model/errors.ts";
import { lockState, type StateLock } from "../../state/state-lock.ts";

/**
 * A folder for work that may break off. Its name is always the same, so that what a crash left behind is removed by the next one; a lock keeps two
 * processes from using it at once. `use` may rename the folder.
 *
 * @throws TributaryError `state-locked` where another process uses it
 */
export async function withScratchFolder<Result>(
  parent: string,
  name: string,
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const lock = lockOf(parent, name);
  const folder = join(parent, name);
  try {
    await rm(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: FOLDER_MODE });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    lock.release();
  }
}

/** Usage and amounts of customers: nobody else's to read. */
const FOLDER_MODE = 0o700;

function lockOf(parent: string, name: string): StateLock {
  try {
    return lockState(parent, `${name}.lock`);
  } catch (error) {
    if (codeOf(error) !== "state-locked") throw error;
    throw new TributaryError("state-locked", `Another process works in ${join(parent, name)}.`, {
      details: { folder: join(parent, name) },
      cause: error,
    });
  }
}
