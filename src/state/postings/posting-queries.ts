import type { Database, Statement } from "better-sqlite3";
import type { PostingResult, PostingState } from "../../model/posting.ts";
import type { BudgetDay, NewerCommand, PostingDocument, PostingPosition } from "../../model/posting-store.ts";
import { documentOf, type DocumentRow } from "./document-row.ts";

interface NewerRow extends DocumentRow {
  readonly newer_position: number;
  readonly newer_revision: number;
  readonly newer_partition: number;
  readonly newer_hash: string;
}

/** Looks into a connection's postings, and moves hints and cursors, which do not come from the logs. Every statement is prepared once. */
export class PostingQueries {
  readonly #position: Statement<[], PostingPosition>;
  readonly #document: Statement<[string], DocumentRow>;
  readonly #hasNewer: Statement<[], number>;
  readonly #newer: Statement<[number], NewerRow>;
  readonly #ready: Statement<[number, number], DocumentRow>;
  readonly #due: Statement<[string, number, number], DocumentRow>;
  readonly #inState: Statement<[string, number, number], DocumentRow>;
  readonly #nextDue: Statement<[{ nowMs: number }], number | null>;
  readonly #nextReady: Statement<[number], number | null>;
  readonly #paymentsDue: Statement<[number, number], DocumentRow>;
  readonly #nextPayment: Statement<[], number | null>;
  readonly #openPayments: Statement<[number, number], DocumentRow>;
  readonly #erpId: Statement<[string], DocumentRow>;
  readonly #externalId: Statement<[string], string>;
  readonly #stray: Statement<[string, string], number>;
  readonly #strays: Statement<[], number>;
  readonly #decided: Statement<[string], number>;
  readonly #partitions: Statement<[], number>;
  readonly #results: Statement<[number, number], string>;
  readonly #pending: Statement<[], number>;
  readonly #oldest: Statement<[string], number | null>;
  readonly #day: Statement<[string], number>;
  readonly #budget: Statement<[], BudgetDay>;
  readonly #defer: Statement<[number, string]>;
  readonly #deferPayment: Statement<[number, string]>;
  readonly #taken: Statement<[number, string, number]>;
  readonly #setBudget: Statement<[string, number]>;

