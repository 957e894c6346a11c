import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { noFaults, type FaultInjector } from "../../model/fault-injection.ts";
import type { OutboxEntry } from "../../model/outputs.ts";
import type { DeliveryTarget } from "../delivery-target.ts";
import { makeFolder, publishFile, syncFolder, writeDurably } from "./durable-file.ts";
import { fileName, lastOrdinalOf, temporaryPrefix, type FileFormat } from "./file-names.ts";
import { ratedCsv } from "./rated-csv.ts";
import { ratedNdjson } from "./rated-ndjson.ts";

export interface FileTargetOptions {
  readonly partition: number;
  /** Made where absent. Partitions and formats may share it. */
  readonly folder: string;
  readonly format: FileFormat;
  /**
   * Where all workers of a fleet have the same folder: letters and digits that are unique to this owner of the partition. A former owner that does not know
   * yet then gets no file into it beside the new one's. Absent: nobody else writes this partition's files.
   */
  readonly owner?: string;
  readonly faults?: FaultInjector;
}

const WRITERS: Readonly<Record<FileFormat, (entries: readonly OutboxEntry[]) => string>> = {
  ndjson: ratedNdjson,
  csv: ratedCsv,
};

/**
 * Rated aggregates as files, a chunk a file. The names in the folder are the record of what was delivered, so a
 * crash between a file and the cursor gives neither an overlap nor a gap. Faults of the file system are
 * `sink-failed`.
 */
export function fileTarget(options: FileTargetOptions): DeliveryTarget {
  return new FileTarget(options);
}

class FileTarget implements DeliveryTarget {
  readonly name: string;
  readonly channel = "rated";
  readonly provesDelivery = true;
  readonly #options: FileTargetOptions;
  readonly #faults: FaultInjector;
  /** Last ordinal in the folder; undefined until looked at, and after a fault. */
  #last: number | undefined;

  constructor(options: FileTargetOptions) {
    this.name = `file-${options.format}`;
    this.#options = options;
    this.#faults = options.faults ?? noFaults;
  }

  lastDelivered(): Promise<number> {
    return this.#wrapping("reading the folder", () => this.#scan());
  }

  deliver(entries: readonly OutboxEntry[]): Promise<void> {
    return this.#wrapping("writing a file", async () => {
      let last = this.#last ?? (await this.#scan());
      this.#last = undefined;
      for (;;) {
        const known = last;
        const fresh = entries.filter((entry) => entry.ordinal > known);
        if (fresh.length === 0) break;
        const written = await this.#write(fresh, known);
        last = written.last;
        if (written.isDone) break;
      }
      this.#last = last;
      this.#faults.reach("after-file-rename-before-cursor");
    });
  }

  /** Removes what a crash left unfinished and finds the last ordinal among the names. */
  async #scan(): Promise<number> {
    const { folder } = this.#options;
    await makeFolder(folder);
    const names = await this.#removeUnfinished(this.#ownPrefix);
    // A name may have been given just before a crash: it counts only once it is on the disk.
    await syncFolder(folder);
    this.#last = this.#lastOf(names);
    return this.#last;
  }

  /**
   * Writes a file, and gives it its name unless another owner's files go further than is known here.
   *
   * Two owners of one partition, of whom one does not know yet, may meet in a shared folder. Each first has its own unfinished file there, then removes the
   * other's, then looks at the names, then gives the name, which fails where its file was removed. If both got a name for one ordinal, neither file was
   * removed before its name was given; so each looked for the other's before that was there, or after it had its name: of the two, the one that
   * looked later has seen the other's name. What a crash left of another owner goes in the same way.
   */
  async #write(
    entries: readonly OutboxEntry[],
    known: number,
  ): Promise<{ readonly last: number; readonly isDone: boolean }> {
    const { folder, partition, format, owner } = this.#options;
    const first = entries[0]?.ordinal ?? 0;
    const last = entries.at(-1)?.ordinal ?? 0;
    const temporaryName = `${this.#ownPrefix}${first}`;
    const temporary = join(folder, temporaryName);
    await writeDurably(temporary, WRITERS[format](entries));
    this.#faults.reach("before-file-rename");
    if (owner !== undefined) {
      const found = this.#lastOf(
        await this.#removeUnfinished(temporaryPrefix(partition, format), temporaryName),
      );
      if (found > known) {
        await rm(temporary, { force: true });
        return { last: found, isDone: false };
      }
    }
    await publishFile(temporary, join(folder, fileName(partition, first, last, format)), folder);
    return { last, isDone: true };
  }

  get #ownPrefix(): string {
    const { partition, format, owner } = this.#options;
    return `${temporaryPrefix(partition, format)}${owner === undefined ? "" : `${owner}-`}`;
  }

  /** Removes unfinished files with a prefix, but for one; returns the names as they are then. */
  async #removeUnfinished(prefix: string, but?: string): Promise<readonly string[]> {
    const { folder } = this.#options;
    const unfinished = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name !== but);
    for (const name of unfinished) await rm(join(folder, name), { force: true });
    return await readdir(folder);
  }

  #lastOf(names: readonly string[]): number {
    const { partition, format } = this.#options;
    return lastOrdinalOf(names, partition, format);
  }

  async #wrapping<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      throw new TributaryError("sink-failed", `The file sink failed while ${action}: ${messageOf(error)}`, {
        details: { folder: this.#options.folder },
        cause: error,
      });
    }
  }
}
