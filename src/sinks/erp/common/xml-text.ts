/** XML 1.0 can't say these at all: a document with one of them is refused whole. */
const UNSAYABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/**
 * Text as XML has it, in elements and attributes.
 * @param replacement stands for characters that XML has no form for
 */
export function xmlText(text: string, replacement: string): string {
  return text
    .replaceAll(UNSAYABLE, replacement)
    .replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}
