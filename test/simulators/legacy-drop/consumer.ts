import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DropFault, type DropDocument } from "./document.ts";
import { readDropFile, readManifest, type DropFile } from "./drop-file.ts";

export interface AckRow {
  readonly key: string;
  readonly status: "ACCEPTED" | "REJECTED";
  readonly erpDoc: string | null;
  readonly code: string | null;
  readonly msg: string | null;
}

export interface Ack {
  readonly fileId: string;
  readonly status: "ACCEPTED" | "PARTIAL" | "REJECTED";
  readonly rows: readonly AckRow[];
}

/** A document as the consumer has booked it. */
export interface BookedDocument {
  readonly externalId: string;
  readonly erpDoc: string;
  readonly fileId: string;
  /** ISO code of the manifest's totals; null of a customer. */
  readonly currency: string | null;
  readonly document: DropDocument;
}

/**
 * `ignored`: this delivery is not looked at; `withheld`: it is never answered; `torn`: half of the answer is written, the rest when the folder is looked
 * at the next time.
 */
export type AckFault = "ignored" | "withheld" | "torn";

/** Why the ERP takes no document: its own code and text. */
export interface DropRejection {
  readonly code: string;
  readonly msg: string;
}

export interface LegacyDropOptions {
  /** Has `outbound/` (written by the sender) and `ack/` (written here). */
  readonly folder: string;
  /** Whether files that were taken are moved to `archive/`. */
  readonly archives?: boolean;
  /** What goes wrong with the answer to a delivery; those of a file are counted from 1. */
  readonly ackFaultOf?: (fileId: string, delivery: number) => AckFault | undefined;
  /** Asked about each document that is well-formed, booked before or not. */
  readonly rejectionOf?: (externalId: string, document: DropDocument) => DropRejection | undefined;
}

const MANIFEST_END = ".manifest.json";

/**
 * The consumer of a folder of files, as the import job of an older ERP works by docs/erp/file.md: takes a file once its manifest is there,
 * checks both, books each document once, and writes an acknowledgement. It shares no code with the sink.
 */
