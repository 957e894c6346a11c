import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Far more than a worker's states take in a run, little enough that filling it is quick. */
const DISK_MIB = 192;
const FILLER = "filler";
const CHUNK_BYTES = 1024 * 1024;
const SMALLEST_CHUNK_BYTES = 512;
/** Waits for a line on its input; when the input ends without one, the run is gone, and its disk need not stay. */
const GUARD_SCRIPT = 'read -r _ || umount -l "$1"';

/**
 * A worker's disk: a file system in memory of its own where this machine lets us mount one, so that it can be full for this worker alone and the
 * system itself refuses to write. Elsewhere a folder, which can't be filled.
 */
export class WorkerDisk {
  readonly folder: string;
  readonly canBeFull: boolean;
  #releaseGuard: () => void = () => undefined;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.canBeFull = mount(folder);
    if (this.canBeFull) this.#releaseGuard = guardMount(folder);
  }

  fill(): void {
    if (!this.canBeFull) throw new RangeError(`${this.folder} can't be filled`);
    const file = openSync(join(this.folder, FILLER), "a");
    try {
      // Down to the last block.
      for (let bytes = CHUNK_BYTES; bytes >= SMALLEST_CHUNK_BYTES; bytes /= 2) {
        const chunk = new Uint8Array(bytes);
        while (wrote(file, chunk));
      }
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.folder, FILLER), { force: true });
  }

  /** Another machine has an empty disk. */
  lose(): void {
    for (const name of readdirSync(this.folder)) rmSync(join(this.folder, name), { recursive: true });
  }

  close(): void {
    if (!this.canBeFull) return;
    spawnSync("umount", ["-l", this.folder]);
    this.#releaseGuard();
  }
}

function mount(folder: string): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", folder]).status === 0;
}

/** A run that is ended by a signal leaves no mounted folder. */
function guardMount(folder: string): () => void {
  const guard = spawn("sh", ["-c", GUARD_SCRIPT, "sh", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.once("error", () => undefined);
  guard.stdin.once("error", () => undefined);
  guard.unref();
  return () => guard.stdin.end("done\n");
}

/** False where there is no space for it. */
function wrote(file: number, chunk: Uint8Array): boolean {
  try {
    return writeSync(file, chunk) > 0;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC") return false;
    throw error;
  }
}
