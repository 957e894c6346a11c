import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Row } from "./books.ts";
import { type TableName, TABLES } from "./entity-definitions.ts";

export interface KeptRow {
  readonly table: TableName;
  readonly id: string;
  /** Null where the record was deleted. */
  readonly row: Row | null;
}

const KEPT_ROWS = z.array(
  z.strictObject({
    table: z.enum(TABLES),
    id: z.string(),
    row: z.record(z.string(), z.union([z.string(), z.strictObject({ $number: z.string() })])).nullable(),
  }),
);

/** What the simulator keeps when its process ends: a line a transaction, the last one that names a record counts. */
export class StateFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  append(rows: readonly KeptRow[]): void {
    appendFileSync(this.#path, `${JSON.stringify(rows)}\n`);
  }

  *read(): Iterable<KeptRow> {
    if (!existsSync(this.#path)) return;
    // Behind the last line's end there is nothing, or a line that was cut off: what it would have said was never answered.
    for (const line of readFileSync(this.#path, "utf8").split("\n").slice(0, -1))
      for (const kept of KEPT_ROWS.parse(JSON.parse(line))) yield kept;
  }
}
