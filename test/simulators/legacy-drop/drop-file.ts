import { createHash } from "node:crypto";
import { z } from "zod";
import { plainText, scaled } from "../exact-numbers.ts";
import { CsvFault, readCsv } from "./csv.ts";

/** Names of the columns that a consumer looks at; others may stand beside them. */
export interface DropColumns {
  /** Key of the document that a row is of; the rows of a document stand together. */
  readonly key: string;
  readonly debit: string;
  readonly credit: string;
  readonly currency: string;
  /** Days as YYYY-MM-DD. */
  readonly dates: readonly string[];
}

export const DEFAULT_COLUMNS: DropColumns = {
  key: "document_key",
  debit: "debit",
  credit: "credit",
  currency: "currency",
  dates: ["document_date"],
};

/** `<kind>_<tenant>_<period>_<sequence>_<first 8 digits of the SHA-256>`. */
const FILE_ID =
  /^(?<kind>[A-Z]{3})_(?<tenant>[A-Za-z0-9-]+)_(?<period>\d{4}-\d\d)_(?<sequence>\d+)_(?<sha>[0-9a-f]{8})$/;
const DECIMAL = /^\d{1,15}(\.\d{1,6})?$/;
const amount = z.string().regex(DECIMAL);
const MANIFEST = z.strictObject({
  fileId: z.string().regex(FILE_ID),
  schemaVersion: z.literal(1),
  /** Data rows: without the header and the trailer. */
  rows: z.number().int().nonnegative(),
  debitTotal: amount,
  creditTotal: amount,
  /** By currency. */
  currencyTotals: z.record(z.string().regex(/^[A-Z]{3}$/), z.strictObject({ debit: amount, credit: amount })),
  /** Of the whole data file, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  firstKey: z.string(),
  lastKey: z.string(),
});

/** What is wrong with a file as a whole: it is rejected and nothing of it is booked. */
export class DropFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface DropDocument {
  readonly key: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
  readonly debit: string;
  readonly credit: string;
}

export interface DropFile {
  readonly fileId: string;
  readonly tenant: string;
  readonly kind: string;
  readonly sequence: number;
  readonly sha256: string;
  readonly documents: readonly DropDocument[];
}

/** Reads a data file by its manifest. Throws DropFault at the first thing that is wrong. */
export function readDropFile(
  manifestName: string,
  manifestText: string,
  data: Buffer,
  columns: DropColumns,
): DropFile {
  const manifest = readManifest(manifestName, manifestText);
  const sha256 = createHash("sha256").update(data).digest("hex");
  const { tenant = "", kind = "", sequence = "", sha = "" } = FILE_ID.exec(manifest.fileId)?.groups ?? {};
  if (sha256 !== manifest.sha256) throw new DropFault("SHA256", "the data are not those of the manifest");
  if (!sha256.startsWith(sha)) throw new DropFault("FILE_NAME", "the name has another sum than the data");
  const rows = readRows(data, columns, manifest);
  if (rows[0]?.[columns.key] !== manifest.firstKey && rows.length > 0)
    throw new DropFault("FIRST_KEY", "the first key is another one");
  if (rows.at(-1)?.[columns.key] !== manifest.lastKey && rows.length > 0)
    throw new DropFault("LAST_KEY", "the last key is another one");
  return {
    fileId: manifest.fileId,
    tenant,
    kind,
    sequence: Number(sequence),
    sha256,
    documents: documentsOf(rows, columns),
  };
}

type Manifest = z.infer<typeof MANIFEST>;

function readManifest(name: string, text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DropFault("MANIFEST", "the manifest is not JSON");
  }
  const { success, data, error } = MANIFEST.safeParse(value);
  if (!success) throw new DropFault("MANIFEST", z.prettifyError(error));
  if (`${data.fileId}.manifest.json` !== name)
    throw new DropFault("FILE_NAME", "the manifest has another id than its name");
  return data;
}

function readRows(
  data: Buffer,
  columns: DropColumns,
  manifest: Manifest,
): Readonly<Record<string, string>>[] {
  const text = decoded(data);
  let lines: ReturnType<typeof readCsv>;
  try {
    lines = readCsv(text);
  } catch (error) {
    if (error instanceof CsvFault) throw new DropFault("CSV", error.message);
    throw error;
  }
  const [header = [], ...others] = lines;
  const trailer = others.pop() ?? [];
  const names = header.map((field) => field.text);
  for (const name of [columns.key, columns.debit, columns.credit, columns.currency, ...columns.dates])
    if (!names.includes(name)) throw new DropFault("HEADER", `there is no column ${name}`);
  const rows = others.map((line, index) => {
    if (line.length !== names.length)
      throw new DropFault("CSV", `row ${index + 1} has another number of fields than the header`);
    for (const field of line)
      if (/^[=+\-@\t\r]/.test(field.text) && !/^-?\d+(\.\d+)?$/.test(field.text))
        throw new DropFault(
          "UNSAFE_TEXT",
          `row ${index + 1} has a text that a spreadsheet takes for a formula`,
        );
    return Object.fromEntries(line.map((field, place) => [names[place] ?? "", field.text]));
  });
  rows.forEach((row, index) => {
    checkRow(row, index, columns);
  });
  checkTotals(
    rows,
    columns,
    manifest,
    trailer.map((field) => field.text),
  );
  return rows;
}

function decoded(data: Buffer): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
    if (!text.startsWith("\uFEFF")) return text;
  } catch {
    // What is not UTF-8 is refused below, like a byte order mark.
  }
  throw new DropFault("ENCODING", "the data must be UTF-8 without a byte order mark");
}

