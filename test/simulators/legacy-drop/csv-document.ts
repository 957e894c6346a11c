import { CsvFault, readCsv, type CsvField } from "./csv.ts";
import { DropFault, type DropDocument } from "./document.ts";
import { checkTrailer, DECIMAL_COLUMNS, documentOfRows, ROW_COLUMNS, type DropRow } from "./row-document.ts";

/** What a spreadsheet takes for the start of a formula; the wide forms too, which some of them fold. */
const FORMULA_START = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;
const NEUTRALISED = /^'(?=[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20])/;

/** A document in CSV. Throws DropFault. */
export function readCsvDocument(text: string): DropDocument {
  const [header = [], ...others] = linesOf(text);
  const trailer = others.pop() ?? [];
  const names = header.map((field) => field.text);
  // New columns come behind those that are known.
  const isKnown = ROW_COLUMNS.every(([name], place) => names[place] === name);
  if (!isKnown || new Set(names).size !== names.length)
    throw new DropFault("HEADER", "the first line must name the columns in their order");
  const document = documentOfRows(others.map((line, index) => rowOf(line, names, `row ${index + 1}`)));
  const [mark, count = "", sum = ""] = trailer.map((field) => field.text);
  if (mark !== "T" || trailer.length !== 3 || trailer.some(({ isQuoted }) => isQuoted))
    throw new DropFault("TRAILER", "the last line must be T, the number of rows and a sum");
  checkTrailer(document, count, sum);
  return document;
}

function linesOf(text: string): readonly (readonly CsvField[])[] {
  try {
    return readCsv(text);
  } catch (error) {
    if (error instanceof CsvFault) throw new DropFault("CSV", error.message);
    throw error;
  }
}

function rowOf(line: readonly CsvField[], names: readonly string[], what: string): DropRow {
  if (line.length !== names.length)
    throw new DropFault("CSV", `${what} has another number of fields than the header`);
  return Object.fromEntries(
    line.map(({ text, isQuoted }, place) => {
      const name = names[place] ?? "";
      if (DECIMAL_COLUMNS.has(name)) {
        if (isQuoted) throw new DropFault("QUOTES", `${what} has a decimal in quotes: ${name}`);
        return [name, text];
      }
      if (!isQuoted && text !== "")
        throw new DropFault("QUOTES", `${what} has a text without quotes: ${name}`);
      if (FORMULA_START.test(text))
        throw new DropFault("UNSAFE_TEXT", `${what} has a text that a spreadsheet takes for a formula`);
      return [name, text.replace(NEUTRALISED, "")];
    }),
  );
}
