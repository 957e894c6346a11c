import { QueryError, tokensOf, type Token } from "./tokens.ts";

/** A column, by the alias of its table where that is written. */
export interface ColumnName {
  readonly kind: "column";
  readonly table: string | undefined;
  readonly name: string;
}
export type Scalar =
  | ColumnName
  | { readonly kind: "display"; readonly column: ColumnName }
  | { readonly kind: "to-char"; readonly column: ColumnName; readonly format: string };
export type Value =
  | Scalar
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "date"; readonly text: string; readonly format: string };

export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | { readonly kind: "compare"; readonly left: Scalar; readonly operator: string; readonly right: Value }
  | { readonly kind: "in"; readonly left: Scalar; readonly values: readonly Value[] }
  | {
      readonly kind: "like";
      readonly left: Scalar;
      readonly pattern: string;
      readonly escape: string | undefined;
    }
  | { readonly kind: "null"; readonly left: Scalar };

export interface Join {
  readonly table: string;
  readonly alias: string;
  readonly isOuter: boolean;
  readonly left: ColumnName;
  readonly right: ColumnName;
}

export interface Query {
  readonly columns: readonly { readonly value: Scalar; readonly alias: string }[];
  readonly table: string;
  readonly alias: string;
  readonly joins: readonly Join[];
  readonly where: Condition | undefined;
  readonly orderBy: readonly { readonly value: Scalar; readonly isDescending: boolean }[];
}

const KEYWORDS = new Set(
  "select from where and or not in like is null as order by asc desc join inner left outer on between escape group having union distinct limit fetch".split(
    " ",
  ),
);
/** The database refuses longer lists (ORA-01795). */
const MAX_LIST_LENGTH = 1_000;

