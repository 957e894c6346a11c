import type { MappedReferences, MappedValues, MappingTable } from "../../../model/posting.ts";
import { ErpFault } from "../erp-sink.ts";

/** Row of the key that stands for all that have no row of their own. */
const FALLBACK_KEY = "*";

/** What a command's keys stand for in the ERP. Who needs a value that isn't there gets ErpFault `mapping`, which parks the document. */
export class MappedRows {
  readonly #references: MappedReferences;

  constructor(references: MappedReferences) {
    this.#references = references;
  }

  row(table: MappingTable, key: string): MappedValues | undefined {
    const rows = this.#references[table];
    return rows?.[key] ?? rows?.[FALLBACK_KEY];
  }

  /** A value that a row may have. */
  optional(table: MappingTable, key: string, field: string): string | undefined {
    const value = this.row(table, key)?.[field];
    return value === "" ? undefined : value;
  }

  /** A value that a row must have. */
  required(table: MappingTable, key: string, field: string): string {
    const value = this.optional(table, key, field);
    if (value === undefined) {
      const missing = this.row(table, key) === undefined ? "no row" : `no ${field}`;
      throw new ErpFault("mapping", `the mapping has ${missing} for ${table} ${JSON.stringify(key)}`, {
        code: "mapping-missing",
      });
    }
    return value;
  }
}
