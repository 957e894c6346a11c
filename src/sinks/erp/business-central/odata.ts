import { readForm } from "../common/read-answer.ts";
import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import { MAX_PAGES, PAGE_ROWS } from "./limits.ts";

/** Questions to the API: OData 4, with the filters that Business Central allows (alternatives of one field only). */

/** A text in a filter. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** That a field has one of some texts. */
export function isOneOf(field: string, texts: readonly string[]): string {
  return texts.map((text) => `${field} eq ${quoted(text)}`).join(" or ");
}

export interface Question {
  readonly operation: string;
  /** Behind the base: "companies(…)/salesInvoices". */
  readonly path: string;
  readonly filter?: string;
  readonly select?: readonly string[];
  readonly expand?: string;
  readonly orderBy?: string;
  readonly top?: number;
  readonly signal: AbortSignal;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Where the next one is; undefined behind the last. */
  readonly next: string | undefined;
}

const pageSchema = z.looseObject({
  value: z.array(z.unknown()),
  "@odata.nextLink": z.string().optional(),
});

/** The address of a question. */
export function questionPath({
  path,
  filter,
  select,
  expand,
  orderBy,
  top,
}: Omit<Question, "signal">): string {
  const options = [
    ["$filter", filter],
    ["$select", select?.join(",")],
    ["$expand", expand],
    ["$orderby", orderBy],
    ["$top", top === undefined ? undefined : String(top)],
  ]
    .filter((option): option is [string, string] => option[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return options.length === 0 ? path : `${path}?${options.join("&")}`;
}

/** All rows of a question. */
export async function readAll<Schema extends z.ZodType>(
  client: BusinessCentralClient,
  question: Question,
  schema: Schema,
): Promise<readonly z.output<Schema>[]> {
  const rows: z.output<Schema>[] = [];
  let next: string | undefined = questionPath(question);
  for (let page = 0; page < MAX_PAGES && next !== undefined; page++) {
    const path: string = next;
    const read: Page<z.output<Schema>> = await readPage(client, { ...question, path }, schema);
    rows.push(...read.rows);
    ({ next } = read);
  }
  if (next !== undefined) throw new ErpFault("validation", `a question has more than ${MAX_PAGES} pages`);
  return rows;
}

/** One page, by its address. */
export async function readPage<Schema extends z.ZodType>(
  client: BusinessCentralClient,
  { operation, path, signal }: Pick<Question, "operation" | "path" | "signal">,
  schema: Schema,
): Promise<Page<z.output<Schema>>> {
  const { body } = await client.send({
    operation,
    method: "GET",
    path,
    effect: "read",
    headers: { prefer: `odata.maxpagesize=${PAGE_ROWS}` },
    signal,
  });
  return pageOf(client, body, schema);
}

/** Reads a page's body. Throws ErpFault `transient` for what is none. */
export function pageOf<Schema extends z.ZodType>(
  client: BusinessCentralClient,
  body: unknown,
  schema: Schema,
): Page<z.output<Schema>> {
  const page = parsed(pageSchema, body);
  return {
    rows: page.value.map((row) => parsed(schema, row)),
    next: nextPath(client, page["@odata.nextLink"]),
  };
}

/** A link elsewhere is not followed: the token would go with it. */
export function nextPath(client: BusinessCentralClient, link: string | undefined): string | undefined {
  if (link === undefined) return undefined;
  const start = `${client.base}/`;
  if (!link.startsWith(start))
    throw new ErpFault("transient", "Business Central's next page is at another address");
  return link.slice(start.length);
}

/** Throws ErpFault `transient` for what does not fit. */
export function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  return readForm(schema, body, "Business Central's answer");
}

/** Values of enumerations come with their other characters escaped: "In_x0020_Review". */
export function enumText(value: string): string {
  return value.replaceAll(/_x([0-9a-f]{4})_/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
