import { scaled } from "../../exact-numbers.ts";
import type { Books } from "../transaction-rules.ts";
import type { Cell, ColumnType } from "./columns.ts";
import { accountDate, readDate, writeDate } from "./dates.ts";
import {
  parseQuery,
  type ColumnName,
  type Condition,
  type Query,
  type Scalar,
  type Value,
} from "./parser.ts";
import { tableOf, type Row, type Table } from "./tables.ts";
import { QueryError } from "./tokens.ts";

/** A row of the joined tables, by alias; null where an outer join found nothing. */
type JoinedRow = ReadonlyMap<string, Row | null>;

/** Rows of a query: values as texts, by column names in lower case; what has no value is left out. Throws QueryError. */
export function executeQuery(text: string, books: Books): readonly Readonly<Record<string, string>>[] {
  return new Execution(parseQuery(text), books).rows();
}

class Execution {
  readonly #query: Query;
  readonly #tables = new Map<string, Table>();
  /** Whose a column is, worked out once. */
  readonly #aliases = new Map<ColumnName, string>();

  constructor(query: Query, books: Books) {
    this.#query = query;
    for (const { table, alias } of [query, ...query.joins]) {
      const found = tableOf(table, books);
      if (found === undefined) throw new QueryError(`Record '${table}' was not found`);
      if (this.#tables.has(alias)) throw new QueryError("Invalid or unsupported search");
      this.#tables.set(alias, found);
    }
  }

  rows(): readonly Readonly<Record<string, string>>[] {
    const { columns, where, orderBy } = this.#query;
    for (const { value } of [...columns, ...orderBy]) this.#typeOf(value);
    const matches = where === undefined ? () => true : this.#predicate(where);
    const found = this.#joined().filter(matches);
    if (orderBy.length > 0) found.sort((one, other) => this.#compareRows(one, other));
    return found.map((row) => {
      const item: Record<string, string> = {};
      for (const { value, alias } of columns) {
        const cell = this.#cell(row, value);
        if (cell !== null) item[alias] = this.#shown(value, cell);
      }
      return item;
    });
  }

  #joined(): JoinedRow[] {
    const { alias, joins } = this.#query;
    let rows: JoinedRow[] = [...(this.#tables.get(alias)?.rows() ?? [])].map(
      (row) => new Map([[alias, row]]),
    );
    for (const join of joins) {
      const isLeftOwn = this.#aliasOf(join.left) === join.alias;
      const own = isLeftOwn ? join.left : join.right;
      const other = isLeftOwn ? join.right : join.left;
      if (this.#aliasOf(own) !== join.alias) throw new QueryError("Invalid or unsupported search");
      this.#typeOf(other);
      const byKey = new Map<string, Row[]>();
      for (const row of this.#tables.get(join.alias)?.rows() ?? []) {
        const key = row.value(own.name);
        if (key !== null) byKey.set(key, [...(byKey.get(key) ?? []), row]);
      }
      rows = rows.flatMap((row): JoinedRow[] => {
        const key = this.#cell(row, other);
        const partners: readonly (Row | null)[] = (key === null ? undefined : byKey.get(key)) ?? [];
        const kept = partners.length === 0 && join.isOuter ? [null] : partners;
        return kept.map((partner) => new Map([...row, [join.alias, partner]]));
      });
    }
    return rows;
  }

  #aliasOf(column: ColumnName): string {
    const known = this.#aliases.get(column);
    if (known !== undefined) return known;
    const { table, name } = column;
    const candidates = [...this.#tables].filter(
      ([alias, each]) => (table === undefined || alias === table) && each.typeOf(name) !== undefined,
    );
    if (candidates.length > 1) throw new QueryError(`Field '${name}' is ambiguous`);
    const [found] = candidates;
    if (found === undefined) throw new QueryError(`Unknown identifier '${name}'`);
    this.#aliases.set(column, found[0]);
    return found[0];
  }

  #typeOf(value: Scalar): ColumnType {
    const column = value.kind === "column" ? value : value.column;
    const type = this.#tables.get(this.#aliasOf(column))?.typeOf(column.name) ?? "text";
    if (value.kind === "to-char" && type !== "date") throw new QueryError("Invalid or unsupported search");
    return value.kind === "column" ? type : "text";
  }

  #cell(row: JoinedRow, value: Scalar): Cell {
    const column = value.kind === "column" ? value : value.column;
    const source = row.get(this.#aliasOf(column));
    if (source === null || source === undefined) return null;
    if (value.kind === "display") return source.display(column.name);
    const cell = source.value(column.name);
    return cell !== null && value.kind === "to-char" ? writeDate(cell, value.format) : cell;
  }

  #shown(value: Scalar, cell: string): string {
    return this.#typeOf(value) === "date" ? accountDate(cell) : cell;
  }

