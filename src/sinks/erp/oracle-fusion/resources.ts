import { readForm } from "../common/read-answer.ts";
import { z } from "zod";
import { ErpFault } from "../erp-sink.ts";
import type { OracleClient } from "./client.ts";
import { MAX_PAGES, PAGE_ITEMS } from "./limits.ts";

/** Addresses of resources, questions about them, and lists of answers. */

export const FINANCIALS = "/fscmRestApi/resources/11.13.18.05";
export const PARTIES = "/crmRestApi/resources/11.13.18.05";

/** A text in a question. What we ask about has no quotes of its own but for what a mapping names; those are doubled. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

const pageSchema = z.looseObject({ items: z.array(z.unknown()), hasMore: z.boolean().nullish() });

export interface Question {
  readonly operation: string;
  /** Address without its query. */
  readonly path: string;
  /** Condition, as `q` of framework version 2 and later takes it. */
  readonly q?: string;
  /** Other parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Page {
  readonly items: readonly unknown[];
  readonly hasMore: boolean;
}

/** One page of a list. */
export async function readPage(
  client: OracleClient,
  { operation, path, q, parameters, signal }: Question,
  offset: number,
): Promise<Page> {
  const query = new URLSearchParams({
    ...(q !== undefined && { q }),
    ...parameters,
    onlyData: "true",
    limit: String(PAGE_ITEMS),
    offset: String(offset),
  });
  // Blanks as %20: "+" is not understood everywhere.
  const text = query.toString().replaceAll("+", "%20");
  const body = await client.rest({ operation, method: "GET", path: `${path}?${text}`, signal });
  const { items, hasMore } = parsed(pageSchema, body, "list");
  return { items, hasMore: hasMore === true && items.length > 0 };
}

/** All items. What is asked for must have an order, so that no item is missed between two pages. */
export async function readAll(client: OracleClient, question: Question): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, hasMore } = await readPage(client, question, all.length);
    all.push(...items);
    if (!hasMore) return all;
  }
  throw new ErpFault("validation", `a question has more than ${MAX_PAGES} pages of items`);
}

/** A child of a record: a list, or a page of one. */
export const childSchema = z
  .union([
    z.array(z.unknown()).transform((items) => ({ items, hasMore: false })),
    z
      .looseObject({ items: z.array(z.unknown()), hasMore: z.boolean().nullish() })
      .transform(({ items, hasMore }) => ({ items, hasMore: hasMore === true })),
  ])
  .nullish();

/** Throws ErpFault `transient` for what has not the form. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  what: string,
): z.output<Schema> {
  return readForm(schema, body, `Oracle's ${what}`);
}
