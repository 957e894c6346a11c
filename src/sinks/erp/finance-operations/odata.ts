import { readJson } from "../common/read-answer.ts";
import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import { ErpFault } from "../erp-sink.ts";
import { DATA_ROOT, type FinanceOperationsClient } from "./client.ts";
import { MAX_PAGES } from "./limits.ts";

/** Questions to entities. Numbers come as their texts: 64-bit ids would not survive a float. */

/** A row's value by the field's name: "" for null and for a field that isn't there. */
export type Row = (field: string) => string;

export interface EntityQuery {
  /** Fixed word for metrics. */
  readonly operation: string;
  /** Entity set, such as "CustomersV3". */
  readonly entity: string;
  readonly filter: string;
  readonly fields: readonly string[];
  readonly signal: AbortSignal;
  /** Most rows; all where it is left out. */
  readonly top?: number;
}

const pageSchema = z.looseObject({
  value: z.array(z.record(z.string(), z.unknown())),
  "@odata.nextLink": z.string().optional(),
});

/** A text in a filter or a key. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function equals(field: string, text: string): string {
  return `${field} eq ${quoted(text)}`;
}

/** Begins with a text: the service's own way of saying so. */
export function beginsWith(field: string, text: string): string {
  return `${field} eq ${quoted(`${text}*`)}`;
}

/** Any of some values; there must be one. */
export function anyOf(field: string, texts: readonly string[]): string {
  return `(${texts.map((text) => equals(field, text)).join(" or ")})`;
}

export function allOf(...clauses: readonly string[]): string {
  return clauses.join(" and ");
}

/** Address of one row by its key. */
export function keyPath(entity: string, key: Readonly<Record<string, string>>): string {
  const parts = Object.entries(key).map(([field, value]) => `${field}=${encodeURIComponent(quoted(value))}`);
  return `${DATA_ROOT}/${entity}(${parts.join(",")})?cross-company=true`;
}

/** All rows of a question. */
export async function queryRows(
  client: FinanceOperationsClient,
  query: EntityQuery,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let path: string | undefined = queryPath(query);
  for (let page = 0; page < MAX_PAGES; page++) {
    const read: RowPage = await queryPage(client, query, path);
    rows.push(...read.rows);
    path = read.nextPath;
    if (path === undefined) return rows;
  }
  throw new ErpFault("validation", `a question has more than ${MAX_PAGES} pages of rows`);
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** Undefined where there are no more. */
  readonly nextPath: string | undefined;
}

export function queryPath({ entity, filter, fields, top }: EntityQuery): string {
  const parameters = [
    "cross-company=true",
    ...(filter === "" ? [] : [`$filter=${encodeURIComponent(filter)}`]),
    `$select=${fields.join(",")}`,
    ...(top === undefined ? [] : [`$top=${top}`]),
  ];
  return `${DATA_ROOT}/${entity}?${parameters.join("&")}`;
}

export async function queryPage(
  client: FinanceOperationsClient,
  { operation, signal }: Pick<EntityQuery, "operation" | "signal">,
  path: string,
): Promise<RowPage> {
  const reply = await client.send({ operation, method: "GET", path, effect: "read", signal });
  const parsed = pageSchema.safeParse(readJson(reply.text, "Finance & Operations"));
  if (!parsed.success)
    throw new ErpFault("transient", "Finance & Operations: the answer to a question can't be read");
  return {
    rows: parsed.data.value.map(rowOf),
    nextPath: pathOfLink(parsed.data["@odata.nextLink"]),
  };
}

const valueSchema = z.union([z.string(), z.boolean(), z.null()]).optional();

export function rowOf(fields: Readonly<Record<string, unknown>>): Row {
  return (field) => {
    const value = valueSchema.safeParse(fields[field]);
    if (!value.success)
      throw new ErpFault("transient", `Finance & Operations: the field ${field} can't be read`);
    return value.data === undefined || value.data === null ? "" : String(value.data);
  };
}

/** A field that holds an amount. */
export function amountIn(row: Row, field: string): string {
  const text = row(field);
  if (!isJsonNumber(text))
    throw new ErpFault("transient", `Finance & Operations: the field ${field} holds no number`);
  return text;
}

/** The calendar day of a field with a date and a time. */
export function dayIn(row: Row, field: string): string {
  return row(field).slice(0, "YYYY-MM-DD".length);
}

export function isYes(row: Row, field: string): boolean {
  return row(field) === "Yes";
}

/** A link's path: the token goes to no other host, whatever an answer says. */
function pathOfLink(link: string | undefined): string | undefined {
  if (link === undefined) return undefined;
  if (!URL.canParse(link))
    throw new ErpFault("transient", "Finance & Operations: the next page's address can't be read");
  const { pathname, search } = new URL(link);
  return pathname + search;
}
