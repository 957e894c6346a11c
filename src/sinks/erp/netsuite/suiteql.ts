import { z } from "zod";
import { writeExactJson } from "../../http/exact-json.ts";
import { readJson } from "../common/read-answer.ts";
import { ErpFault } from "../erp-sink.ts";
import type { NetsuiteClient } from "./client.ts";
import { MAX_SUITEQL_PAGES, SUITEQL_PAGE_ROWS } from "./limits.ts";

const SUITEQL_PATH = "/services/rest/query/v1/suiteql";

/** A value of a row: numbers come as texts, and what is null is left out. */
const valueSchema = z.union([z.string(), z.boolean(), z.null()]).optional();
const pageSchema = z.looseObject({
  hasMore: z.boolean(),
  items: z.array(z.looseObject({}).catchall(z.unknown())),
});

/** Texts of a row's columns, by their names in lower case; "" for null. */
export type Row = (column: string) => string;

/** A text in a question. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quotedList(texts: readonly string[]): string {
  return texts.map(quoted).join(", ");
}

/** All rows of a question. It must order them, so that no row is missed between two pages. */
export async function query(
  client: NetsuiteClient,
  question: { readonly operation: string; readonly sql: string; readonly signal: AbortSignal },
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let page = 0; page < MAX_SUITEQL_PAGES; page++) {
    const { items, hasMore } = await queryPage(client, question, page * SUITEQL_PAGE_ROWS);
    rows.push(...items);
    if (!hasMore) return rows;
  }
  throw new ErpFault("validation", `a question has more than ${MAX_SUITEQL_PAGES} pages of rows`);
}

/** One page of a question. */
export async function queryPage(
  client: NetsuiteClient,
  {
    operation,
    sql,
    signal,
  }: { readonly operation: string; readonly sql: string; readonly signal: AbortSignal },
  offset: number,
): Promise<{ readonly items: readonly Row[]; readonly hasMore: boolean }> {
  const reply = await client.send({
    operation,
    method: "POST",
    path: `${SUITEQL_PATH}?limit=${SUITEQL_PAGE_ROWS}&offset=${offset}`,
    effect: "read",
    headers: { "content-type": "application/json", prefer: "transient" },
    body: writeExactJson({ q: sql }),
    signal,
  });
  const parsed = pageSchema.safeParse(parsedJson(reply.text));
  if (!parsed.success) throw new ErpFault("transient", "NetSuite's answer to a question can't be read");
  return { items: parsed.data.items.map(rowOf), hasMore: parsed.data.hasMore };
}

/** See `readJson`. */
export function parsedJson(text: string): unknown {
  return readJson(text, "NetSuite");
}

function rowOf(columns: Readonly<Record<string, unknown>>): Row {
  return (column) => {
    const value = valueSchema.safeParse(columns[column]);
    if (!value.success) throw new ErpFault("transient", `NetSuite's column ${column} can't be read`);
    return value.data === undefined || value.data === null ? "" : String(value.data);
  };
}