/** The subset of SuiteQL that integrations use: one SELECT with joins on equality. Throws QueryError. */
export function parseQuery(text: string): Query {
  return new Parser(tokensOf(text)).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    this.#expectWord("select");
    const columns = this.#list(() => {
      const value = this.#scalar();
      if (this.#takeWord("as")) return { value, alias: this.#name() };
      const isNamed = this.#peek()?.kind === "word" && !this.#isKeyword();
      return { value, alias: isNamed ? this.#name() : aliasOf(value) };
    });
    this.#expectWord("from");
    const { table, alias } = this.#tableName();
    const joins: Join[] = [];
    for (let join = this.#join(); join !== undefined; join = this.#join()) joins.push(join);
    const where = this.#takeWord("where") ? this.#or() : undefined;
    const orderBy = this.#orderBy();
    if (this.#peek() !== undefined) throw unsupported();
    return { columns, table, alias, joins, where, orderBy };
  }

  #join(): Join | undefined {
    const isOuter = this.#takeWord("left");
    if (isOuter) this.#takeWord("outer");
    else if (this.#takeWord("inner")) {
      if (!this.#isWord("join")) throw unsupported();
    } else if (!this.#isWord("join")) return undefined;
    this.#expectWord("join");
    const { table, alias } = this.#tableName();
    this.#expectWord("on");
    const hasBrackets = this.#takeSymbol("(");
    const left = this.#column();
    this.#expectSymbol("=");
    const right = this.#column();
    if (hasBrackets) this.#expectSymbol(")");
    return { table, alias, isOuter, left, right };
  }

  #orderBy(): Query["orderBy"] {
    if (!this.#takeWord("order")) return [];
    this.#expectWord("by");
    return this.#list(() => {
      const value = this.#scalar();
      const isDescending = this.#takeWord("desc");
      if (!isDescending) this.#takeWord("asc");
      return { value, isDescending };
    });
  }

  #or(): Condition {
    const parts = [this.#and()];
    while (this.#takeWord("or")) parts.push(this.#and());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "or", parts };
  }

  #and(): Condition {
    const parts = [this.#condition()];
    while (this.#takeWord("and")) parts.push(this.#condition());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "and", parts };
  }

  #condition(): Condition {
    if (this.#takeWord("not")) return { kind: "not", part: this.#condition() };
    if (this.#takeSymbol("(")) {
      const inner = this.#or();
      this.#expectSymbol(")");
      return inner;
    }
    const left = this.#scalar();
    if (this.#takeWord("is")) {
      const isNegated = this.#takeWord("not");
      this.#expectWord("null");
      return negated({ kind: "null", left }, isNegated);
    }
    const isNegated = this.#takeWord("not");
    if (this.#takeWord("in")) {
      this.#expectSymbol("(");
      const values = this.#list(() => this.#value());
      this.#expectSymbol(")");
      if (values.length > MAX_LIST_LENGTH)
        throw new QueryError("maximum number of expressions in a list is 1000");
      return negated({ kind: "in", left, values }, isNegated);
    }
    if (this.#takeWord("like")) {
      const pattern = this.#string();
      const escape = this.#takeWord("escape") ? this.#string() : undefined;
      return negated({ kind: "like", left, pattern, escape }, isNegated);
    }
    if (isNegated) throw unsupported();
    const operator = this.#next();
    if (operator.kind !== "symbol" || !COMPARISONS.has(operator.text)) throw unsupported();
    return { kind: "compare", left, operator: operator.text, right: this.#value() };
  }

  #value(): Value {
    const token = this.#peek();
    if (token?.kind === "string" || token?.kind === "number") {
      this.#at += 1;
      return { kind: "literal", text: token.text };
    }
    if (!this.#isWord("to_date") && !this.#isWord("to_timestamp")) return this.#scalar();
    this.#at += 1;
    this.#expectSymbol("(");
    const text = this.#string();
    this.#expectSymbol(",");
    const format = this.#string();
    this.#expectSymbol(")");
    return { kind: "date", text, format };
  }

  #scalar(): Scalar {
    if (this.#takeWord("builtin.df")) {
      this.#expectSymbol("(");
      const column = this.#column();
      this.#expectSymbol(")");
      return { kind: "display", column };
    }
    if (this.#takeWord("to_char")) {
      this.#expectSymbol("(");
      const column = this.#column();
      this.#expectSymbol(",");
      const format = this.#string();
      this.#expectSymbol(")");
      return { kind: "to-char", column, format };
    }
    return this.#column();
  }

  #column(): ColumnName {
    const token = this.#next();
    if (token.kind !== "word" || KEYWORDS.has(token.text.toLowerCase()) || this.#isSymbol("("))
      throw unsupported();
    const [first = "", second] = token.text.toLowerCase().split(".");
    return second === undefined
      ? { kind: "column", table: undefined, name: first }
      : { kind: "column", table: first, name: second };
  }

  #tableName(): { readonly table: string; readonly alias: string } {
    const table = this.#name();
    if (this.#takeWord("as")) return { table, alias: this.#name() };
    return this.#peek()?.kind === "word" && !this.#isKeyword()
      ? { table, alias: this.#name() }
      : { table, alias: table };
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== "word" || token.text.includes(".")) throw unsupported();
    return token.text.toLowerCase();
  }

  #string(): string {
    const token = this.#next();
    if (token.kind !== "string") throw unsupported();
    return token.text;
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.#takeSymbol(",")) items.push(item());
    return items;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw unsupported();
    return token;
  }

  #isKeyword(): boolean {
    return KEYWORDS.has(this.#peek()?.text.toLowerCase() ?? "");
  }

  #isWord(word: string): boolean {
    const token = this.#peek();
    return token?.kind === "word" && token.text.toLowerCase() === word;
  }

  #isSymbol(symbol: string): boolean {
    const token = this.#peek();
    return token?.kind === "symbol" && token.text === symbol;
  }

  #takeWord(word: string): boolean {
    const isThere = this.#isWord(word);
    if (isThere) this.#at += 1;
    return isThere;
  }

  #takeSymbol(symbol: string): boolean {
    const isThere = this.#isSymbol(symbol);
    if (isThere) this.#at += 1;
    return isThere;
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) throw unsupported();
  }

  #expectSymbol(symbol: string): void {
    if (!this.#takeSymbol(symbol)) throw unsupported();
  }
}

const COMPARISONS = new Set(["=", "<>", "!=", "<", "<=", ">", ">="]);

function negated(part: Condition, isNegated: boolean): Condition {
  return isNegated ? { kind: "not", part } : part;
}

function aliasOf(value: Scalar): string {
  // What has no name of its own is called by its place in NetSuite; queries of integrations name it.
  return value.kind === "column" ? value.name : "expr1";
}

function unsupported(): QueryError {
  return new QueryError("Invalid or unsupported search");
}
