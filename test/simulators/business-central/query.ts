import { COMPARISONS } from "../common/odata-comparisons.ts";
import { scaled } from "../exact-numbers.ts";
import type { Entity, Field } from "./definitions.ts";
import { badRequest, BusinessCentralError } from "./errors.ts";

/** What a GET asks for, as far as Business Central understands OData. */
export interface Query {
  readonly matches: (values: Readonly<Record<string, string | boolean>>) => boolean;
  /** Undefined: all fields. */
  readonly select: readonly string[] | undefined;
  readonly expand: readonly string[];
  readonly top: number;
  readonly skip: number;
}

type Matcher = Query["matches"];
type Value = string | boolean | undefined;

const OPTIONS: ReadonlySet<string> = new Set(["$filter", "$select", "$expand", "$top", "$skiptoken"]);
const TOKEN =
  /\s*(?:'((?:[^']|'')*)'|(\d{4}-\d\d-\d\dT[\d:.]+Z|\d{4}-\d\d-\d\d(?![\dA-Za-z-])|[0-9a-f]{8}-[0-9a-f-]{27}|-?\d+(?:\.\d+)?)|([A-Za-z][A-Za-z0-9_]*)|([(),]))/iy;

interface Token {
  readonly text: string;
  readonly kind: "quoted" | "literal" | "word" | "symbol";
}

/** Throws the API's error where the question can't be understood, or asks for what Business Central can't. */
export function queryOf(parameters: URLSearchParams, entity: Entity): Query {
  for (const name of parameters.keys())
    if (!OPTIONS.has(name) || parameters.getAll(name).length > 1)
      throw badRequest(`The query parameter '${name}' is not supported.`);
  const filter = parameters.get("$filter");
  return {
    matches: filter === null ? () => true : new FilterReader(filter, entity).read(),
    select: parameters
      .get("$select")
      ?.split(",")
      .map((name) => checkedName(name, entity)),
    expand: (parameters.get("$expand")?.split(",") ?? []).map((name) => {
      if (!Object.hasOwn(entity.nested, name))
        throw badRequest(`Could not find a property named '${name}' on type 'Microsoft.NAV.${entity.type}'.`);
      return name;
    }),
    top: countOf(parameters, "$top", Number.MAX_SAFE_INTEGER),
    skip: countOf(parameters, "$skiptoken", 0),
  };
}

function countOf(parameters: URLSearchParams, name: string, otherwise: number): number {
  const text = parameters.get(name);
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`Invalid value '${text}' for ${name}.`);
  return Number(text);
}

function checkedName(name: string, entity: Entity): string {
  if (!Object.hasOwn(entity.fields, name))
    throw badRequest(`Could not find a property named '${name}' on type 'Microsoft.NAV.${entity.type}'.`);
  return name;
}

class FilterReader {
  readonly #tokens: readonly Token[];
  readonly #entity: Entity;
  readonly #text: string;
  #at = 0;

