import { COMPARISONS } from "../common/odata-comparisons.ts";
import { badRequest } from "./errors.ts";
import { type EntityRow, type EntityValue, valueText } from "./odata-values.ts";

/**
 * `$filter` of OData 2.0: comparisons (eq, ne, gt, ge, lt, le) of properties with literals, startswith, and, or, not, parentheses. Whatever else is asked, and
 * properties that the type doesn't have, are refused.
 */

type Condition = (row: EntityRow) => boolean;

const TOKEN =
  /\s*(?:(datetime'[^']*')|('(?:[^']|'')*')|(\()|(\))|(,)|([A-Za-z_][A-Za-z0-9_/]*)|(-?\d+(?:\.\d+)?[dmDM]?))/y;

export function parseFilter(text: string, properties: ReadonlySet<string>): Condition {
  const tokens = tokensOf(text);
  let place = 0;
  const peek = (): string | undefined => tokens[place];
  const take = (wanted?: string): string => {
    const token = tokens[place];
    if (token === undefined || (wanted !== undefined && token !== wanted))
      throw badRequest(`Invalid filter expression at ${token ?? "its end"}`);
    place += 1;
    return token;
  };
  const property = (): string => {
    const name = take();
    if (!properties.has(name)) throw badRequest(`Property ${name} not found in filter`);
    return name;
  };
  const disjunction = (): Condition => {
    const parts = [conjunction()];
    while (peek() === "or") {
      take();
      parts.push(conjunction());
    }
    return (row) => parts.some((part) => part(row));
  };
  const conjunction = (): Condition => {
    const parts = [condition()];
    while (peek() === "and") {
      take();
      parts.push(condition());
    }
    return (row) => parts.every((part) => part(row));
  };
  const condition = (): Condition => {
    if (peek() === "(") {
      take();
      const inner = disjunction();
      take(")");
      return inner;
    }
    if (peek() === "not") {
      take();
      const inner = condition();
      return (row) => !inner(row);
    }
    if (peek() === "startswith") {
      take();
      take("(");
      const name = property();
      take(",");
      const start = literalOf(take());
      take(")");
      return (row) => valueText(row[name]).startsWith(valueText(start));
    }
    const name = property();
    const operator = take();
    const compares = COMPARISONS.get(operator);
    if (compares === undefined) throw badRequest(`Operator ${operator} is not supported`);
    const literal = literalOf(take());
    return (row) => compares(order(row[name] ?? null, literal));
  };
  const filter = disjunction();
  if (place < tokens.length) throw badRequest(`Invalid filter expression at ${tokens[place] ?? ""}`);
  return filter;
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[0].trim());
    end = TOKEN.lastIndex;
  }
  if (text.slice(end).trim() !== "")
    throw badRequest(`Invalid filter expression at ${text.slice(end, end + 20)}`);
  return tokens;
}

function literalOf(token: string): EntityValue {
  if (token === "true" || token === "false") return token === "true";
  if (token === "null") return null;
  const [, date] = /^datetime'(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}'$/.exec(token) ?? [];
  if (date !== undefined) return { date };
  if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
  throw badRequest(`Invalid literal ${token}`);
}

/** Values of two types can't be compared: SAP refuses such a filter. */
function order(value: EntityValue, literal: EntityValue): number {
  if (value === null || literal === null) return value === literal ? 0 : -1;
  const [a, b] = [valueText(value), valueText(literal)];
  if (typeof value !== typeof literal) throw badRequest("Types of a property and its literal differ");
  return a === b ? 0 : a < b ? -1 : 1;
}
