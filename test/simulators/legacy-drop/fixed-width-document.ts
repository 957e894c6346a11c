import { DropFault, type DropDocument } from "./document.ts";
import { checkTrailer, DECIMAL_COLUMNS, documentOfRows, ROW_COLUMNS, type DropRow } from "./row-document.ts";

const WIDTH = ROW_COLUMNS.reduce((sum, [, width]) => sum + width, 0);
const TRAILER = /^T(?<count>\d{10})(?<sum>.{30})$/;

/** A document in lines of fixed width, with the columns' own widths; characters are counted, not bytes. Throws DropFault. */
export function readFixedWidthDocument(text: string): DropDocument {
  const lines = text.split("\r\n");
  if (lines.pop() !== "") throw new DropFault("LINE_END", "the last line does not end with CR LF");
  if (lines.some((line) => /[\r\n]/.test(line))) throw new DropFault("LINE_END", "lines must end with CR LF");
  const { count = "", sum = "" } = TRAILER.exec(lines.pop() ?? "")?.groups ?? {};
  if (count === "") throw new DropFault("TRAILER", "the last line must be T, ten digits and 30 characters");
  const document = documentOfRows(lines.map((line, index) => rowOf(line, `row ${index + 1}`)));
  checkTrailer(document, String(Number(count)), sum.trimStart());
  return document;
}

function rowOf(line: string, what: string): DropRow {
  const characters = Array.from(line);
  if (characters.length !== WIDTH)
    throw new DropFault("WIDTH", `${what} has ${characters.length} characters, not ${WIDTH}`);
  let at = 0;
  return Object.fromEntries(
    ROW_COLUMNS.map(([name, width]) => {
      const field = characters.slice(at, at + width).join("");
      at += width;
      if (!DECIMAL_COLUMNS.has(name)) return [name, field.trimEnd()];
      if (field.endsWith(" ") && field.trim() !== "")
        throw new DropFault("WIDTH", `${what} has a decimal that is not on the right: ${name}`);
      return [name, field.trimStart()];
    }),
  );
}
