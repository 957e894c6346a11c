import type { Database, Statement } from "better-sqlite3";
import { TributaryError } from "../../model/errors.ts";
import {
  ERP_FAULT_KINDS,
  type PaymentRecord,
  type PostingRecord,
  type PostingResult,
  type PostingState,
  type TransitionRecord,
} from "../../model/posting.ts";
import { MAX_COMMANDS_PER_MESSAGE } from "../../model/posting-store.ts";
import type { CommandRow, CommandWriter } from "./command-writer.ts";
import type { DocumentOrder } from "./document-order.ts";
import type { DocumentRow } from "./document-row.ts";
import type { PostingTotals } from "./totals.ts";

/** States whose next step has a time: where the record names none, it is at once. */
const TIMED: readonly PostingState[] = ["accepted", "unknown", "confirmed"];
const FAULTS: ReadonlySet<string> = new Set(ERP_FAULT_KINDS);
/** What begins a document's faults anew: it went well, or somebody has changed or decided something. */
const CLEARING_STATES: readonly PostingState[] = ["confirmed", "reconciled", "cancelled"];
const CLEARING_REASONS: readonly (string | null)[] = ["operator", "revision"];
const SETTLED_PAYMENTS: readonly (string | null)[] = ["paid", "void"];

export interface RecordWriterParts {
  readonly connection: string;
  /** False where the ERP's documents can't be read back: confirmed is their last state. */
  readonly isReadBack: boolean;
  readonly order: DocumentOrder;
  readonly totals: PostingTotals;
  readonly commands: CommandWriter;
}

interface Listener {
  readonly partition: number;
  readonly revision: number;
}

/** Applies records to the documents; the caller holds the transaction. */
export class RecordWriter {
  readonly #parts: RecordWriterParts;
  readonly #document: Statement<[string], DocumentRow>;
  readonly #command: Statement<[string, number, number, number, number], CommandRow>;
  readonly #update: Statement<[Omit<DocumentRow, "waiting" | "stuck" | "lane" | "ready" | "is_new">]>;
  readonly #paymentDue: Statement<[number | null, string]>;
  readonly #setPayment: Statement<[string, string, string, number | null, string]>;
  readonly #dropBodies: Statement<[string, number]>;
  readonly #hasNewer: Statement<[string, number], number>;
  readonly #dropNewer: Statement<[string]>;
  readonly #listeners: Statement<[string], Listener>;
  readonly #setResult: Statement<[number, string, number, string]>;
  readonly #addDay: Statement<[string]>;
  readonly #addStray: Statement<[string, string]>;
  readonly #addDecision: Statement<[string]>;

