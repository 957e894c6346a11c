import { createHash } from "node:crypto";
import type { PostedDocument, PostingCommand } from "../../../model/posting.ts";
import type { RenderedFile } from "./formats/format.ts";
import { MAX_FILE_NAME_LENGTH } from "./limits.ts";
import { amountSum, creditSum, debitSum } from "./totals.ts";

/** Version of the manifest's form; the receiver refuses one that it does not know. */
const MANIFEST_VERSION = 1;

/** A file and the manifest that says it is whole. Both follow from the command alone: sent again, they are the same bytes. */
export class FilePair {
  /** Name without ending; what an acknowledgement names. */
  readonly fileId: string;
  readonly fileName: string;
  readonly content: string;
  readonly manifestName: string;
  readonly manifest: string;

  constructor(fileId: string, extension: string, content: string, manifest: string) {
    this.fileId = fileId;
    this.fileName = `${fileId}${extension}`;
    this.content = content;
    this.manifestName = `${fileId}.manifest.json`;
    this.manifest = manifest;
  }
}

const KIND_NAMES: Readonly<Record<PostedDocument["kind"], string>> = {
  customer: "CUS",
  invoice: "INV",
  "credit-memo": "CRM",
  journal: "JNL",
};

/**
 * `INV_<legal entity>_<month>_<external id>_<first 8 digits of the content's SHA-256>`. A customer has its revision instead of the month: data that
 * are changed and changed back are another file than the first, which was acknowledged before.
 */
export function filePair(
  command: PostingCommand,
  externalId: string,
  file: RenderedFile,
  extension: string,
): FilePair {
  const { document } = command;
  const sha256 = createHash("sha256").update(file.text).digest("hex");
  const part = document.kind === "customer" ? `r${command.revision}` : monthOf(document);
  const middle = [document.legalEntity, part, externalId].map(safeName).join("_");
  const longest = MAX_FILE_NAME_LENGTH - KIND_NAMES[document.kind].length - 2 - 8 - ".manifest.json".length;
  const fileId = `${KIND_NAMES[document.kind]}_${middle.slice(0, longest)}_${sha256.slice(0, 8)}`;
  const fileName = `${fileId}${extension}`;
  const manifest = {
    manifestVersion: MANIFEST_VERSION,
    fileId,
    fileName,
    externalId,
    kind: document.kind,
    schemaVersion: command.schemaVersion,
    rows: file.rows,
    ...(document.kind === "journal"
      ? { debitTotal: debitSum(document.lines), creditTotal: creditSum(document.lines) }
      : {}),
    currencyTotals: document.kind === "customer" ? {} : { [document.currency]: amountSum(document) },
    sha256,
    bytes: Buffer.byteLength(file.text),
    firstKey: externalId,
    lastKey: externalId,
  };
  return new FilePair(fileId, extension, file.text, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function monthOf(document: Exclude<PostedDocument, { readonly kind: "customer" }>): string {
  return (document.kind === "journal" ? document.date : document.issueDate).slice(0, 7);
}

/** What every file system and server takes; the hash in the name tells apart what this makes equal. */
function safeName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.-]/g, "-");
}
