import type { Database, Statement } from "better-sqlite3";
import type { PostingState } from "../../model/posting.ts";

/** Satisfies those who name it in `after`. */
const SATISFYING: readonly PostingState[] = ["confirmed", "reconciled"];
/** Somebody has to look first: who names it in `after` waits, and holds nobody back meanwhile. */
const STUCK: readonly PostingState[] = ["parked", "held", "rejected", "conflict", "cancelled"];

const UNDER_WAY: readonly PostingState[] = ["submitting", "accepted", "unknown"];

function list(states: readonly PostingState[]): string {
  return states.map((state) => `'${state}'`).join(", ");
}

interface OrderRow {
  readonly state: PostingState;
  readonly order_key: string;
  readonly waiting: number;
  readonly stuck: number;
  readonly lane: number | null;
}

/**
 * Says which documents may be sent. Of each order key the first planned one may that waits for nothing, while none of the key is under
 * way. One that waits for a document which somebody has to look at holds nobody back: else a parked invoice would hold back, through
 * its credit memo, all that comes behind. Nor does one that waits for what is behind it, or not there yet: a customer's new master data must
 * not wait for the invoices that wait for it. The caller holds the transaction and calls `settle` after each change of a state or command.
 */
export class DocumentOrder {
  readonly #row: Statement<[string], OrderRow>;
  readonly #waits: Statement<[string], { waiting: number; stuck: number }>;
  readonly #set: Statement<[number, number, number | null, number | null, string]>;
  readonly #waiters: Statement<[string], string>;
  readonly #underWay: Statement<[string], number>;
  readonly #first: Statement<[string], { key: string; waiting: number }>;
  readonly #clear: Statement<[string, string]>;
  readonly #mark: Statement<[string]>;

  constructor(database: Database) {
    this.#row = database.prepare(
      "SELECT state, order_key, waiting, stuck, lane FROM documents WHERE key = ?",
    );
    this.#waits = database.prepare(
      `SELECT count(*) AS waiting,
              count(*) FILTER (WHERE d.state IS NULL OR d.state IN (${list(STUCK)}) OR (d.state = 'planned' AND d.stuck > 0)
                OR d.position > own.position) AS stuck
         FROM waits AS w JOIN documents AS own ON own.key = w.key LEFT JOIN documents AS d ON d.key = w.after
         WHERE w.key = ? AND (d.state IS NULL OR d.state NOT IN (${list(SATISFYING)}))`,
    );
    this.#set = database.prepare(
      "UPDATE documents SET waiting = ?, stuck = ?, lane = ?, ready = iif(? = 0, ready, 0) WHERE key = ?",
    );
    this.#waiters = database.prepare<[string], string>("SELECT key FROM waits WHERE after = ?").pluck();
    this.#underWay = database
      .prepare<[string], number>("SELECT 1 FROM documents WHERE order_key = ? AND lane = 1 LIMIT 1")
      .pluck();
    this.#first = database.prepare(
      "SELECT key, waiting FROM documents WHERE order_key = ? AND lane = 0 ORDER BY position LIMIT 1",
    );
    this.#clear = database.prepare(
      "UPDATE documents SET ready = 0 WHERE order_key = ? AND key <> ? AND ready = 1",
    );
    this.#mark = database.prepare("UPDATE documents SET ready = 1 WHERE key = ? AND ready = 0");
  }

  /** Works out anew what hangs on a document: itself, its order key, and who waits for it. */
  settle(key: string): void {
    const pending = [key];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const row = this.#row.get(next);
      if (row === undefined) continue;
      const { waiting, stuck } = this.#waits.get(next) ?? { waiting: 0, stuck: 0 };
      const lane = laneOf(row.state, stuck);
      if (waiting !== row.waiting || stuck !== row.stuck || lane !== row.lane)
        this.#set.run(waiting, stuck, lane, lane, next);
      this.#choose(row.order_key);
      // Who waits for the document that has changed, and behind that only where being stuck is passed on.
      if (next === key || stuck > 0 !== row.stuck > 0) pending.push(...this.#waiters.all(next));
    }
  }

  /** The same for an order key that a document has left. */
  settleOrderKey(orderKey: string): void {
    this.#choose(orderKey);
  }

  #choose(orderKey: string): void {
    const first = this.#underWay.get(orderKey) === undefined ? this.#first.get(orderKey) : undefined;
    const ready = first?.waiting === 0 ? first.key : undefined;
    this.#clear.run(orderKey, ready ?? "");
    if (ready !== undefined) this.#mark.run(ready);
  }
}

function laneOf(state: PostingState, stuck: number): number | null {
  if (UNDER_WAY.includes(state)) return 1;
  return state === "planned" && stuck === 0 ? 0 : null;
}
