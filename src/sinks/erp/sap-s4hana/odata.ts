import { readJson } from "../common/read-answer.ts";
import { z } from "zod";
import { readExactJson } from "../../http/exact-json.ts";
import { ErpFault } from "../erp-sink.ts";
import type { SapClient } from "./client.ts";
import { dayOfDateTime } from "./days.ts";
import { MAX_PAGES, PAGE_ROWS } from "./limits.ts";

/** Questions by OData 2.0, and how its answers are read. */

export const ODATA_ROOT = "/sap/opu/odata/sap";

export type Row = Readonly<Record<string, unknown>>;

export interface Question {
  readonly operation: string;
  /** Service and entity set: "API_BUSINESS_PARTNER/A_BusinessPartner". */
  readonly entity: string;
  readonly filter: string;
  /** All fields where it is empty. */
  readonly select?: readonly string[];
  readonly expand?: readonly string[];
  /** Key of the rows, so that none is missed between two pages. */
  readonly orderBy: readonly string[];
  readonly signal: AbortSignal;
}

const rowSchema = z.record(z.string(), z.unknown());
const pageSchema = z.looseObject({ d: z.looseObject({ results: z.array(rowSchema) }) });
const entitySchema = z.looseObject({ d: rowSchema });

/** A text in a question. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A condition that a field has one of some values. */
export function oneOf(field: string, values: readonly string[]): string {
  return values.map((value) => `${field} eq ${quoted(value)}`).join(" or ");
}

/** All rows of a question. */
export async function query(client: SapClient, question: Question): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const next = await queryPage(client, question, page * PAGE_ROWS);
    rows.push(...next);
    if (next.length < PAGE_ROWS) return rows;
  }
  throw new ErpFault("validation", `a question has more than ${MAX_PAGES} pages of rows`);
}

/** One page of a question; the last one has fewer rows than `top`. */
export async function queryPage(
  client: SapClient,
  { operation, entity, filter, select = [], expand = [], orderBy, signal }: Question,
  skip: number,
  top = PAGE_ROWS,
): Promise<readonly Row[]> {
  const parameters = [
    ["$filter", filter],
    ["$select", select.join(",")],
    ["$expand", expand.join(",")],
    ["$orderby", orderBy.join(",")],
    ["$top", String(top)],
    ["$skip", skip === 0 ? "" : String(skip)],
    ["$format", "json"],
  ] as const;
  const text = parameters
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
  const reply = await client.send({
    operation,
    method: "GET",
    path: `${ODATA_ROOT}/${entity}?${text}`,
    effect: "read",
    signal,
  });
  const parsed = pageSchema.safeParse(readJson(reply.text, "SAP"));
  if (!parsed.success) throw new ErpFault("transient", "SAP's answer to a question can't be read");
  return parsed.data.d.results;
}

/** The entity of an answer to a creation. Undefined where it can't be read. */
export function entityOf(text: string): Row | undefined {
  let body: unknown;
  try {
    body = readExactJson(text);
  } catch {
    return undefined;
  }
  const parsed = entitySchema.safeParse(body);
  return parsed.success ? parsed.data.d : undefined;
}

/** A field's text; "" for null. Throws ErpFault `transient` where it is missing or no text. */
export function textIn(row: Row, field: string): string {
  const value = row[field];
  if (value === null) return "";
  if (typeof value !== "string") throw unreadable(field);
  return value;
}

export function flagIn(row: Row, field: string): boolean {
  const value = row[field];
  if (typeof value !== "boolean") throw unreadable(field);
  return value;
}

export function dayIn(row: Row, field: string): string | null {
  const day = dayOfDateTime(row[field]);
  if (day === undefined) throw unreadable(field);
  return day;
}

/** Rows that a question brought along (`$expand`); empty where there are none. */
export function rowsIn(row: Row | undefined, field: string): readonly Row[] {
  const parsed = z.looseObject({ results: z.array(rowSchema) }).safeParse(row?.[field]);
  return parsed.success ? parsed.data.results : [];
}

export function rowIn(row: Row, field: string): Row | undefined {
  const parsed = rowSchema.safeParse(row[field]);
  return parsed.success ? parsed.data : undefined;
}

/** What a change of the entity must name, so that nobody else's change is lost; undefined where SAP gives none. */
export function etagOf(row: Row): string | undefined {
  const etag = rowIn(row, "__metadata")?.["etag"];
  return typeof etag === "string" ? etag : undefined;
}

function unreadable(field: string): ErpFault {
  return new ErpFault("transient", `SAP's field ${field} can't be read`);
}
