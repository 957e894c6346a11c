import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode } from "../../src/model/errors.ts";

const BALLAST = ".ballast";
const BALLAST_STEP_BYTES = 64 * 1024;
/** Smaller than any file that a checkpoint grows. */
const FILE_LIMIT_BYTES = 4096;

/** A disk that can be filled up and emptied while a process works on it. */
export interface SmallDisk {
  /** What the process finds when it is full. */
  readonly fault: ErrorCode;
  fill(pid: number): void;
  free(pid: number): void;
  close(): void;
}

/**
 * A file system of so many bytes at `folder`. Where this machine lets nobody mount one, the kernel's limit on the size of the process'
 * files stands in: writes fail as truly, with another word for it.
 */
export function smallDisk(folder: string, bytes: number): SmallDisk {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return limitedFiles();
  }
  const ballast = join(folder, BALLAST);
  return {
    fault: "state-disk-full",
    fill: () => {
      const file = openSync(ballast, "w");
      try {
        for (;;) writeSync(file, Buffer.alloc(BALLAST_STEP_BYTES));
      } catch {
        // Full.
      } finally {
        closeSync(file);
      }
    },
    free: () => {
      rmSync(ballast);
    },
    close: () => {
      // Also where a process that fails its test still has files open in it.
      execFileSync("umount", ["--lazy", folder]);
    },
  };
}

function limitedFiles(): SmallDisk {
  const limit = (pid: number, value: string): void => {
    execFileSync("prlimit", ["--pid", String(pid), `--fsize=${value}:unlimited`]);
  };
  return {
    fault: "state-commit-failed",
    fill: (pid) => {
      limit(pid, String(FILE_LIMIT_BYTES));
    },
    free: (pid) => {
      limit(pid, "unlimited");
    },
    close: () => undefined,
  };
}
