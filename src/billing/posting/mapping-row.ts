import { z } from "zod";
import { MAPPING_TABLES } from "../../model/posting.ts";
import { keyField, textField } from "../catalog/fields.ts";
import { connectionKeyField, dayField } from "./erp-connection.ts";

/** Fields of a row: an ERP names a record by one or two. */
const MAX_VALUES = 20;

/** What a canonical key stands for in an ERP. The fields of `values` are the adapter's. */
export const mappingRowSchema = z
  .strictObject({
    connection: connectionKeyField().describe("Key of the ERP connection."),
    table: z.enum(MAPPING_TABLES),
    key: textField().describe(
      "Canonical key: a product, customer, currency, legal entity, a role of the ledger's accounts, name=value of a dimension, " +
        "days of terms, a month, jurisdiction:name:percent of a tax; * for all that have no row of their own, where the adapter allows it.",
    ),
    values: z
      .record(keyField(), textField())
      .refine((values) => Object.keys(values).length > 0, "must have at least one field")
      .refine((values) => Object.keys(values).length <= MAX_VALUES, `must have at most ${MAX_VALUES} fields`)
      .describe("What the ERP calls it, by the names of the adapter's fields."),
    from: dayField()
      .optional()
      .describe("First day of documents that it holds for; all before `to` where left out."),
    to: dayField().optional().describe("First day that it does not hold for any more."),
  })
  .superRefine(({ from, to }, context) => {
    if (from !== undefined && to !== undefined && to <= from)
      context.addIssue({ code: "custom", path: ["to"], message: "must be after from" });
  });
export type MappingRow = z.output<typeof mappingRowSchema>;

/** Key of an unmapped key's row, in tables of which the adapter allows it. */
export const FALLBACK_KEY = "*";

/** Names a row; two rows with the same name are one too many. */
export function mappingRowKey({ connection, table, key, from }: MappingRow): string {
  return [connection, table, key, from ?? ""].join("\u0000");
}
