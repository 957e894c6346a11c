import { badRequest } from "./errors.ts";
import { parseFilter } from "./odata-filter.ts";
import { type EntityRow, valueText } from "./odata-values.ts";

/** Query options of OData 2.0 as SAP's gateway takes them. */

/** Rows of an entity set, with what can be brought along. */
export interface EntitySet {
  readonly properties: ReadonlySet<string>;
  readonly rows: () => readonly EntityRow[];
  /** JSON of a row with the expanded navigation properties. */
  readonly render: (row: EntityRow, expand: readonly string[]) => Record<string, unknown>;
  readonly navigation: readonly string[];
}

const OPTIONS: ReadonlySet<string> = new Set([
  "$filter",
  "$select",
  "$expand",
  "$orderby",
  "$top",
  "$skip",
  "$format",
  "$inlinecount",
]);
/** SAP's gateways refuse addresses beyond some kilobytes. */
const MAX_QUERY_CHARACTERS = 8_000;
/** More than this at once is never given. */
const MAX_ROWS = 5_000;

export function answerQuery(set: EntitySet, query: string): object {
  if (query.length > MAX_QUERY_CHARACTERS) throw badRequest("URI is too long");
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys())
    if (!OPTIONS.has(name)) throw badRequest(`Invalid system query option ${name}`);
  if (parameters.get("$format") !== "json") throw badRequest("Only $format=json is simulated");
  const names = (option: string): readonly string[] =>
    (parameters.get(option) ?? "").split(",").filter((name) => name !== "");
  const [select, expand] = [names("$select"), names("$expand")];
  const ordered = names("$orderby").map((name) => name.replace(/ asc$/, ""));
  for (const name of [...select, ...ordered])
    if (!set.properties.has(name) && !set.navigation.some((path) => path.split("/")[0] === name))
      throw badRequest(`Property ${name} not found in type`);
  for (const path of expand)
    if (!set.navigation.includes(path)) throw badRequest(`Navigation property ${path} not found in type`);
  const text = parameters.get("$filter");
  const filter = text === null ? () => true : parseFilter(text, set.properties);
  const rows = set.rows().filter(filter);
  const sorted = [...rows].sort((a, b) => {
    for (const name of ordered) {
      const [x, y] = [valueText(a[name]), valueText(b[name])];
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  });
  const [skip, top] = [whole(parameters, "$skip", 0), whole(parameters, "$top", MAX_ROWS)];
  if (top > MAX_ROWS) throw badRequest(`$top is at most ${MAX_ROWS}`);
  // Without an order, pages don't fit together.
  if (skip > 0 && ordered.length === 0) throw badRequest("$skip needs $orderby");
  return {
    d: {
      results: sorted.slice(skip, skip + top).map((row) => {
        const whole = set.render(row, expand);
        return select.length === 0
          ? whole
          : Object.fromEntries(
              Object.entries(whole).filter(
                ([name]) =>
                  name === "__metadata" ||
                  select.includes(name) ||
                  expand.some((path) => path.split("/")[0] === name),
              ),
            );
      }),
    },
  };
}

function whole(parameters: URLSearchParams, name: string, otherwise: number): number {
  const text = parameters.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`Invalid value ${text} of ${name}`);
  return Number(text);
}

/** JSON of a row's own properties: dates as "/Date(…)/". */
export function renderRow(row: EntityRow, type: string): Record<string, unknown> {
  return {
    __metadata: { type },
    ...Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        typeof value === "object" && value !== null
          ? `/Date(${Date.parse(`${value.date}T00:00:00Z`)})/`
          : value,
      ]),
    ),
  };
}