  constructor(text: string, entity: Entity) {
    this.#text = text;
    this.#entity = entity;
    const tokens: Token[] = [];
    const trimmed = text.trim();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < trimmed.length) {
      const match = TOKEN.exec(trimmed);
      if (match === null) throw this.#notUnderstood();
      const [, quoted, literal, word, symbol] = match;
      if (quoted !== undefined) tokens.push({ text: quoted.replaceAll("''", "'"), kind: "quoted" });
      else if (literal !== undefined) tokens.push({ text: literal, kind: "literal" });
      else if (word !== undefined) tokens.push({ text: word, kind: "word" });
      else tokens.push({ text: symbol ?? "", kind: "symbol" });
    }
    this.#tokens = tokens;
  }

  read(): Matcher {
    const { matches } = this.#either();
    if (this.#at < this.#tokens.length) throw this.#notUnderstood();
    return matches;
  }

  /** Alternatives of one field only. */
  #either(): { readonly matches: Matcher; readonly fields: ReadonlySet<string> } {
    const parts = [this.#both()];
    while (this.#take("or")) parts.push(this.#both());
    const fields = new Set(parts.flatMap((part) => [...part.fields]));
    if (parts.length > 1 && fields.size > 1)
      throw badRequest("The 'OR' operator is not supported on distinct fields on an OData filter.");
    return { matches: (values) => parts.some(({ matches }) => matches(values)), fields };
  }

  #both(): { readonly matches: Matcher; readonly fields: ReadonlySet<string> } {
    const parts = [this.#condition()];
    while (this.#take("and")) parts.push(this.#condition());
    return {
      matches: (values) => parts.every(({ matches }) => matches(values)),
      fields: new Set(parts.flatMap((part) => [...part.fields])),
    };
  }

  #condition(): { readonly matches: Matcher; readonly fields: ReadonlySet<string> } {
    if (this.#take("(")) {
      const inner = this.#either();
      this.#must(")");
      return inner;
    }
    if (this.#take("startswith")) {
      this.#must("(");
      const name = this.#fieldName();
      this.#must(",");
      const start = this.#next();
      this.#must(")");
      if (start.kind !== "quoted") throw this.#notUnderstood();
      const wanted = start.text.toUpperCase();
      return {
        matches: (values) => textIn(values[name]).toUpperCase().startsWith(wanted),
        fields: new Set([name]),
      };
    }
    const name = this.#fieldName();
    const operator = this.#next().text;
    const field = this.#entity.fields[name];
    const literal = this.#next();
    if (field === undefined || !isLiteralOf(literal, field)) throw this.#notUnderstood();
    return { matches: comparison(name, operator, literal.text, field, this.#text), fields: new Set([name]) };
  }

  #fieldName(): string {
    const { text, kind } = this.#next();
    if (kind !== "word") throw this.#notUnderstood();
    return checkedName(text, this.#entity);
  }

  #take(text: string): boolean {
    const token = this.#tokens[this.#at];
    const isThere = token !== undefined && token.kind !== "quoted" && token.text === text;
    if (isThere) this.#at += 1;
    return isThere;
  }

  #must(text: string): void {
    if (!this.#take(text)) throw this.#notUnderstood();
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#notUnderstood();
    return token;
  }

  #notUnderstood(): BusinessCentralError {
    return new BusinessCentralError(
      400,
      "BadRequest_InvalidRequestUrl",
      `Bad Request - Error in query syntax: ${this.#text.slice(0, 200)}`,
    );
  }
}

/** Texts are quoted; dates, ids and numbers are not. */
function isLiteralOf({ text, kind }: Token, field: Field): boolean {
  switch (field.kind) {
    case "code":
    case "text":
    case "enum":
      return kind === "quoted";
    case "guid":
      return kind === "literal" && text.length === 36;
    case "date":
      return kind === "literal" && /^\d{4}-\d\d-\d\d$/.test(text);
    case "datetime":
      return kind === "literal" && text.endsWith("Z");
    case "boolean":
      return kind === "word" && (text === "true" || text === "false");
    case "decimal":
    case "integer":
    default:
      return kind === "literal" && /^-?\d+(\.\d+)?$/.test(text);
  }
}

function comparison(name: string, operator: string, wanted: string, field: Field, filter: string): Matcher {
  const isNumber = field.kind === "decimal" || field.kind === "integer";
  const order = (value: Value): number => {
    const found = textIn(value);
    if (isNumber) {
      const [one, other] = [scaled(found === "" ? "0" : found), scaled(wanted)];
      return Number(one > other) - Number(one < other);
    }
    // Codes and texts are compared without regard to case.
    const [one, other] =
      field.kind === "code" || field.kind === "text"
        ? [found.toUpperCase(), wanted.toUpperCase()]
        : [found, wanted];
    return Number(one > other) - Number(one < other);
  };
  const holds = COMPARISONS.get(operator);
  if (holds === undefined) throw badRequest(`The filter can't be understood: ${filter.slice(0, 200)}`);
  return (values) => holds(order(values[name]));
}

function textIn(value: Value): string {
  return value === undefined ? "" : String(value);
}