  /** A value that does not depend on the row, as a column of a type compares it. */
  #literal(value: Value, type: ColumnType): string | undefined {
    if (value.kind === "date") return readDate(value.text, value.format);
    if (value.kind !== "literal") return undefined;
    if (type === "date") return readDate(value.text, "MM/DD/YYYY");
    if (type === "id" && !/^\d+$/.test(value.text)) throw new QueryError("invalid number");
    if (type === "number" && !/^-?\d+(\.\d+)?$/.test(value.text)) throw new QueryError("invalid number");
    return value.text;
  }

  #predicate(condition: Condition): (row: JoinedRow) => boolean {
    switch (condition.kind) {
      case "and": {
        const parts = condition.parts.map((part) => this.#predicate(part));
        return (row) => parts.every((part) => part(row));
      }
      case "or": {
        const parts = condition.parts.map((part) => this.#predicate(part));
        return (row) => parts.some((part) => part(row));
      }
      case "not": {
        const part = this.#predicate(condition.part);
        // What has no value is neither equal nor different, so it is not found by the opposite either.
        const { part: inner } = condition;
        const left = "left" in inner && inner.kind !== "null" ? inner.left : undefined;
        return (row) => !part(row) && (left === undefined || this.#cell(row, left) !== null);
      }
      case "null":
        this.#typeOf(condition.left);
        return (row) => this.#cell(row, condition.left) === null;
      case "like": {
        this.#typeOf(condition.left);
        const pattern = likePattern(condition.pattern, condition.escape);
        return (row) => pattern.test(this.#cell(row, condition.left) ?? "\0");
      }
      case "in": {
        const type = this.#typeOf(condition.left);
        const values = condition.values.map((value) => this.#literal(value, type));
        const texts = new Set(values);
        if (texts.has(undefined)) throw new QueryError("Invalid or unsupported search");
        return (row) => {
          const cell = this.#cell(row, condition.left);
          if (cell === null) return false;
          return type === "number"
            ? values.some((value) => compare(cell, value ?? "", type) === 0)
            : texts.has(cell);
        };
      }
      case "compare":
      default: {
        const { left, operator, right } = condition;
        const type = this.#typeOf(left);
        const literal = this.#literal(right, type);
        if (right.kind !== "literal" && right.kind !== "date") this.#typeOf(right);
        return (row) => {
          const one = this.#cell(row, left);
          const other =
            literal ?? (right.kind === "literal" || right.kind === "date" ? null : this.#cell(row, right));
          return one !== null && other !== null && holds(compare(one, other, type), operator);
        };
      }
    }
  }

  #compareRows(one: JoinedRow, other: JoinedRow): number {
    for (const { value, isDescending } of this.#query.orderBy) {
      const [a, b] = [this.#cell(one, value), this.#cell(other, value)];
      // What has no value comes last.
      const order =
        a === null || b === null
          ? Number(a === null) - Number(b === null)
          : compare(a, b, this.#typeOf(value));
      if (order !== 0) return isDescending ? -order : order;
    }
    return 0;
  }
}

function compare(one: string, other: string, type: ColumnType): number {
  if (type === "id" || type === "number") {
    const difference = scaled(one) - scaled(other);
    return difference < 0n ? -1 : Number(difference > 0n);
  }
  return one < other ? -1 : Number(one > other);
}

function holds(order: number, operator: string): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      return order !== 0;
  }
}

function likePattern(pattern: string, escape: string | undefined): RegExp {
  if (escape !== undefined && escape.length !== 1)
    throw new QueryError("escape character must be character string of length 1");
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (character === escape) {
      const next = pattern[++at] ?? "";
      if (next !== "%" && next !== "_" && next !== escape)
        throw new QueryError("missing or illegal character following the escape character");
      source += literalPattern(next);
    } else if (character === "%") source += "[^]*";
    else if (character === "_") source += "[^]";
    else source += literalPattern(character);
  }
  return new RegExp(`^${source}$`);
}

function literalPattern(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|]/, "\\$&");
}
