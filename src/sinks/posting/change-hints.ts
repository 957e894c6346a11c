import type { PostingDocument, PostingStore } from "../../model/posting-store.ts";
import type { ChangeHint } from "../erp/change-notifications.ts";
import type { PaymentSweep } from "./payment-sweep.ts";

/** Earlier than any other time: it is read next. */
const AT_ONCE_MS = 0;

/**
 * Brings what an ERP has told of to be read now. Times in the store are moved, and nothing else: so a hint survives the process, and a second one of the
 * same changes nothing. A document that is being read just now may have been read before it changed: it is read once more.
 */
export class ChangeHints {
  readonly #store: PostingStore;
  readonly #sweep: PaymentSweep;
  readonly #busy: ReadonlySet<string>;
  readonly #again = new Set<string>();

  /** @param busy keys that a request or a record is under way for */
  constructor(store: PostingStore, sweep: PaymentSweep, busy: ReadonlySet<string>) {
    this.#store = store;
    this.#sweep = sweep;
    this.#busy = busy;
  }

  take({ ids, isAll }: ChangeHint): void {
    if (isAll) this.#sweep.want();
    const documents = ids.flatMap((id) => this.#store.documentsOfErpId(id));
    for (const { key } of documents) if (this.#busy.has(key)) this.#again.add(key);
    this.#readNow(documents);
  }

  /** Requests for the documents have ended. */
  released(keys: readonly string[]): void {
    if (this.#again.size === 0) return;
    const again = keys.filter((key) => this.#again.delete(key));
    this.#readNow(again.flatMap((key) => this.#store.document(key) ?? []));
  }

  #readNow(documents: readonly PostingDocument[]): void {
    const keysOf = (state: PostingDocument["state"]): string[] =>
      documents.filter((document) => document.state === state).map(({ key }) => key);
    const [confirmed, reconciled] = [keysOf("confirmed"), keysOf("reconciled")];
    if (confirmed.length > 0) this.#store.defer(confirmed, AT_ONCE_MS);
    // Only what is not settled has a time that can be moved.
    if (reconciled.length > 0) this.#store.deferPayments(reconciled, AT_ONCE_MS);
  }
}
