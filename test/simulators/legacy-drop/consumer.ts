import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_COLUMNS, DropFault, readDropFile, type DropColumns, type DropFile } from "./drop-file.ts";

/** What the consumer says of a document; `DUPLICATE` where an earlier file had it: it is booked once. */
export interface AckRow {
  readonly key: string;
  readonly status: "BOOKED" | "DUPLICATE" | "REJECTED";
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
  readonly key: string;
  readonly erpDoc: string;
  readonly fileId: string;
  readonly debit: string;
  readonly credit: string;
  readonly rows: readonly Readonly<Record<string, string>>[];
}

export interface LegacyDropOptions {
  /** Has `outbound/` (written by the sender) and `ack/` (written here). */
  readonly folder: string;
  readonly columns?: DropColumns;
  /** Whether the debits of each document must be its credits. */
  readonly requiresBalance?: boolean;
  /** Whether files that were taken are moved to `archive/`: one that is written again is delivered again then. */
  readonly archives?: boolean;
}

const MANIFEST_END = ".manifest.json";

/**
 * The consumer of a folder of files, as the import job of an older ERP works: takes a data file once its manifest is there, checks both,
 * books documents once, and writes an acknowledgement. Files of a tenant and kind are taken in the order of their numbers. It shares no code
 * with the sink.
 */
export class LegacyDropConsumer {
  readonly booked = new Map<string, BookedDocument>();
  /** Files that were rejected as a whole: a correct sender writes none. */
  readonly rejectedFiles: { readonly fileId: string; readonly code: string; readonly message: string }[] = [];
  /** Files that wait for one with a lower number. */
  readonly waitingFiles = new Set<string>();
  /** How often each file was delivered. */
  readonly deliveries = new Map<string, number>();
  /** Documents that the ERP rejects, with what it says. */
  readonly rejects = new Map<string, { readonly code: string; readonly msg: string }>();
  /** Acknowledgements are not written: the job hangs, or its answer is lost. */
  withholdsAcks = false;
  /** Acknowledgements are written in two halves without renaming: a reader may see the first. */
  tearsAcks = false;
  readonly #options: LegacyDropOptions;
  readonly #columns: DropColumns;
  /** Last number taken, by tenant and kind. */
  readonly #sequences = new Map<string, number>();
  readonly #sums = new Map<string, string>();
  readonly #acks = new Map<string, Ack>();
  /** Manifests that were taken, with their texts: a file that is written again is a delivery again. */
  readonly #taken = new Map<string, string>();
  #nextDocument = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LegacyDropOptions) {
    this.#options = options;
    this.#columns = options.columns ?? DEFAULT_COLUMNS;
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

  /** Takes what is complete and in order. Names with another end (`.tmp`, `.part`) are not looked at. */
  runOnce(): void {
    const outbound = join(this.#options.folder, "outbound");
    const manifests = readdirSync(outbound).filter((name) => name.endsWith(MANIFEST_END));
    // The order of names is that of numbers only where these have the same length.
    manifests.sort((one, other) => sequenceIn(one) - sequenceIn(other) || one.localeCompare(other));
    for (const name of manifests) this.#takeFile(outbound, name);
  }

  /** Forgets that a file was taken, as if it were delivered again. */
  redeliver(fileId: string): void {
    this.#taken.delete(`${fileId}${MANIFEST_END}`);
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
    const manifestText = readFileSync(join(outbound, manifestName), "utf8");
    if (this.#taken.get(manifestName) === manifestText) return;
    const fileId = manifestName.slice(0, -MANIFEST_END.length);
    let file: DropFile;
    try {
      const dataPath = join(outbound, `${fileId}.csv`);
      if (!existsSync(dataPath))
        throw new DropFault("DATA_MISSING", "the manifest is there and the data are not");
      file = readDropFile(manifestName, manifestText, readFileSync(dataPath), this.#columns);
      if (this.#options.requiresBalance === true)
        for (const { key, debit, credit } of file.documents)
          if (debit !== credit) throw new DropFault("BALANCE", `${key} is not balanced`);
      const known = this.#sums.get(fileId);
      if (known !== undefined && known !== file.sha256)
        throw new DropFault("CONTENT_CHANGED", "the file was taken before, with other data");
    } catch (error) {
      if (!(error instanceof DropFault)) throw error;
      this.#taken.set(manifestName, manifestText);
      this.rejectedFiles.push({ fileId, code: error.code, message: error.message });
      const row = {
        key: "",
        status: "REJECTED",
        erpDoc: null,
        code: error.code,
        msg: error.message,
      } as const;
      this.#acknowledge({ fileId, status: "REJECTED", rows: [row] });
      return;
    }
    const order = `${file.tenant} ${file.kind}`;
    const last = this.#sequences.get(order) ?? 0;
    if (file.sequence > last + 1) {
      this.waitingFiles.add(fileId);
      return;
    }
    this.waitingFiles.delete(fileId);
    this.#taken.set(manifestName, manifestText);
    this.#sequences.set(order, Math.max(last, file.sequence));
    this.#sums.set(fileId, file.sha256);
    this.deliveries.set(fileId, (this.deliveries.get(fileId) ?? 0) + 1);
    const rows = file.documents.map((document) => this.#book(document.key, file, document));
    const rejected = rows.filter(({ status }) => status === "REJECTED").length;
    const status = rejected === 0 ? "ACCEPTED" : rejected === rows.length ? "REJECTED" : "PARTIAL";
    this.#acknowledge({ fileId, status, rows });
    if (this.#options.archives === true) this.#archive(manifestName, fileId);
  }

  #archive(manifestName: string, fileId: string): void {
    for (const name of [manifestName, `${fileId}.csv`])
      renameSync(join(this.#options.folder, "outbound", name), join(this.#options.folder, "archive", name));
    this.#taken.delete(manifestName);
  }

  #book(key: string, { fileId }: DropFile, document: Omit<BookedDocument, "erpDoc" | "fileId">): AckRow {
    const reject = this.rejects.get(key);
    if (reject !== undefined) return { key, status: "REJECTED", erpDoc: null, ...reject };
    const before = this.booked.get(key);
    if (before !== undefined) {
      const isSame = JSON.stringify(before.rows) === JSON.stringify(document.rows);
      if (!isSame)
        return {
          key,
          status: "REJECTED",
          erpDoc: null,
          code: "CONFLICT",
          msg: "booked before with other rows",
        };
      // A file that comes again is answered as it was the first time.
      const status = before.fileId === fileId ? "BOOKED" : "DUPLICATE";
      return { key, status, erpDoc: before.erpDoc, code: null, msg: null };
    }
    const erpDoc = `D${String(this.#nextDocument++).padStart(8, "0")}`;
    this.booked.set(key, { ...document, erpDoc, fileId });
    return { key, status: "BOOKED", erpDoc, code: null, msg: null };
  }

  #acknowledge(ack: Ack): void {
    this.#acks.set(ack.fileId, ack);
    if (!this.withholdsAcks) this.#writeAck(ack);
  }

  #writeAck(ack: Ack): void {
    const path = join(this.#options.folder, "ack", `${ack.fileId}.ack`);
    const text = JSON.stringify(ack);
    if (this.tearsAcks) {
      writeFileSync(path, text.slice(0, text.length / 2));
      return;
    }
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  }

  /** Ends the torn writing of acknowledgements: all stand there whole. */
  mendAcks(): void {
    this.tearsAcks = false;
    this.releaseAcks();
  }
}

function sequenceIn(manifestName: string): number {
  return Number(manifestName.split("_")[3] ?? "0");
}
