import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, TributaryError } from "../model/errors.ts";
import { lockState, type StateLock } from "../state/state-lock.ts";
import { decodeCommit, encodeCommit, type Commit } from "./commit.ts";

const LOCK_FILE = "producer.lock";
const COMMIT_FILE = /^commit-(\d{16})$/;
const NUMBER_DIGITS = 16;
/** Behind the name of a commit's file: all of it is acknowledged. Not flushed; where it is lost, it is sent again. */
const ACKNOWLEDGED_SUFFIX = ".acknowledged";
const UNFINISHED_SUFFIX = ".unfinished";

/**
 * What a producer has committed and the broker may not have: a folder with a file a commit. A file appears whole or not at
 * all. The newest stays, acknowledged or not, because the numbering goes on from it.
 */
export class Spool {
  readonly #folder: string;
  readonly #lock: StateLock;
  #newest: number;
  readonly #acknowledged = new Set<number>();
  /** What goes one after another. */
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(folder: string, lock: StateLock, newest: number) {
    this.#folder = folder;
    this.#lock = lock;
    this.#newest = newest;
  }

  /**
   * Opens a folder, which is made where it does not exist, and reads what it holds: the newest commit, and those that the
   * broker may not have, in order. Throws `state-locked`, `state-corrupt`, `state-commit-failed`.
   */
  static async open(folder: string): Promise<{
    readonly spool: Spool;
    readonly newest: Commit | undefined;
    readonly unsent: readonly Commit[];
  }> {
    await onDisk("opening", folder, () => mkdir(folder, { recursive: true }));
    const lock = lockState(folder, LOCK_FILE);
    try {
      const names = (await readdir(folder)).sort();
      const commits: Commit[] = [];
      for (const name of names) {
        if (COMMIT_FILE.test(name)) commits.push(decodeCommit(await readFile(join(folder, name)), name));
        // A commit that its caller was never told of.
        else if (name.endsWith(UNFINISHED_SUFFIX)) await rm(join(folder, name));
      }
      const newest = commits.at(-1);
      const spool = new Spool(folder, lock, newest?.number ?? 0);
      const isAcknowledged = ({ number }: Commit): boolean =>
        names.includes(fileName(number) + ACKNOWLEDGED_SUFFIX);
      for (const commit of commits) if (isAcknowledged(commit)) await spool.acknowledge(commit.number);
      return { spool, newest, unsent: commits.filter((commit) => !isAcknowledged(commit)) };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Makes a commit durable; its number is the one behind the newest. Throws `state-commit-failed`: then it is not there. */
  append(commit: Commit): Promise<void> {
    return this.#inTurn(async () => {
      const path = join(this.#folder, fileName(commit.number));
      await onDisk("committing to", this.#folder, async () => {
        await flushed(path + UNFINISHED_SUFFIX, encodeCommit(commit));
        await rename(path + UNFINISHED_SUFFIX, path);
        await syncFolder(this.#folder);
      });
      const former = this.#newest;
      this.#newest = commit.number;
      if (this.#acknowledged.has(former)) await this.#remove(former);
    });
  }

  /** All messages of a commit are stored by the broker. */
  acknowledge(number: number): Promise<void> {
    return this.#inTurn(async () => {
      // What is not noted is sent once more by the next process.
      if (this.#isClosed) return;
      if (number !== this.#newest) await this.#remove(number);
      else {
        this.#acknowledged.add(number);
        await writeFile(join(this.#folder, fileName(number) + ACKNOWLEDGED_SUFFIX), "");
      }
    });
  }

  /** Resolves when nothing is written any more and another process may have the folder. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
    this.#lock.release();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The mark goes last: without its file it says nothing. */
  async #remove(number: number): Promise<void> {
    this.#acknowledged.delete(number);
    const path = join(this.#folder, fileName(number));
    await rm(path, { force: true });
    await rm(path + ACKNOWLEDGED_SUFFIX, { force: true });
  }
}

function fileName(number: number): string {
  return `commit-${String(number).padStart(NUMBER_DIGITS, "0")}`;
}

async function flushed(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function onDisk(action: string, folder: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new TributaryError("state-commit-failed", `${action} ${folder}: ${messageOf(cause)}`, {
      details: { folder },
      cause,
    });
  }
}
