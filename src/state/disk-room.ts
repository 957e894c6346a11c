import { open, rm } from "node:fs/promises";
import { join } from "node:path";

/** Much more than a checkpoint's write-ahead log begins with; a partition that starts with less stops again at once. */
const PROBE_BYTES = 8 * 1024 * 1024;
const PROBE_FILE = ".room";

/**
 * Whether a folder takes some more megabytes, by writing and removing them: what the file system says of its free space
 * leaves out quotas and what is reserved for others.
 */
export async function hasRoom(folder: string): Promise<boolean> {
  const path = join(folder, PROBE_FILE);
  try {
    const handle = await open(path, "w");
    try {
      await handle.writeFile(Buffer.alloc(PROBE_BYTES));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
