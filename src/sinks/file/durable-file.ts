import { mkdir, open, rename } from "node:fs/promises";

/** Flushes the names in a folder to the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file and flushes it; whatever stood there is replaced. */
export async function writeDurably(path: string, content: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}

/** Gives a flushed file its name: the name appears whole or not at all, and survives a power loss. */
export async function publishFile(temporary: string, path: string, folder: string): Promise<void> {
  await rename(temporary, path);
  await syncFolder(folder);
}
