import { createHash } from "node:crypto";
import { z } from "zod";
import { readCsvDocument } from "./csv-document.ts";
import { readFixedWidthDocument } from "./fixed-width-document.ts";
import {
  checkDocument,
  documentSum,
  DROP_KINDS,
  DropFault,
  equalAmounts,
  sumOf,
  type DropDocument,
  type DropKind,
} from "./document.ts";
import { readIdocDocument, type IdocControl } from "./idoc-document.ts";

const KIND_MARKS: Readonly<Record<DropKind, string>> = {
  customer: "CUS",
  invoice: "INV",
  "credit-memo": "CRM",
  journal: "JNL",
};
/** `<kind>_<legal entity>_<month, of a customer its revision>_<external id>_<first 8 digits of the SHA-256>`. */
const FILE_ID =
  /^(?<mark>INV|CRM|JNL|CUS)_(?<entity>[A-Za-z0-9.-]+)_(?<part>\d{4}-\d\d|r\d+)_(?<external>[A-Za-z0-9.-]+)_(?<sha>[0-9a-f]{8})$/;
/** Names are cut there, so that the manifest's name has 200 characters at most. */
const MAX_FILE_ID_LENGTH = 200 - ".manifest.json".length;
const amount = z.string().regex(/^-?\d{1,20}(\.\d{1,10})?$/);

const MANIFEST = z.strictObject({
  manifestVersion: z.literal(1),
  fileId: z.string().regex(FILE_ID).max(MAX_FILE_ID_LENGTH),
  fileName: z.string(),
  externalId: z.string().min(1),
  kind: z.enum(DROP_KINDS),
  schemaVersion: z.literal(1),
  /** Data rows: without the header and the trailer. */
  rows: z.number().int().nonnegative(),
  debitTotal: amount.optional(),
  creditTotal: amount.optional(),
  /** By ISO code: one, of a customer none. */
  currencyTotals: z.record(z.string().regex(/^[A-Z]{3}$/), amount),
  /** Of the whole data file, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
  firstKey: z.string(),
  lastKey: z.string(),
});
export type DropManifest = z.infer<typeof MANIFEST>;

export interface DropFile {
  readonly manifest: DropManifest;
  readonly document: DropDocument;
  /** Of IDocs. */
  readonly control: IdocControl | null;
}

/** Reads and checks a manifest by itself. Throws DropFault. */
export function readManifest(name: string, text: string): DropManifest {
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
  if (
    !/^\.(csv|txt|xml)$/.test(data.fileName.slice(data.fileId.length)) ||
    !data.fileName.startsWith(data.fileId)
  )
    throw new DropFault("FILE_NAME", "the file's name is not its id and an ending that is known");
  const { mark, part = "", external = "", sha = "" } = FILE_ID.exec(data.fileId)?.groups ?? {};
  if (mark !== KIND_MARKS[data.kind]) throw new DropFault("FILE_NAME", "the name has another kind");
  if (part.startsWith("r") !== (data.kind === "customer"))
    throw new DropFault("FILE_NAME", "documents have a month in their names, customers a revision");
  if (!data.sha256.startsWith(sha))
    throw new DropFault("FILE_NAME", "the name has another sum than the data");
  const isCut = data.fileId.length === MAX_FILE_ID_LENGTH;
  const safe = data.externalId.replaceAll(/[^A-Za-z0-9.-]/g, "-");
  if (isCut ? !safe.startsWith(external) : safe !== external)
    throw new DropFault("FILE_NAME", "the name has another external id");
  return data;
}

/** Reads a data file by its manifest. Throws DropFault at the first thing that is wrong. */
export function readDropFile(manifest: DropManifest, data: Buffer): DropFile {
  if (data.length !== manifest.bytes) throw new DropFault("BYTES", "the data have another length");
  if (createHash("sha256").update(data).digest("hex") !== manifest.sha256)
    throw new DropFault("SHA256", "the data are not those of the manifest");
  const text = decoded(data);
  const { document, control } = read(manifest.fileName, text);
  checkDocument(document);
  if (document.kind !== manifest.kind) throw new DropFault("KIND", "the manifest has another kind");
  if (document.externalId !== null && document.externalId !== manifest.externalId)
    throw new DropFault("EXTERNAL_ID", "the manifest has another external id");
  if (manifest.firstKey !== manifest.externalId)
    throw new DropFault("FIRST_KEY", "the first key is another one");
  if (manifest.lastKey !== manifest.externalId)
    throw new DropFault("LAST_KEY", "the last key is another one");
  const month = FILE_ID.exec(manifest.fileId)?.groups?.["part"] ?? "";
  if (document.kind !== "customer" && !document.date.startsWith(month))
    throw new DropFault("FILE_NAME", "the name has another month than the document");
  checkTotals(manifest, document);
  return { manifest, document, control };
}

function read(
  name: string,
  text: string,
): { readonly document: DropDocument; readonly control: IdocControl | null } {
  if (name.endsWith(".xml")) return readIdocDocument(text);
  return {
    document: name.endsWith(".csv") ? readCsvDocument(text) : readFixedWidthDocument(text),
    control: null,
  };
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

function checkTotals(manifest: DropManifest, document: DropDocument): void {
  if (manifest.rows !== document.rows) throw new DropFault("ROWS", "the manifest counts other rows");
  const totals = Object.values(manifest.currencyTotals);
  if (totals.length !== (document.kind === "customer" ? 0 : 1))
    throw new DropFault("TOTALS", "the manifest has totals of other currencies");
  for (const total of totals)
    if (!equalAmounts(total, documentSum(document)))
      throw new DropFault("TOTALS", "the manifest has another total");
  const { debitTotal, creditTotal } = manifest;
  if ((document.kind === "journal") !== (debitTotal !== undefined && creditTotal !== undefined))
    throw new DropFault("TOTALS", "journals have sums of debits and credits, nothing else does");
  if (debitTotal === undefined || creditTotal === undefined) return;
  const sides = [
    sumOf(document.lines.map((line) => line.debit)),
    sumOf(document.lines.map((line) => line.credit)),
  ];
  if (!equalAmounts(debitTotal, sides[0] ?? "") || !equalAmounts(creditTotal, sides[1] ?? ""))
    throw new DropFault("TOTALS", "the manifest has other sums of debits or credits");
}