export class LegacyDropConsumer {
  /** By external id. */
  readonly booked = new Map<string, BookedDocument>();
  /** Files that were refused for their form: a correct sender writes none. */
  readonly faultyFiles: { readonly fileId: string; readonly code: string; readonly message: string }[] = [];
  /** How often each file was delivered. */
  readonly deliveries = new Map<string, number>();
  /** Documents that the ERP rejects, by external id, with what it says. */
  readonly rejects = new Map<string, DropRejection>();
  /** Acknowledgements are not written: the job hangs. */
  withholdsAcks = false;
  readonly #options: LegacyDropOptions;
  readonly #sums = new Map<string, string>();
  /** IDocs by sender and number. */
  readonly #idocs = new Map<string, string>();
  readonly #acks = new Map<string, Ack>();
  /** Answers of which half is written. */
  readonly #torn = new Map<string, Ack>();
  /** The manifest of each file that was taken last: one that is written again is another file of the file system. */
  readonly #taken = new Map<string, string>();
  #nextDocument = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LegacyDropOptions) {
    this.#options = options;
    for (const name of ["outbound", "ack", "archive"])
      mkdirSync(join(options.folder, name), { recursive: true });
  }

  /** Looks into the folder again and again. */
  start(intervalMs: number): void {
    this.#timer = setInterval(() => {
      this.runOnce();
    }, intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes what is complete. Names with another end (`.tmp`, `.part`) are not looked at. */
  runOnce(): void {
    for (const ack of this.#torn.values()) this.#writeAck(ack);
    this.#torn.clear();
    const outbound = join(this.#options.folder, "outbound");
    for (const name of readdirSync(outbound).toSorted())
      if (name.endsWith(MANIFEST_END)) this.#takeFile(outbound, name);
  }

  /** Forgets that a file was taken, as if it were delivered again. */
  redeliver(fileId: string): void {
    this.#taken.delete(fileId);
  }

  /** An acknowledgement of a file that nobody sent, or of another one than its name says. */
  writeForeignAck(name: string, ack: Ack): void {
    writeFileSync(join(this.#options.folder, "ack", `${name}.ack`), JSON.stringify(ack));
  }

  /** Writes what was withheld. */
  releaseAcks(): void {
    this.withholdsAcks = false;
    for (const ack of this.#acks.values()) this.#writeAck(ack);
  }

  #takeFile(outbound: string, manifestName: string): void {
    const fileId = manifestName.slice(0, -MANIFEST_END.length);
    const path = join(outbound, manifestName);
    const { ino, mtimeMs } = statSync(path);
    const written = `${ino} ${mtimeMs}`;
    if (this.#taken.get(fileId) === written) return;
    this.#taken.set(fileId, written);
    const delivery = (this.deliveries.get(fileId) ?? 0) + 1;
    this.deliveries.set(fileId, delivery);
    const fault = this.#options.ackFaultOf?.(fileId, delivery);
    if (fault === "ignored") return;
    let ack: Ack;
    let fileName: string | undefined;
    try {
      const manifest = readManifest(manifestName, readFileSync(path, "utf8"));
      fileName = manifest.fileName;
      const dataPath = join(outbound, fileName);
      if (!existsSync(dataPath))
        throw new DropFault("DATA_MISSING", "the manifest is there and the data are not");
      ack = this.#book(readDropFile(manifest, readFileSync(dataPath)));
    } catch (error) {
      if (!(error instanceof DropFault)) throw error;
      this.faultyFiles.push({ fileId, code: error.code, message: error.message });
      ack = rejection(fileId, "", error.code, error.message);
    }
    this.#acknowledge(ack, fault);
    if (this.#options.archives === true && fileName !== undefined && ack.status === "ACCEPTED")
      this.#archive(manifestName, fileName, fileId);
  }

  #archive(manifestName: string, fileName: string, fileId: string): void {
    for (const name of [manifestName, fileName])
      renameSync(join(this.#options.folder, "outbound", name), join(this.#options.folder, "archive", name));
    this.#taken.delete(fileId);
  }

  #book(file: DropFile): Ack {
    const { manifest, document, control } = file;
    const { fileId, externalId, sha256 } = manifest;
    const known = this.#sums.get(fileId);
    if (known !== undefined && known !== sha256)
      throw new DropFault("CONTENT_CHANGED", "the file was there before, with other data");
    this.#sums.set(fileId, sha256);
    if (control !== null) this.#checkNumber(`${control.sender} ${control.number}`, externalId);
    const reject = this.rejects.get(externalId) ?? this.#options.rejectionOf?.(externalId, document);
    if (reject !== undefined) return rejection(fileId, externalId, reject.code, reject.msg);
    const before = this.booked.get(externalId);
    const isCustomer = document.kind === "customer";
    if (before !== undefined && !isCustomer && !isSame(before.document, document))
      return rejection(fileId, externalId, "CONFLICT", "booked before with other contents");
    const erpDoc = before?.erpDoc ?? `D${String(this.#nextDocument++).padStart(8, "0")}`;
    const [currency = null] = Object.keys(manifest.currencyTotals);
    // Master data that come again replace those that are there.
    if (before === undefined || isCustomer)
      this.booked.set(externalId, { externalId, erpDoc, fileId, currency, document });
    const row = { key: externalId, status: "ACCEPTED", erpDoc, code: null, msg: null } as const;
    return { fileId, status: "ACCEPTED", rows: [row] };
  }

  #checkNumber(number: string, externalId: string): void {
    const known = this.#idocs.get(number);
    if (known !== undefined && known !== externalId)
      throw new DropFault("IDOC", "the number was used for another document");
    this.#idocs.set(number, externalId);
  }

  #acknowledge(ack: Ack, fault: AckFault | undefined): void {
    this.#acks.set(ack.fileId, ack);
    if (this.withholdsAcks || fault === "withheld") return;
    if (fault === undefined) {
      this.#writeAck(ack);
      return;
    }
    const text = JSON.stringify(ack);
    writeFileSync(this.#ackPath(ack), text.slice(0, text.length / 2));
    this.#torn.set(ack.fileId, ack);
  }

  #writeAck(ack: Ack): void {
    const path = this.#ackPath(ack);
    writeFileSync(`${path}.tmp`, JSON.stringify(ack));
    renameSync(`${path}.tmp`, path);
  }

  #ackPath({ fileId }: Ack): string {
    return join(this.#options.folder, "ack", `${fileId}.ack`);
  }
}

function rejection(fileId: string, key: string, code: string, msg: string): Ack {
  return { fileId, status: "REJECTED", rows: [{ key, status: "REJECTED", erpDoc: null, code, msg }] };
}

function isSame(one: DropDocument, other: DropDocument): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
