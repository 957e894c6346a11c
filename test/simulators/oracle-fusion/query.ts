import { refused } from "./errors.ts";

/** Conditions of the parameter `q` from framework version 2 on: comparisons with `and`, `or` and parentheses. */

export type Attributes = Readonly<Record<string, unknown>>;
export type Condition = (item: Attributes) => boolean;

const TOKEN = /\s*(?:('(?:[^']|'')*')|(>=|<=|!=|<>|=|>|<|\(|\))|([A-Za-z_][A-Za-z0-9_]*)|(-?\d+(?:\.\d+)?))/y;

interface Token {
  readonly kind: "text" | "sign" | "word" | "number";
  readonly text: string;
}

function tokens(q: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (end < q.trimEnd().length) {
    const match = TOKEN.exec(q);
    if (match === null) throw bad(q);
    const [, quoted, sign, word, number] = match;
    if (quoted !== undefined) found.push({ kind: "text", text: quoted.slice(1, -1).replaceAll("''", "'") });
    else if (sign !== undefined) found.push({ kind: "sign", text: sign });
    else if (word !== undefined) found.push({ kind: "word", text: word });
    else found.push({ kind: "number", text: number ?? "" });
    end = TOKEN.lastIndex;
  }
  return found;
}

function bad(q: string): Error {
  return refused(`URL request parameter q=${q} cannot be parsed.`);
}

/** @param attributes names that may be asked about */
export function parseQuery(q: string, attributes: ReadonlySet<string>): Condition {
  const all = tokens(q);
  let place = 0;
  const next = (): Token | undefined => all[place];
  const take = (): Token => {
    const token = all[place];
    if (token === undefined) throw bad(q);
    place += 1;
    return token;
  };
  const isWord = (word: string): boolean => {
    const token = next();
    return token?.kind === "word" && token.text.toLowerCase() === word;
  };
  const either = (): Condition => {
    const parts = [both()];
    while (isWord("or")) {
      take();
      parts.push(both());
    }
    return (item) => parts.some((part) => part(item));
  };
  const both = (): Condition => {
    const parts = [one()];
    while (isWord("and")) {
      take();
      parts.push(one());
    }
    return (item) => parts.every((part) => part(item));
  };
  const one = (): Condition => {
    const first = take();
    if (first.kind === "sign" && first.text === "(") {
      const inner = either();
      if (take().text !== ")") throw bad(q);
      return inner;
    }
    if (first.kind !== "word") throw bad(q);
    if (!attributes.has(first.text))
      throw refused(
        `URL request parameter q=${q} cannot be used: the attribute ${first.text} does not exist.`,
      );
    const operator = take();
    const value = take();
    if (value.kind !== "text" && value.kind !== "number") throw bad(q);
    return comparison(first.text, operator.text.toLowerCase(), value.text, q);
  };
  const condition = either();
  if (next() !== undefined) throw bad(q);
  return condition;
}

function comparison(attribute: string, operator: string, value: string, q: string): Condition {
  const textOf = (item: Attributes): string | null => {
    const found = item[attribute];
    if (typeof found === "string") return found;
    const number: unknown =
      typeof found === "object" && found !== null ? Reflect.get(found, "$number") : undefined;
    return typeof number === "string" ? number : null;
  };
  switch (operator) {
    case "=":
      return (item) => textOf(item) === value;
    case ">=":
      return (item) => (textOf(item) ?? "") >= value;
    case "like": {
      // "%" stands for any characters, "_" for one.
      const pattern = value
        .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll("%", ".*")
        .replaceAll("_", ".");
      const expression = new RegExp(`^${pattern}$`, "su");
      return (item) => expression.test(textOf(item) ?? "");
    }
    default:
      throw bad(q);
  }
}
