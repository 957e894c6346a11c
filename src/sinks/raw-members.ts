const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/**
 * The values of some members of a canonical JSON object as they stand in the text, quotes and escapes included, without
 * reading the others: so a text is passed on character by character.
 * @param names in the order in which the object has them; none of them needs an escape
 * @returns undefined where the text is not like that, or a value is not a string
 */
export function rawTexts(body: string, names: readonly string[]): readonly string[] | undefined {
  if (body[0] !== "{") return undefined;
  const found: string[] = [];
  for (let at = 1; ; at++) {
    const nameEnd = endOfString(body, at);
    if (nameEnd === -1 || body.charCodeAt(nameEnd) !== COLON) return undefined;
    const valueEnd = endOfValue(body, nameEnd + 1);
    if (valueEnd === -1) return undefined;
    const wanted = names[found.length] ?? "";
    if (nameEnd - at === wanted.length + 2 && body.startsWith(wanted, at + 1)) {
      if (body.charCodeAt(nameEnd + 1) !== QUOTE) return undefined;
      found.push(body.slice(nameEnd + 1, valueEnd));
      if (found.length === names.length) return found;
    }
    at = valueEnd;
    if (body.charCodeAt(at) !== COMMA) return undefined;
  }
}

/** Index behind the string that begins at `from`; −1 where none does. */
function endOfString(body: string, from: number): number {
  if (body.charCodeAt(from) !== QUOTE) return -1;
  for (let end = body.indexOf('"', from + 1); end !== -1; end = body.indexOf('"', end + 1)) {
    let first = end;
    while (body.charCodeAt(first - 1) === BACKSLASH) first--;
    // A quote behind an odd number of backslashes is one of the string's characters.
    if ((end - first) % 2 === 0) return end + 1;
  }
  return -1;
}

/** Index behind the value that begins at `from`; −1 where it has no end. */
function endOfValue(body: string, from: number): number {
  if (body.charCodeAt(from) === QUOTE) return endOfString(body, from);
  let depth = 0;
  for (let at = from; at < body.length; at++) {
    const character = body[at];
    if (character === '"') {
      at = endOfString(body, at) - 1;
      if (at < 0) return -1;
    } else if (character === "{" || character === "[") depth++;
    else if (depth > 0) depth -= character === "}" || character === "]" ? 1 : 0;
    else if (character === "," || character === "}") return at;
    if (depth === 0 && (character === "}" || character === "]")) return at + 1;
  }
  return -1;
}
