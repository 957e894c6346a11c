import { plainText, scaled } from "../exact-numbers.ts";
import { numberOf, textOf } from "./draft.ts";
import { invalidParameter } from "./errors.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import { openAmount, referenceId, type RecordStore, type StoredRecord } from "./record-store.ts";
import { localTime, readDate } from "./suiteql/dates.ts";
import { QueryError } from "./suiteql/tokens.ts";

/** The parameter `q` of collections: conditions of a field, an operator and values, joined by AND and OR. */

type Matcher = (record: StoredRecord) => boolean;
type FilterType = "text" | "number" | "date" | "flag" | "id";

const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_.]*)|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|([()[\],]))/y;

const OPERATORS: Readonly<Record<FilterType, readonly string[]>> = {
  text: ["IS", "CONTAIN", "START_WITH", "END_WITH"],
  number: ["EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL"],
  id: ["EQUAL", "GREATER", "GREATER_OR_EQUAL", "LESS", "LESS_OR_EQUAL", "ANY_OF"],
  date: ["ON", "AFTER", "BEFORE", "ON_OR_AFTER", "ON_OR_BEFORE"],
  flag: ["IS"],
};

/** Throws the ERP's error where the filter can't be understood. */
export function filterOf(
  text: string,
  definition: RecordDefinition,
  store: RecordStore,
  utcOffsetMinutes: number,
): Matcher {
  const tokens: { readonly text: string; readonly isQuoted: boolean }[] = [];
  const trimmed = text.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (match === null) throw invalidFilter(text);
    const [, word, quoted, number, symbol] = match;
    if (quoted === undefined) tokens.push({ text: word ?? number ?? symbol ?? "", isQuoted: false });
    else tokens.push({ text: quoted.replaceAll(/\\(.)/g, "$1"), isQuoted: true });
  }
  let at = 0;
  const take = (wanted: string): boolean => {
    const token = tokens[at];
    const isThere = token !== undefined && !token.isQuoted && token.text.toUpperCase() === wanted;
    if (isThere) at += 1;
    return isThere;
  };
  const next = (): { readonly text: string; readonly isQuoted: boolean } => {
    const token = tokens[at++];
    if (token === undefined) throw invalidFilter(text);
    return token;
  };
  const either = (): Matcher => {
    const parts = [both()];
    while (take("OR")) parts.push(both());
    return (record) => parts.some((part) => part(record));
  };
  const both = (): Matcher => {
    const parts = [condition()];
    while (take("AND")) parts.push(condition());
    return (record) => parts.every((part) => part(record));
  };
  const condition = (): Matcher => {
    if (take("(")) {
      const inner = either();
      if (!take(")")) throw invalidFilter(text);
      return inner;
    }
    const field = next();
    const type = typeOfField(field.text, definition);
    if (field.isQuoted || type === undefined)
      throw invalidParameter("q", `Invalid search field '${field.text}' in the query parameter q.`);
    const given = next().text.toUpperCase();
    const value = valueReader(field.text, store, utcOffsetMinutes);
    if (given === "EMPTY" || given === "EMPTY_NOT")
      return (record) => (value(record) === undefined) === (given === "EMPTY");
    const isNegated = given.endsWith("_NOT");
    const operator = isNegated ? given.slice(0, -"_NOT".length) : given;
    if (!OPERATORS[type].includes(operator)) throw invalidFilter(text);
    const values: string[] = [];
    if (operator === "ANY_OF") {
      if (!take("[")) throw invalidFilter(text);
      do values.push(next().text);
      while (take(","));
      if (!take("]")) throw invalidFilter(text);
    } else values.push(next().text);
    const wanted = values.map((each) => literal(each, type, text));
    return (record) => {
      const found = value(record);
      return found !== undefined && wanted.some((each) => holds(found, operator, each, type)) !== isNegated;
    };
  };
  const matcher = either();
  if (at < tokens.length) throw invalidFilter(text);
  return matcher;
}

function typeOfField(name: string, definition: RecordDefinition): FilterType | undefined {
  if (name === "id") return "id";
  if (name === "createdDate" || name === "lastModifiedDate") return "date";
  if (name === "total" || name === "amountRemaining")
    return definition.transaction === null ? undefined : "number";
  const kind = definition.fields[name]?.kind;
  if (kind === "text" || kind === "date" || kind === "number") return kind;
  if (kind === "boolean") return "flag";
  return kind === "reference" ? "id" : undefined;
}

function valueReader(
  name: string,
  store: RecordStore,
  utcOffsetMinutes: number,
): (record: StoredRecord) => string | undefined {
  const day = (timeMs: number): string => localTime(timeMs, utcOffsetMinutes).slice(0, 10);
  switch (name) {
    case "id":
      return ({ id }) => id;
    case "externalId":
      return ({ externalId }) => externalId ?? undefined;
    case "createdDate":
      return ({ createdMs }) => day(createdMs);
    case "lastModifiedDate":
      return ({ modifiedMs }) => day(modifiedMs);
    case "total":
      return ({ totals }) => totals.total;
    case "amountRemaining":
      return (record) => plainText(openAmount(store, record));
    default:
      return ({ fields }) => {
        const value = fields[name];
        return textOf(value) ?? numberOf(value) ?? referenceId(value) ?? flagText(value);
      };
  }
}

function flagText(value: unknown): string | undefined {
  return typeof value === "boolean" ? String(value) : undefined;
}

function literal(text: string, type: FilterType, filter: string): string {
  try {
    if (type === "date") return readDate(text, "MM/DD/YYYY").slice(0, 10);
  } catch (error) {
    if (error instanceof QueryError) throw invalidFilter(filter);
    throw error;
  }
  if ((type === "number" || type === "id") && !/^-?\d+(\.\d+)?$/.test(text)) throw invalidFilter(filter);
  return type === "flag" ? text.toLowerCase() : text;
}

function holds(found: string, operator: string, wanted: string, type: FilterType): boolean {
  if (type === "text" || type === "flag") {
    // Texts are compared without regard to case.
    const [one, other] = [found.toLowerCase(), wanted.toLowerCase()];
    if (operator === "CONTAIN") return one.includes(other);
    if (operator === "START_WITH") return one.startsWith(other);
    return operator === "END_WITH" ? one.endsWith(other) : one === other;
  }
  const order =
    type === "date"
      ? Number(found > wanted) - Number(found < wanted)
      : Number(scaled(found) > scaled(wanted)) - Number(scaled(found) < scaled(wanted));
  switch (operator) {
    case "GREATER":
    case "AFTER":
      return order > 0;
    case "LESS":
    case "BEFORE":
      return order < 0;
    case "GREATER_OR_EQUAL":
    case "ON_OR_AFTER":
      return order >= 0;
    case "LESS_OR_EQUAL":
    case "ON_OR_BEFORE":
      return order <= 0;
    default:
      return order === 0;
  }
}

function invalidFilter(text: string): Error {
  return invalidParameter("q", `The query parameter q can not be understood: ${text.slice(0, 200)}`);
}
