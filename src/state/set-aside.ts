import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { STATE_FILE, syncFolder } from "./open-database.ts";
import { lockState } from "./state-lock.ts";

/**
 * Gives a partition's folder another name, under which nothing takes it for a state, and returns that name; undefined where there
 * was no state. It is for a person to remove. Throws `state-locked` where a worker has it.
 */
export function setAside(folder: string): string | undefined {
  if (!existsSync(join(folder, STATE_FILE))) return undefined;
  const lock = lockState(folder);
  try {
    for (let number = 1; ; number++) {
      const aside = `${folder}.replaced-${number}`;
      if (existsSync(aside)) continue;
      renameSync(folder, aside);
      syncFolder(dirname(folder));
      return aside;
    }
  } finally {
    lock.release();
  }
}
