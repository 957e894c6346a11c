import { isJsonNumber } from "../../model/decimal.ts";

/**
 * JSON whose numbers are decimals: they never become binary floats. A number is written from its text (`decimal`) and read
 * as its text.
 */

/** A number in JSON, by its text. */
export class JsonDecimal {
  readonly text: string;

  /** Throws RangeError for what is not a number by the JSON grammar. */
  constructor(text: string) {
    if (!isJsonNumber(text)) throw new RangeError(`${JSON.stringify(text)} is no number`);
    this.text = text;
  }
}

export type ExactJson =
  | string
  | boolean
  | null
  | JsonDecimal
  | readonly ExactJson[]
  | { readonly [name: string]: ExactJson | undefined };

/** Writes a value; members that are undefined are left out. */
export function writeExactJson(value: ExactJson): string {
  if (value instanceof JsonDecimal) return value.text;
  if (isList(value)) return `[${value.map(writeExactJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members: string[] = [];
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${writeExactJson(member)}`);
  return `{${members.join(",")}}`;
}

/** `Array.isArray` does not tell read-only lists. */
function isList(value: ExactJson): value is readonly ExactJson[] {
  return Array.isArray(value);
}

/** A text, or a number outside of one. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Reads JSON with every number as its text. Throws SyntaxError for what is no JSON; who needs a number has to check that
 * the text is one, since a text in its place looks the same.
 */
export function readExactJson(text: string): unknown {
  // Checks the grammar; the values are not used.
  JSON.parse(text);
  return JSON.parse(text.replaceAll(TOKEN, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}