  constructor(database: Database, parts: RecordWriterParts) {
    this.#parts = parts;
    this.#document = database.prepare("SELECT * FROM documents WHERE key = ?");
    this.#command = database.prepare(
      `SELECT position, key, revision, partition, order_key, after, content_hash, currency, amount FROM commands
         WHERE key = ? AND position >= ? AND position < ? AND revision = ? AND partition = ? ORDER BY position LIMIT 1`,
    );
    this.#update = database.prepare(
      `UPDATE documents SET partition = @partition, revision = @revision, position = @position, order_key = @order_key,
         content_hash = @content_hash, currency = @currency, amount = @amount, state = @state, since_ms = @since_ms, attempt = @attempt,
         reason = @reason, code = @code, message = @message, erp_id = @erp_id, erp_number = @erp_number, handle = @handle,
         due_ms = @due_ms, last_fault = @last_fault, fault_count = @fault_count, told = @told, is_new = 0 WHERE key = @key`,
    );
    this.#paymentDue = database.prepare("UPDATE documents SET payment_due_ms = ? WHERE key = ?");
    this.#setPayment = database.prepare(
      `UPDATE documents SET payment_status = ?, payment_total = ?, payment_open = ?, payment_due_ms = ? WHERE key = ?`,
    );
    this.#dropBodies = database.prepare("DELETE FROM commands WHERE key = ? AND position < ?");
    this.#hasNewer = database
      .prepare<[string, number], number>("SELECT 1 FROM commands WHERE key = ? AND position > ? LIMIT 1")
      .pluck();
    this.#dropNewer = database.prepare("DELETE FROM newer WHERE key = ?");
    this.#listeners = database.prepare(
      "SELECT partition, revision FROM listeners WHERE key = ? ORDER BY partition",
    );
    this.#setResult = database.prepare("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)");
    this.#addDay = database.prepare(
      "INSERT INTO days VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET requests = requests + 1",
    );
    this.#addStray = database.prepare("INSERT OR IGNORE INTO strays VALUES (?, ?)");
    this.#addDecision = database.prepare("INSERT OR IGNORE INTO decisions VALUES (?)");
  }

  apply(record: PostingRecord, sequence: number): void {
    switch (record.kind) {
      case "acquired":
        return;
      case "transition":
        this.#transition(record, sequence);
        return;
      case "payment":
        this.#payment(record, sequence);
        return;
      case "stray":
        this.#addStray.run(record.finding, record.key);
        return;
      case "decision":
        this.#addDecision.run(record.request);
    }
  }

  #transition(record: TransitionRecord, sequence: number): void {
    const before = this.#documentOf(record.key, sequence);
    if ((record.from ?? "planned") !== before.state)
      throw unfitting(sequence, `${record.key} is ${before.state}, not ${record.from ?? "planned"}`);
    const adopted = this.#adopted(before, record, sequence);
    const { order, totals, commands } = this.#parts;
    const atMs = Date.parse(record.at);
    const after = { ...before, ...adopted, ...changed(before, record, atMs) };
    const isTold = this.#tell(after, record, sequence);
    totals.remove(before);
    this.#update.run({ ...after, told: isTold ? record.to : before.told });
    totals.add(after);
    if (adopted !== undefined) commands.setWaits(adopted);
    if (record.to === "reconciled" && before.kind === "invoice")
      this.#paymentDue.run(SETTLED_PAYMENTS.includes(before.payment_status) ? null : atMs, record.key);
    if (record.to === "cancelled") this.#paymentDue.run(null, record.key);
    this.#dropDone(after);
    if (tookRequest(record)) this.#addDay.run(record.at.slice(0, 10));
    order.settle(record.key);
    if (after.order_key !== before.order_key) order.settleOrderKey(before.order_key);
  }

  /** The command that the record takes up instead of the one in effect; undefined where it is the same. */
  #adopted(before: DocumentRow, record: TransitionRecord, sequence: number): CommandRow | undefined {
    const { command, revision, partition, key } = record;
    const first = command * MAX_COMMANDS_PER_MESSAGE;
    const end = first + MAX_COMMANDS_PER_MESSAGE;
    const isSame =
      before.position >= first &&
      before.position < end &&
      before.revision === revision &&
      before.partition === partition;
    if (isSame) return undefined;
    const row = this.#command.get(key, first, end, revision, partition);
    if (row === undefined)
      throw unfitting(sequence, `no command ${command} has revision ${revision} of ${key}`);
    if (before.kind === "customer") this.#parts.commands.addListener(key, partition, revision);
    return row;
  }

  #payment(record: PaymentRecord, sequence: number): void {
    const document = this.#documentOf(record.key, sequence);
    const { key, status, total, openAmount } = record;
    const dueMs = SETTLED_PAYMENTS.includes(status) ? null : Date.parse(record.at);
    this.#setPayment.run(status, total, openAmount, dueMs, key);
    const after = { ...document, payment_status: status, payment_total: total, payment_open: openAmount };
    this.#addResult(after, { partition: document.partition, revision: document.revision }, sequence);
    this.#dropDone(after);
  }

  #documentOf(key: string, sequence: number): DocumentRow {
    const document = this.#document.get(key);
    if (document === undefined) throw unfitting(sequence, `no command has the key ${key}`);
    return document;
  }

  /** Bodies go when no request needs them: of commands that are replaced, and of documents that are done with. */
  #dropDone(after: DocumentRow): void {
    const { key, position, state, kind } = after;
    const { isReadBack } = this.#parts;
    const isPaid = kind !== "invoice" || !isReadBack || SETTLED_PAYMENTS.includes(after.payment_status);
    const isPosted = state === "reconciled" || (state === "confirmed" && !isReadBack);
    const isDone = state === "cancelled" || (isPosted && isPaid);
    this.#dropBodies.run(key, isDone ? position + 1 : position);
    if (this.#hasNewer.get(key, position) === undefined) this.#dropNewer.run(key);
  }

  /** Queues what partitions are told; true where they are. That a request is under way is nobody's news, nor is what they know. */
  #tell(after: DocumentRow, record: TransitionRecord, sequence: number): boolean {
    const isNews = record.to !== "submitting" && !(record.to === "planned" && after.told === "planned");
    if (!isNews) return false;
    const own = { partition: record.partition, revision: record.revision };
    const listeners = after.kind === "customer" ? this.#listeners.all(record.key) : [own];
    for (const listener of listeners) this.#addResult(after, listener, sequence);
    return true;
  }

  #addResult(after: DocumentRow, { partition, revision }: Listener, sequence: number): void {
    const { key, state, reason, code, message, payment_status: status, payment_open: openAmount } = after;
    const result: PostingResult = {
      connection: this.#parts.connection,
      key,
      revision,
      state,
      reason,
      code,
      message,
      erp: after.erp_id === null ? null : { id: after.erp_id, number: after.erp_number },
      payment: status === null || openAmount === null ? null : { status, openAmount },
      posting: sequence,
    };
    this.#setResult.run(partition, key, sequence, JSON.stringify(result));
  }
}

/** The columns that a transition changes. */
function changed(before: DocumentRow, record: TransitionRecord, atMs: number) {
  const notBeforeMs = record.notBefore === null ? null : Date.parse(record.notBefore);
  return {
    state: record.to,
    since_ms: record.to === before.state ? before.since_ms : atMs,
    attempt: record.attempt,
    reason: record.reason,
    code: record.code,
    message: record.message,
    erp_id: record.erp?.id ?? null,
    erp_number: record.erp?.number ?? null,
    handle: record.handle,
    due_ms: notBeforeMs ?? (TIMED.includes(record.to) ? atMs : null),
    ...faultsAfter(before, record),
  };
}

function faultsAfter(
  before: DocumentRow,
  { to, reason }: TransitionRecord,
): Pick<DocumentRow, "last_fault" | "fault_count"> {
  if (CLEARING_STATES.includes(to) || CLEARING_REASONS.includes(reason))
    return { last_fault: null, fault_count: 0 };
  if (reason === null || !FAULTS.has(reason))
    return { last_fault: before.last_fault, fault_count: before.fault_count };
  return { last_fault: reason, fault_count: reason === before.last_fault ? before.fault_count + 1 : 1 };
}

/** Whether a request stands behind the transition: an intent, what a look or a poll led to, a read-back (which many may share). */
function tookRequest({ from, to, sharesRequest }: TransitionRecord): boolean {
  if (sharesRequest === true) return false;
  return to === "submitting" || to === "reconciled" || from === "unknown" || from === "accepted";
}

function unfitting(sequence: number, what: string): TributaryError {
  return new TributaryError(
    "posting-log-corrupt",
    `Message ${sequence} of the posting log does not fit what came before it: ${what}.`,
  );
}
