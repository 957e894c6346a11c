/** As deep as a catalog's entities are by far; what is deeper is left to the reader that tells people about it. */
const MAX_DEPTH = 64;
/** YAML takes no longer one in braces (1,024 characters); what is near it is left to that reader. */
const MAX_KEY_LENGTH = 1_000;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Spaces, line ends and control characters are up to here. */
const LAST_BLANK = 0x20;

/**
 * Reads JSON that has no fault, with every number as its source text: some thirty times faster than the reader of YAML, which
 * includes JSON. The same values follow from both.
 * @returns undefined where the text is no JSON, is null, or names a key twice: the other reader says what is wrong, and where
 */
export function readJson(text: string): unknown {
  const quoted = quoteNumbers(text);
  if (quoted === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(quoted.text);
  } catch {
    return undefined;
  }
  // Of keys that stand twice in an object only one is left, with what is in it.
  return value === null || countKeys(value) !== quoted.keys ? undefined : value;
}

/**
 * The text with its numbers as texts, so that no digit is lost, and the number of its keys; undefined where it can't be read
 * the fast way. What is no JSON before is none afterwards.
 */
function quoteNumbers(text: string): { readonly text: string; readonly keys: number } | undefined {
  const parts: string[] = [];
  let copied = 0;
  let keys = 0;
  let depth = 0;
  /** Length of the string that was read last, where nothing but blanks has come behind it; else −1. */
  let stringLength = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end === -1) return undefined;
      stringLength = end - at;
      at = end;
      continue;
    }
    if (code <= LAST_BLANK) continue;
    if (code === COLON) {
      // A key that is a number would become a text.
      if (stringLength === -1 || stringLength > MAX_KEY_LENGTH) return undefined;
      keys += 1;
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) {
      NUMBER.lastIndex = at;
      const number = NUMBER.exec(text)?.[0];
      if (number === undefined) return undefined;
      parts.push(text.slice(copied, at), '"', number, '"');
      at += number.length - 1;
      copied = at + 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) return undefined;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    stringLength = -1;
  }
  parts.push(text.slice(copied));
  return { text: parts.join(""), keys };
}

/** Place of the quote that ends the string which begins at a place; −1 where none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** Keys of all objects in a value; NaN, which equals no count, where one would be taken for the object's prototype. */
function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item);
    return count;
  }
  for (const [key, part] of Object.entries(value))
    count += key === "__proto__" ? Number.NaN : 1 + countKeys(part);
  return count;
}
