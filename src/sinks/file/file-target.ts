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
  /** Made where absent. Partitions and formats may share it; two workers must not own one partition in it. */
  readonly folder: string;
  readonly format: FileFormat;
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
      const last = this.#last ?? (await this.#scan());
      this.#last = undefined;
      const fresh = entries.filter((entry) => entry.ordinal > last);
      this.#last = fresh.length === 0 ? last : await this.#write(fresh);
      this.#faults.reach("after-file-rename-before-cursor");
    });
  }

  /** Removes what a crash left unfinished and finds the last ordinal among the names. */
  async #scan(): Promise<number> {
    const { folder, partition, format } = this.#options;
    await makeFolder(folder);
    const names = await readdir(folder);
    const prefix = temporaryPrefix(partition, format);
    for (const name of names.filter((name) => name.startsWith(prefix))) await rm(join(folder, name));
    // A name may have been given just before a crash: it counts only once it is on the disk.
    await syncFolder(folder);
    this.#last = lastOrdinalOf(names, partition, format);
    return this.#last;
  }

  async #write(entries: readonly OutboxEntry[]): Promise<number> {
    const { folder, partition, format } = this.#options;
    const first = entries[0]?.ordinal ?? 0;
    const last = entries.at(-1)?.ordinal ?? 0;
    const name = fileName(partition, first, last, format);
    const temporary = join(folder, `${temporaryPrefix(partition, format)}${first}`);
    await writeDurably(temporary, WRITERS[format](entries));
    this.#faults.reach("before-file-rename");
    await publishFile(temporary, join(folder, name), folder);
    return last;
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
