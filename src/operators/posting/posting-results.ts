import { customerKey, type PostingResult } from "../../model/posting.ts";
import { minorUnitsOf, type Payments } from "./payments.ts";
import type { PostingBook } from "./posting-book.ts";
import { type Posting, POSTED } from "./posting-row.ts";

/** Reason of a customer that is known to be in the ERP by a document of it. */
const BY_DOCUMENT = "by-document";

/** Takes over what a connection's runner tells. */
export class PostingResults {
  readonly #book: PostingBook;
  readonly #payments: Payments;

  constructor(book: PostingBook, payments: Payments) {
    this.#book = book;
    this.#payments = payments;
  }

  /** Why a result can't be taken; undefined where it can. */
  faultOf({ connection, key, revision, payment }: PostingResult): string | undefined {
    const number = this.#book.numberOf(connection, key);
    if (number === undefined) return `${key} of connection ${connection} was never queued here`;
    const posting = this.#book.at(number);
    if (posting.references === "") return `${key} of connection ${connection} was never queued here`;
    if (revision > posting.revision)
      return `${key} of connection ${connection} has no revision ${revision}, the last is ${posting.revision}`;
    if (payment !== null && minorUnitsOf(payment.openAmount, posting.currency) === undefined)
      return `${payment.openAmount} of ${key} is no amount of ${posting.currency}`;
    return undefined;
  }

  /** Whether a result says anything that is not known: a later record of the runner's log does. */
  isNews({ connection, key, posting: sequence }: PostingResult): boolean {
    const number = this.#book.numberOf(connection, key);
    return number !== undefined && this.#book.at(number).posting < sequence;
  }

  /** @param time when it was decided, RFC 3339 */
  take(result: PostingResult, time: string): void {
    const {
      connection,
      key,
      revision,
      state,
      reason,
      code,
      message,
      erp,
      payment,
      posting: sequence,
    } = result;
    const number = this.#book.numberOf(connection, key);
    if (number === undefined || !this.isNews(result)) return;
    // A former revision says nothing of the one that was queued since, unless the ERP has the document by it.
    const isCurrent = revision === this.#book.at(number).revision || POSTED.has(state);
    this.#book.change(number, (posting) => {
      posting.posting = sequence;
      if (erp !== null) posting.erp = erp;
      if (!isCurrent) return;
      posting.state = state;
      posting.reason = reason ?? undefined;
      posting.code = code ?? undefined;
      posting.message = message ?? undefined;
    });
    this.#payments.take(number, payment, time);
    if (POSTED.has(state)) this.#confirmCustomer(connection, this.#book.at(number));
  }

  /**
   * A document that the ERP has proves that it has its customer: several partitions queue the same customer, and the runner
   * may tell one of them alone.
   */
  #confirmCustomer(connection: string, { kind, legalEntity, customer }: Readonly<Posting>): void {
    if (kind !== "invoice" && kind !== "credit-memo") return;
    const number = this.#book.numberOf(connection, customerKey(legalEntity, customer));
    if (number === undefined || this.#book.at(number).state !== "planned") return;
    this.#book.change(number, (posting) => {
      posting.state = "confirmed";
      posting.reason = BY_DOCUMENT;
    });
  }
}
