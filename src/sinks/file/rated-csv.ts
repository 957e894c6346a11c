import { stringify } from "csv-stringify/sync";
import type { OutboxEntry } from "../../model/outputs.ts";
import { EntryBody } from "../entry-body.ts";
import { shownAsText } from "./formula.ts";

/** Columns in their order; public (docs/file-sink.md): new ones go to the end. */
export const CSV_COLUMNS = [
  "ordinal",
  "kind",
  "account",
  "meter",
  "group",
  "start",
  "end",
  "value",
  "events",
  "revision",
  "contract",
  "period_start",
  "period_end",
  "price",
  "catalog_version",
  "currency",
  "amount",
  "amount_to_date",
  "quantity_to_date",
] as const;

const PLAIN_NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Text that a spreadsheet shows as it is: what would start a formula gets an apostrophe; numbers stay numbers. */
export function neutralised(cell: string): string {
  return PLAIN_NUMBER.test(cell) ? cell : shownAsText(cell);
}

function cells(entry: OutboxEntry): string[] {
  const rated = new EntryBody(entry);
  const values = [
    String(entry.ordinal),
    rated.text("kind"),
    rated.text("account"),
    rated.text("meter"),
    JSON.stringify(rated.members["group"]),
    rated.text("start"),
    rated.text("end"),
    rated.text("value"),
    String(rated.integer("events")),
    String(rated.integer("revision")),
    rated.text("contract"),
    rated.text("periodStart"),
    rated.text("periodEnd"),
    rated.textOrEmpty("price"),
    rated.text("catalogVersion"),
    rated.text("currency"),
    rated.textOrEmpty("amount"),
    rated.textOrEmpty("amountToDate"),
    rated.text("quantityToDate"),
  ];
  return values.map(neutralised);
}

/** RFC 4180 with a header line; lines end in CR LF. */
export function ratedCsv(entries: readonly OutboxEntry[]): string {
  return stringify([[...CSV_COLUMNS], ...entries.map(cells)], { record_delimiter: "\r\n" });
}
