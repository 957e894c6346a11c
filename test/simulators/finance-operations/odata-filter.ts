import { COMPARISONS } from "../common/odata-comparisons.ts";
import { scaled } from "../exact-numbers.ts";
import { textOf, type Row } from "./books.ts";
import type { EntityDefinition } from "./entity-definitions.ts";
import { badQuery } from "./errors.ts";

/** `$filter`: comparisons joined by `and`, `or` and brackets. A text that is compared with `eq` may have `*` for any characters. */

export type Filter = (row: Row) => boolean;

const TOKEN = /\s*(\(|\)|'(?:[^']|'')*'|[A-Za-z_][\w.]*|-?\d[\w.:+-]*)/y;

export function parsedFilter(text: string, entity: EntityDefinition): Filter {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = (): string | undefined => tokens[at];
  const take = (): string => {
    const token = tokens[at];
    if (token === undefined) throw badQuery(`Syntax error: the filter ends too early: ${text}`);
    at += 1;
    return token;
  };

  const either = (): Filter => {
    let left = both();
    while (peek() === "or") {
      take();
      const [one, other] = [left, both()];
      left = (row) => one(row) || other(row);
    }
    return left;
  };
  const both = (): Filter => {
    let left = single();
    while (peek() === "and") {
      take();
      const [one, other] = [left, single()];
      left = (row) => one(row) && other(row);
    }
    return left;
  };
  const single = (): Filter => {
    if (peek() === "(") {
      take();
      const inner = either();
      if (take() !== ")") throw badQuery(`Syntax error: a bracket is not closed in ${text}`);
      return inner;
    }
    return comparison(take(), take(), take(), entity);
  };

  const filter = either();
  if (at < tokens.length) throw badQuery(`Syntax error: unexpected ${tokens[at]} in ${text}`);
  return filter;
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match?.[1] === undefined) throw badQuery(`Syntax error in the filter: ${text}`);
    tokens.push(match[1]);
  }
  return tokens;
}

function comparison(name: string, operator: string, literal: string, entity: EntityDefinition): Filter {
  const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined;
  if (field === undefined)
    throw badQuery(`Could not find a property named '${name}' on type '${entity.type}'.`);
  const holds = COMPARISONS.get(operator);
  if (holds === undefined) throw badQuery(`Syntax error: unknown operator ${operator}.`);
  const isText = ["string", "enum", "NoYes"].includes(field.type);
  if (isText !== literal.startsWith("'"))
    throw badQuery(`A binary operator with incompatible types was detected: ${name} ${operator} ${literal}.`);
  const wanted = isText ? literal.slice(1, -1).replaceAll("''", "'") : literal;
  if (isText && operator === "eq" && wanted.includes("*")) {
    const pattern = new RegExp(`^${wanted.split("*").map(escaped).join(".*")}$`, "is");
    return (row) => pattern.test(textOf(row[name]));
  }
  const compare = comparatorOf(field.type);
  return (row) => holds(compare(textOf(row[name]), wanted));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function comparatorOf(type: string): (one: string, other: string) => number {
  if (type === "decimal" || type === "int64")
    return (one, other) => {
      const difference = scaled(one === "" ? "0" : one) - scaled(other);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    };
  if (type === "date") return (one, other) => Date.parse(one) - Date.parse(other);
  return (one, other) => {
    const [a, b] = [one.toLowerCase(), other.toLowerCase()];
    return a < b ? -1 : a > b ? 1 : 0;
  };
}
