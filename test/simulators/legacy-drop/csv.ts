/** RFC 4180, strictly: lines end with CRLF, quotes are doubled, and stand around whole fields only. */
export class CsvFault extends Error {}

export interface CsvField {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** The lines of a file; each, the last one too, must end with CRLF. Throws CsvFault. */
export function readCsv(text: string): readonly (readonly CsvField[])[] {
  const lines: CsvField[][] = [];
  let line: CsvField[] = [];
  let at = 0;
  while (at < text.length) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    line.push(field);
    at = field.end;
    if (text[at] === ",") at += 1;
    else if (text.startsWith("\r\n", at)) {
      lines.push(line);
      line = [];
      at += 2;
    } else throw new CsvFault(`line ${lines.length + 1} does not go on with a comma or CRLF`);
    // A comma at the end of a line has an empty field behind it.
    if (line.length > 0 && text.startsWith("\r\n", at)) {
      lines.push([...line, { text: "", isQuoted: false }]);
      line = [];
      at += 2;
    }
  }
  if (line.length > 0) throw new CsvFault("the last line does not end");
  return lines;
}

function plainField(text: string, start: number): CsvField & { readonly end: number } {
  const [field = ""] = /^[^,\r\n"]*/.exec(text.slice(start, start + MAX_FIELD_LENGTH)) ?? [];
  return { text: field, isQuoted: false, end: start + field.length };
}
/** No field of a document is longer. */
const MAX_FIELD_LENGTH = 10_000;

function quotedField(text: string, start: number): CsvField & { readonly end: number } {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 2))
    if (text[at + 1] !== '"')
      return { text: text.slice(start + 1, at).replaceAll('""', '"'), isQuoted: true, end: at + 1 };
  throw new CsvFault("a quote does not end");
}
