import { refused } from "./errors.ts";
import { type Attributes, parseQuery } from "./query.ts";

/** A resource's list: its items with their children, a page of them. */

export interface Item {
  readonly attributes: Attributes;
  /** By the names of the children. */
  readonly children: Readonly<Record<string, readonly Item[]>>;
}

export interface ListOptions {
  readonly query: URLSearchParams;
  /** Names of attributes; those of an item may lack some. */
  readonly attributes: readonly string[];
  /** Versions before 4 give children as plain lists. */
  readonly isOldFramework: boolean;
  /** Children of a page. */
  readonly childLimit: number;
}

const PARAMETERS: ReadonlySet<string> = new Set([
  "q",
  "limit",
  "offset",
  "orderBy",
  "fields",
  "expand",
  "onlyData",
  "totalResults",
]);
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 500;

export function listAnswer(items: readonly Item[], options: ListOptions): object {
  const { query, attributes } = options;
  for (const name of query.keys())
    if (!PARAMETERS.has(name)) throw refused(`URL request parameter ${name} is not known.`);
  const q = query.get("q");
  const condition = q === null ? () => true : parseQuery(q, new Set(attributes));
  const order = query.get("orderBy");
  if (order !== null && !/^\w+:(asc|desc)$/.test(order))
    throw refused(`URL request parameter orderBy=${order}.`);
  const limit = Math.min(number(query, "limit", DEFAULT_LIMIT), MAX_LIMIT);
  const offset = number(query, "offset", 0);
  const found = items.filter(({ attributes: each }) => condition(each));
  const page = found.slice(offset, offset + limit);
  return {
    items: page.map((item) => itemAnswer(item, options)),
    count: { $number: String(page.length) },
    hasMore: found.length > offset + limit,
    limit: { $number: String(limit) },
    offset: { $number: String(offset) },
  };
}

function number(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw refused(`URL request parameter ${name}=${text}.`);
  return Number(text);
}

/** An item with the children that `expand` names, and only the attributes of `fields`. */
export function itemAnswer(
  { attributes, children }: Item,
  { query, isOldFramework, childLimit }: Pick<ListOptions, "query" | "isOldFramework" | "childLimit">,
  expand = (query.get("expand") ?? "").split(",").filter((name) => name !== ""),
): object {
  const fields = query.get("fields")?.split(",");
  const shown = Object.entries(attributes).filter(([name]) => fields === undefined || fields.includes(name));
  const answer: Record<string, unknown> = Object.fromEntries(shown);
  for (const [name, items] of Object.entries(children)) {
    const within = expand
      .filter((path) => path === name || path.startsWith(`${name}.`) || path === "all")
      .map((path) => (path === "all" ? "all" : path.slice(name.length + 1)));
    if (within.length === 0) continue;
    const inner = within.filter((path) => path !== "");
    const answers = items
      .slice(0, childLimit)
      .map((item) => itemAnswer(item, { query: NO_QUERY, isOldFramework, childLimit }, inner));
    answer[name] = isOldFramework
      ? answers
      : { items: answers, count: { $number: String(answers.length) }, hasMore: items.length > childLimit };
  }
  return answer;
}

const NO_QUERY = new URLSearchParams();