function checkRow(row: Readonly<Record<string, string>>, index: number, columns: DropColumns): void {
  const fault = (message: string): DropFault => new DropFault("ROW", `row ${index + 1}: ${message}`);
  if ((row[columns.key] ?? "") === "") throw fault("there is no key");
  if (!/^[A-Z]{3}$/.test(row[columns.currency] ?? "")) throw fault("the currency is not an ISO code");
  const sides = [row[columns.debit] ?? "", row[columns.credit] ?? ""].filter((side) => side !== "");
  if (sides.length !== 1) throw fault("there must be a debit or a credit");
  if (!DECIMAL.test(sides[0] ?? "")) throw fault("an amount is not a decimal with a point");
  for (const name of columns.dates)
    if (!/^\d{4}-\d\d-\d\d$/.test(row[name] ?? "")) throw fault(`${name} is not a day`);
}

function checkTotals(
  rows: readonly Readonly<Record<string, string>>[],
  columns: DropColumns,
  manifest: Manifest,
  trailer: readonly string[],
): void {
  const debit = sumOf(rows, columns.debit);
  const credit = sumOf(rows, columns.credit);
  const equal = (one: string, other: string): boolean => scaled(one) === scaled(other);
  if (rows.length !== manifest.rows) throw new DropFault("ROWS", "the manifest counts other rows");
  if (!equal(debit, manifest.debitTotal) || !equal(credit, manifest.creditTotal))
    throw new DropFault("TOTALS", "the manifest has other totals");
  const currencies = new Set(rows.map((row) => row[columns.currency] ?? ""));
  if (currencies.size !== Object.keys(manifest.currencyTotals).length)
    throw new DropFault("TOTALS", "the manifest has other currencies");
  for (const currency of currencies) {
    const own = rows.filter((row) => row[columns.currency] === currency);
    const totals = manifest.currencyTotals[currency];
    if (
      totals === undefined ||
      !equal(sumOf(own, columns.debit), totals.debit) ||
      !equal(sumOf(own, columns.credit), totals.credit)
    )
      throw new DropFault("TOTALS", `the manifest has other totals of ${currency}`);
  }
  const [mark, count, sum = ""] = trailer;
  if (mark !== "T" || trailer.length !== 3 || count !== String(rows.length))
    throw new DropFault("TRAILER", "the last row must be T, the number of rows and the sum of debits");
  if (!DECIMAL.test(sum) || !equal(sum, debit)) throw new DropFault("TRAILER", "the trailer has another sum");
}

function documentsOf(
  rows: readonly Readonly<Record<string, string>>[],
  columns: DropColumns,
): DropDocument[] {
  const byKey = new Map<string, Readonly<Record<string, string>>[]>();
  let last: string | undefined;
  for (const row of rows) {
    const key = row[columns.key] ?? "";
    const known = byKey.get(key);
    if (known !== undefined && key !== last)
      throw new DropFault("ORDER", `the rows of ${key} do not stand together`);
    if (known === undefined) byKey.set(key, [row]);
    else known.push(row);
    last = key;
  }
  return [...byKey].map(([key, own]) => ({
    key,
    rows: own,
    debit: sumOf(own, columns.debit),
    credit: sumOf(own, columns.credit),
  }));
}

function sumOf(rows: readonly Readonly<Record<string, string>>[], column: string): string {
  return plainText(
    rows.reduce((sum, row) => sum + (row[column] === "" ? 0n : scaled(row[column] ?? "0")), 0n),
  );
}
