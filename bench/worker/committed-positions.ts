import Database from "better-sqlite3";
import { join } from "node:path";
import { partitionFolder, STATE_FILE } from "../../src/state/open-database.ts";

/**
 * Where a worker's checkpoints stand, looked at from outside while it runs: what is read here is what would be there after
 * a crash. The worker must have made its state files.
 */
export class CommittedPositions {
  readonly #databases: readonly Database.Database[];
  readonly #positions: readonly Database.Statement<[], number>[];
  readonly #counts: readonly Database.Statement<[], number>[];

  constructor(stateDirectory: string, partitionCount: number) {
    this.#databases = Array.from(
      { length: partitionCount },
      (_, partition) =>
        new Database(join(partitionFolder(stateDirectory, partition), STATE_FILE), { readonly: true }),
    );
    this.#positions = this.#databases.map((database) =>
      database.prepare<[], number>("SELECT usage_sequence FROM position").pluck(),
    );
    this.#counts = this.#databases.map((database) =>
      database.prepare<[], number>("SELECT coalesce(sum(read), 0) FROM region_counts").pluck(),
    );
  }

  /** Events in the partitions' last checkpoints. */
  events(): number {
    return this.#counts.reduce((total, count) => total + (count.get() ?? 0), 0);
  }

  /** Last usage sequence of the partition's last checkpoint; 0 before the first. */
  of(partition: number): number {
    return this.#positions[partition]?.get() ?? 0;
  }

  close(): void {
    for (const database of this.#databases) database.close();
  }
}
