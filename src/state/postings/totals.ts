import type { Database, Statement } from "better-sqlite3";
import { addDecimals, subtractDecimals } from "../../model/exact-sum.ts";
import type { BacklogRow, PostingDocument } from "../../model/posting-store.ts";

type Counted = Pick<PostingDocument, "state" | "kind" | "currency" | "amount">;

/** Documents and money by state, kind and currency, kept with each change: nothing is added up when somebody asks. */
export class PostingTotals {
  readonly #get: Statement<[string, string, string], { documents: number; amount: string }>;
  readonly #set: Statement<[string, string, string, number, string]>;
  readonly #all: Statement<[], BacklogRow>;

  constructor(database: Database) {
    this.#get = database.prepare(
      "SELECT documents, amount FROM totals WHERE state = ? AND kind = ? AND currency = ?",
    );
    this.#set = database.prepare("INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?)");
    this.#all = database.prepare(
      `SELECT state, kind, nullif(currency, '') AS currency, documents, amount FROM totals
         WHERE documents > 0 ORDER BY state, kind, currency`,
    );
  }

  add(document: Counted): void {
    const { documents, amount } = this.#read(document);
    this.#write(document, documents + 1, addDecimals(amount, document.amount ?? "0"));
  }

  remove(document: Counted): void {
    const { documents, amount } = this.#read(document);
    this.#write(document, documents - 1, subtractDecimals(amount, document.amount ?? "0"));
  }

  all(): readonly BacklogRow[] {
    return this.#all.all();
  }

  #read({ state, kind, currency }: Counted): { readonly documents: number; readonly amount: string } {
    return this.#get.get(state, kind, currency ?? "") ?? { documents: 0, amount: "0" };
  }

  #write({ state, kind, currency }: Counted, documents: number, amount: string): void {
    this.#set.run(state, kind, currency ?? "", documents, amount);
  }
}
