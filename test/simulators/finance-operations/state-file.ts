import { z } from "zod";
import { LineFile } from "../common/state-file.ts";
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
  readonly #file: LineFile;

  constructor(path: string) {
    this.#file = new LineFile(path);
  }

  append(rows: readonly KeptRow[]): void {
    this.#file.append(JSON.stringify(rows));
  }

  *read(): Iterable<KeptRow> {
    for (const line of this.#file.lines()) for (const kept of KEPT_ROWS.parse(JSON.parse(line))) yield kept;
  }
}
