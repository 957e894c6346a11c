import type { Database, Statement } from "better-sqlite3";
import { TributaryError } from "../../model/errors.ts";
import { addDecimals } from "../../model/exact-sum.ts";
import type { PostedDocument, PostingCommand } from "../../model/posting.ts";
import { MAX_COMMANDS_PER_MESSAGE, type CommandMessage } from "../../model/posting-store.ts";
import { checksum, verifyChecksum } from "../checksum.ts";
import type { DocumentOrder } from "./document-order.ts";
import type { PostingTotals } from "./totals.ts";

/** What a stored command says of its document. */
export interface CommandRow {
  readonly position: number;
  readonly key: string;
  readonly revision: number;
  readonly partition: number;
  readonly order_key: string;
  readonly after: string;
  readonly content_hash: string;
  readonly currency: string | null;
  readonly amount: string | null;
}

/** Takes in the commands of a connection; the caller holds the transaction. */
export class CommandWriter {
  readonly #order: DocumentOrder;
  readonly #totals: PostingTotals;
  readonly #add: Statement<
    [number, string, number, number, string, string, string, string | null, string | null, number, string]
  >;
  readonly #exists: Statement<[string], number>;
  readonly #addDocument: Statement<[CommandRow & { kind: string; arrivalMs: number }]>;
  readonly #addWait: Statement<[string, string]>;
  readonly #clearWaits: Statement<[string]>;
  readonly #addNewer: Statement<[string]>;
  readonly #addListener: Statement<[string, number, number]>;
  readonly #addExternalId: Statement<[string, string]>;
  readonly #body: Statement<[string], { crc: number; body: string }>;

  constructor(database: Database, order: DocumentOrder, totals: PostingTotals) {
    this.#order = order;
    this.#totals = totals;
    this.#add = database.prepare("INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#exists = database.prepare<[string], number>("SELECT 1 FROM documents WHERE key = ?").pluck();
    this.#addDocument = database.prepare(
      `INSERT INTO documents (key, kind, partition, revision, position, order_key, content_hash, currency, amount, state, since_ms,
           attempt, fault_count, waiting, stuck, ready, is_new, told)
         VALUES (@key, @kind, @partition, @revision, @position, @order_key, @content_hash, @currency, @amount, 'planned', @arrivalMs,
           0, 0, 0, 0, 0, 1, 'planned')`,
    );
    this.#addWait = database.prepare("INSERT OR IGNORE INTO waits VALUES (?, ?)");
    this.#clearWaits = database.prepare("DELETE FROM waits WHERE key = ?");
    this.#addNewer = database.prepare("INSERT OR IGNORE INTO newer VALUES (?)");
    this.#addListener = database.prepare("INSERT OR REPLACE INTO listeners VALUES (?, ?, ?)");
    this.#addExternalId = database.prepare("INSERT OR IGNORE INTO external_ids VALUES (?, ?)");
    this.#body = database.prepare(
      `SELECT c.crc, c.body FROM documents AS d JOIN commands AS c ON c.position = d.position WHERE d.key = ?`,
    );
  }

  add({ sequence, arrivalMs, commands }: CommandMessage): void {
    if (commands.length > MAX_COMMANDS_PER_MESSAGE)
      throw new TributaryError("posting-command-invalid", `A message holds ${commands.length} commands.`);
    for (const [index, { command, externalId }] of commands.entries()) {
      const row = rowOf(command, sequence * MAX_COMMANDS_PER_MESSAGE + index);
      const body = JSON.stringify(command);
      this.#add.run(
        row.position,
        row.key,
        row.revision,
        row.partition,
        row.order_key,
        row.after,
        row.content_hash,
        row.currency,
        row.amount,
        checksum(body),
        body,
      );
      if (externalId !== null) this.#addExternalId.run(externalId, row.key);
      if (this.#exists.get(row.key) === undefined) this.#begin(command, row, arrivalMs);
      else this.#addNewer.run(row.key);
    }
  }

  /** A document waits for what its command in effect names, and for nothing else. */
  setWaits({ key, after }: Pick<CommandRow, "key" | "after">): void {
    this.#clearWaits.run(key);
    const keys: readonly string[] = JSON.parse(after);
    for (const other of keys) this.#addWait.run(key, other);
  }

  /** A customer's master data may be queued by several partitions; each is told. */
  addListener(key: string, partition: number, revision: number): void {
    this.#addListener.run(key, partition, revision);
  }

  command(key: string): PostingCommand {
    const stored = this.#body.get(key);
    if (stored === undefined)
      throw new TributaryError("internal-fault", `The command of ${key} is not kept any more.`);
    verifyChecksum(stored.body, stored.crc, `the command of ${key}`);
    const command: PostingCommand = JSON.parse(stored.body);
    return command;
  }

  #begin({ kind }: PostingCommand, row: CommandRow, arrivalMs: number): void {
    this.#addDocument.run({ ...row, kind, arrivalMs });
    this.#totals.add({ ...row, kind, state: "planned" });
    this.setWaits(row);
    if (kind === "customer") this.#addListener.run(row.key, row.partition, row.revision);
    this.#order.settle(row.key);
  }
}

function rowOf(command: PostingCommand, position: number): CommandRow {
  const { key, revision, partition, orderKey, after, contentHash, document } = command;
  return {
    position,
    key,
    revision,
    partition,
    order_key: orderKey,
    after: JSON.stringify(after),
    content_hash: contentHash,
    ...moneyOf(document),
  };
}

/** The amount by which a document counts in sums: what a customer owes or gets back, what a journal moves. */
function moneyOf(document: PostedDocument): Pick<CommandRow, "currency" | "amount"> {
  if (document.kind === "customer") return { currency: null, amount: null };
  const { currency } = document;
  if (document.kind !== "journal") return { currency, amount: document.total };
  return {
    currency,
    amount: document.lines.reduce((sum, { debit }) => addDecimals(sum, debit ?? "0"), "0"),
  };
}