  constructor(database: Database) {
    this.#position = database.prepare(
      `SELECT command_sequence AS commandSequence, commands_created_at AS commandsCreatedAt, posting_sequence AS postingSequence,
         postings_created_at AS postingsCreatedAt, last_hash AS lastHash, epoch FROM position`,
    );
    this.#document = database.prepare("SELECT * FROM documents WHERE key = ?");
    this.#hasNewer = database.prepare<[], number>("SELECT 1 FROM newer LIMIT 1").pluck();
    // Without statistics SQLite would choose the wrong side of a join, or the wrong index: they are named.
    this.#newer = database.prepare(
      `SELECT d.*, c.position AS newer_position, c.revision AS newer_revision, c.partition AS newer_partition,
           c.content_hash AS newer_hash
         FROM newer AS n CROSS JOIN documents AS d ON d.key = n.key CROSS JOIN commands AS c ON c.position =
           (SELECT min(position) FROM commands WHERE key = d.key AND position > d.position)
         WHERE d.state NOT IN ('submitting', 'accepted', 'unknown') ORDER BY c.position LIMIT ?`,
    );
    this.#ready = database.prepare(
      "SELECT * FROM documents INDEXED BY documents_ready WHERE ready = 1 AND (due_ms IS NULL OR due_ms <= ?) ORDER BY position LIMIT ?",
    );
    this.#due = database.prepare(
      "SELECT * FROM documents INDEXED BY documents_due WHERE state = ? AND due_ms <= ? ORDER BY due_ms, position LIMIT ?",
    );
    this.#inState = database.prepare(
      "SELECT * FROM documents WHERE state = ? AND position > ? ORDER BY position LIMIT ?",
    );
    // A state at a time, so that each is one step into the index.
    const nextOf = (state: PostingState): string =>
      `SELECT min(due_ms) AS due FROM documents INDEXED BY documents_due WHERE state = '${state}' AND due_ms > @nowMs`;
    const timed: readonly PostingState[] = ["unknown", "accepted", "held", "confirmed"];
    this.#nextDue = database
      .prepare<[{ nowMs: number }], number | null>(
        `SELECT min(due) FROM (${timed.map(nextOf).join(" UNION ALL ")})`,
      )
      .pluck();
    this.#nextReady = database
      .prepare<[number], number | null>("SELECT min(due_ms) FROM documents WHERE ready = 1 AND due_ms > ?")
      .pluck();
    this.#paymentsDue = database.prepare(
      "SELECT * FROM documents INDEXED BY documents_payment WHERE payment_due_ms <= ? ORDER BY payment_due_ms, position LIMIT ?",
    );
    this.#nextPayment = database
      .prepare<[], number | null>(
        "SELECT min(payment_due_ms) FROM documents WHERE payment_due_ms IS NOT NULL",
      )
      .pluck();
    this.#openPayments = database.prepare(
      `SELECT * FROM documents INDEXED BY documents_open_payment WHERE payment_due_ms IS NOT NULL AND position > ?
         ORDER BY position LIMIT ?`,
    );
    this.#erpId = database.prepare(
      "SELECT * FROM documents INDEXED BY documents_of_erp_id WHERE erp_id = ? ORDER BY position",
    );
    this.#externalId = database
      .prepare<[string], string>("SELECT key FROM external_ids WHERE external_id = ? ORDER BY key")
      .pluck();
    this.#stray = database
      .prepare<[string, string], number>("SELECT 1 FROM strays WHERE finding = ? AND key = ?")
      .pluck();
    this.#strays = database.prepare<[], number>("SELECT count(*) FROM strays").pluck();
    this.#decided = database.prepare<[string], number>("SELECT 1 FROM decisions WHERE request = ?").pluck();
    this.#partitions = database
      .prepare<[], number>("SELECT DISTINCT partition FROM results ORDER BY partition")
      .pluck();
    this.#results = database
      .prepare<[number, number], string>(
        "SELECT body FROM results WHERE partition = ? ORDER BY posting, key LIMIT ?",
      )
      .pluck();
    this.#pending = database.prepare<[], number>("SELECT count(*) FROM results").pluck();
    this.#oldest = database
      .prepare<[string], number | null>("SELECT min(since_ms) FROM documents WHERE state = ?")
      .pluck();
    this.#day = database.prepare<[string], number>("SELECT requests FROM days WHERE day = ?").pluck();
    this.#budget = database.prepare("SELECT day, requests FROM budget");
    this.#defer = database.prepare("UPDATE documents SET due_ms = ? WHERE key = ?");
    this.#deferPayment = database.prepare(
      "UPDATE documents SET payment_due_ms = ? WHERE key = ? AND payment_due_ms IS NOT NULL",
    );
    this.#taken = database.prepare("DELETE FROM results WHERE partition = ? AND key = ? AND posting <= ?");
    this.#setBudget = database.prepare("INSERT OR REPLACE INTO budget VALUES (1, ?, ?)");
  }

  position(): PostingPosition | undefined {
    return this.#position.get();
  }
  document(key: string): PostingDocument | undefined {
    const row = this.#document.get(key);
    return row === undefined ? undefined : documentOf(row);
  }
  newerCommands(limit: number): { readonly document: PostingDocument; readonly newer: NewerCommand }[] {
    // Asked at each turn, and mostly there is none.
    if (this.#hasNewer.get() === undefined) return [];
    return this.#newer.all(limit).map((row) => ({
      document: documentOf(row),
      newer: {
        position: row.newer_position,
        revision: row.newer_revision,
        partition: row.newer_partition,
        contentHash: row.newer_hash,
      },
    }));
  }
  ready(nowMs: number, limit: number): PostingDocument[] {
    return this.#ready.all(nowMs, limit).map(documentOf);
  }
  due(state: PostingState, nowMs: number, limit: number): PostingDocument[] {
    return this.#due.all(state, nowMs, limit).map(documentOf);
  }
  inState(state: PostingState, afterPosition: number, limit: number): PostingDocument[] {
    return this.#inState.all(state, afterPosition, limit).map(documentOf);
  }
  nextDueMs(nowMs: number): number | undefined {
    const times = [this.#nextDue.get({ nowMs }), this.#nextReady.get(nowMs)].filter((time) => time !== null);
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }
  paymentsDue(nowMs: number, limit: number): PostingDocument[] {
    return this.#paymentsDue.all(nowMs, limit).map(documentOf);
  }
  nextPaymentMs(): number | undefined {
    return this.#nextPayment.get() ?? undefined;
  }
  openPayments(afterPosition: number, limit: number): PostingDocument[] {
    return this.#openPayments.all(afterPosition, limit).map(documentOf);
  }
  documentsOfErpId(id: string): PostingDocument[] {
    return this.#erpId.all(id).map(documentOf);
  }
  keysOfExternalId(externalId: string): string[] {
    return this.#externalId.all(externalId);
  }
  isStrayKnown(finding: string, key: string): boolean {
    return this.#stray.get(finding, key) !== undefined;
  }
  strayCount(): number {
    return this.#strays.get() ?? 0;
  }
  isDecided(request: string): boolean {
    return this.#decided.get(request) !== undefined;
  }
  resultPartitions(): number[] {
    return this.#partitions.all();
  }
  results(partition: number, limit: number): PostingResult[] {
    return this.#results.all(partition, limit).map((body): PostingResult => JSON.parse(body));
  }
  resultsPending(): number {
    return this.#pending.get() ?? 0;
  }
  oldestSinceMs(state: PostingState): number | undefined {
    return this.#oldest.get(state) ?? undefined;
  }
  requestsOn(day: string): number {
    return this.#day.get(day) ?? 0;
  }
  budget(): BudgetDay | undefined {
    return this.#budget.get();
  }
  defer(key: string, dueMs: number): void {
    this.#defer.run(Math.ceil(dueMs), key);
  }
  deferPayment(key: string, dueMs: number): void {
    this.#deferPayment.run(Math.ceil(dueMs), key);
  }
  resultTaken(partition: number, key: string, posting: number): void {
    this.#taken.run(partition, key, posting);
  }
  setBudget({ day, requests }: BudgetDay): void {
    this.#setBudget.run(day, requests);
  }
}
