import type { DocumentsTaxedRecord, TaxCommitRefusedRecord } from "../../model/control.ts";
import type { TaxReply } from "../../model/tax-service.ts";
import type { CompiledContract } from "../../billing/catalog/compiled.ts";
import type { FrozenDocument } from "../../billing/invoices/billing-document.ts";
import type { Journal } from "../journal.ts";
import type { BillingBook } from "./billing-book.ts";
import { ASKED } from "./document-holds.ts";
import type { DocumentTaxes, TaxQuestion } from "./document-taxes.ts";

export interface ServiceTaxesOptions {
  readonly book: BillingBook;
  readonly journal: Journal;
  /** By the catalog in effect; undefined before the first. */
  readonly taxes: () => DocumentTaxes | undefined;
  readonly contractOf: (id: string) => CompiledContract | undefined;
}

/** Held documents by the reason that they wait for. */
export interface HeldFigures {
  readonly reason: string;
  readonly count: number;
  /** Date of issue of the oldest, milliseconds since 1970. */
  readonly oldestMs: number;
}

/** The part of billing that talks to tax services: by questions to the live pipeline, by records of the control log back. */
export class ServiceTaxes {
  readonly #options: ServiceTaxesOptions;

  constructor(options: ServiceTaxesOptions) {
    this.#options = options;
  }

  control(record: DocumentsTaxedRecord | TaxCommitRefusedRecord, sequence: number): void {
    if (record.kind === "tax-commit-refused") {
      this.#refuseCommit(record, sequence);
      return;
    }
    for (const reply of record.replies)
      this.#with(reply.document, (taxes, document, contract) => {
        taxes.answer(document, contract, reply);
      });
  }

  /** Documents that wait for an answer, or for another one; in no order. */
  *unanswered(): Generator<FrozenDocument> {
    for (const document of this.#options.book.heldUnordered())
      if (document.hold !== undefined && ASKED.has(document.hold.reason)) yield document;
  }

  heldFigures(): readonly HeldFigures[] {
    const figures = new Map<string, HeldFigures>();
    for (const { hold, issuedMs } of this.#options.book.heldUnordered()) {
      const reason = hold?.reason ?? "";
      const known = figures.get(reason);
      const oldestMs = Math.min(known?.oldestMs ?? issuedMs, issuedMs);
      figures.set(reason, { reason, count: (known?.count ?? 0) + 1, oldestMs });
    }
    return [...figures.values()];
  }

  /** What a tax service is to be asked about a document; undefined where it waits for none (any more). */
  questionOf(id: string): TaxQuestion | undefined {
    return this.#with(id, (taxes, document, contract) => taxes.questionOf(document, contract));
  }

  /** Whether a reply would change anything. */
  isNews(reply: TaxReply): boolean {
    return (
      this.#with(reply.document, (taxes, document, contract) => taxes.isNews(document, contract, reply)) ??
      false
    );
  }

  #with<Result>(
    id: string,
    work: (taxes: DocumentTaxes, document: FrozenDocument, contract: CompiledContract) => Result,
  ): Result | undefined {
    const { book, taxes, contractOf } = this.#options;
    const document = book.heldDocument(id);
    const contract = document === undefined ? undefined : contractOf(document.contract);
    const current = taxes();
    if (document === undefined || contract === undefined || current === undefined) return undefined;
    return work(current, document, contract);
  }

  /** The document is final all the same: only the service's own record of it is not. */
  #refuseCommit(
    { document, transaction, code, message, atMs }: TaxCommitRefusedRecord,
    sequence: number,
  ): void {
    this.#options.journal.exception({
      id: `tax-commit-refused-${document}-${sequence}`,
      stage: "tax",
      reason: "tax-commit-refused",
      sinceMs: atMs,
      details: JSON.stringify({ document, transaction, detail: `${code}: ${message}` }),
    });
  }
}
