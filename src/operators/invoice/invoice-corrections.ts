import type { CheckpointParticipant, PartitionStore, StateRow } from "../../model/store.ts";
import type { CreditNoteRecord, VoidInvoiceRecord } from "../../model/control.ts";
import type { CompiledContract } from "../../billing/catalog/compiled.ts";
import type { DocumentLine, FrozenDocument } from "../../billing/invoices/billing-document.ts";
import {
  allThatIsLeft,
  creditFault,
  creditSumFault,
  creditNoteLines,
  type CreditFault,
  type LineCredit,
  voidLines,
} from "../../billing/invoices/credit-lines.ts";
import { creditMemo, type MemoOf } from "../../billing/invoices/credit-memo.ts";
import { linesOfPublished } from "../../billing/invoices/published-lines.ts";
import type { CreditLedger } from "../../billing/credits/credit-ledger.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import type { StoredDocument } from "./billing-book.ts";
import { CorrectedDocuments } from "./corrected-documents.ts";

/** What is to be done to an invoice, as a request or record says it. */
export type Correction =
  | Pick<CreditNoteRecord, "kind" | "document" | "reason" | "lines">
  | Pick<VoidInvoiceRecord, "kind" | "document" | "reason" | "reissue">;

export type CorrectionFault =
  CreditFault | "document-unknown" | "not-an-invoice" | "already-voided" | "has-credit-notes";

type MemoHead = Pick<FrozenDocument, "id" | "issuedMs" | "catalogVersion">;

/** Says what may be given back of final invoices, and makes the credit memos that do it. */
export class InvoiceCorrections implements CheckpointParticipant {
  readonly #corrected = new CorrectedDocuments();

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#corrected.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.#corrected.collectChanges(rows);
  }

  /** Why an invoice can't be corrected so; undefined where it can. */
  faultOf(
    stored: StoredDocument | undefined,
    correction: Correction,
  ): { readonly fault: CorrectionFault; readonly message: string } | undefined {
    if (stored?.document.id !== correction.document)
      return { fault: "document-unknown", message: `there is no final document ${correction.document}` };
    const { document, charges } = stored;
    // Documents of former versions were stored without what their lines are to billing.
    if (document.kind !== "invoice" || charges.length !== document.lines.length)
      return {
        fault: "not-an-invoice",
        message: `${document.number ?? document.id} is no invoice to correct`,
      };
    const known = this.#corrected.of(document.id);
    if (known?.isVoid === true)
      return { fault: "already-voided", message: `invoice ${document.number ?? ""} has been voided` };
    if (correction.kind === "void-invoice")
      return known === undefined
        ? undefined
        : {
            fault: "has-credit-notes",
            message: `invoice ${document.number ?? ""} has credit notes: credit what is left of it`,
          };
    const lines = linesOfPublished(document, charges);
    const credits = this.#creditsOf(stored, lines, correction.lines);
    const credited = known?.credited ?? [];
    const isNamed = correction.lines !== null || credits.length === 0;
    const fault = isNamed ? creditFault(lines, credited, credits) : undefined;
    return fault ?? creditSumFault(lines, credited, credits, document.taxIncluded);
  }

  /**
   * The credit memo of a correction that has no fault. Changes nothing but the ledger.
   * @param ledger of the contract's credits, undefined where it has none
   */
  memoOf(
    stored: StoredDocument,
    correction: Correction,
    contract: CompiledContract,
    head: MemoHead,
    ledger: CreditLedger | undefined,
  ): FrozenDocument {
    const { document, charges } = stored;
    const lines = linesOfPublished(document, charges);
    const credited = this.#corrected.of(document.id)?.credited ?? [];
    const given =
      correction.kind === "void-invoice"
        ? voidLines(lines)
        : creditNoteLines(lines, credited, this.#creditsOf(stored, lines, correction.lines), document.id);
    return creditMemo(this.#memoOf(stored, correction, contract), given, head, ledger);
  }

  /** Notes what a memo has given back. */
  note({ document }: StoredDocument, correction: Correction, memo: FrozenDocument): void {
    const row = this.#corrected.change(document.id, document.lines.length);
    row.money -= memo.total;
    if (correction.kind === "void-invoice") {
      row.isVoid = true;
      return;
    }
    const credited = [...row.credited];
    const lines =
      correction.lines?.map(([line]) => line - 1) ??
      document.lines.flatMap(({ amount }, index) =>
        minorUnitsOfText(amount) === (credited[index] ?? 0n) ? [] : [index],
      );
    lines.forEach((index, at) => {
      credited[index] = (credited[index] ?? 0n) - (memo.lines[at]?.amount ?? 0n);
    });
    row.credited = credited;
  }

  #creditsOf(
    { document }: StoredDocument,
    lines: readonly DocumentLine[],
    named: CreditNoteRecord["lines"],
  ): readonly LineCredit[] {
    if (named === null) return allThatIsLeft(lines, this.#corrected.of(document.id)?.credited ?? []);
    return named.map(([line, amountMinor]) => ({ line, amount: BigInt(amountMinor) }));
  }

  #memoOf({ document }: StoredDocument, correction: Correction, contract: CompiledContract): MemoOf {
    return {
      contract: contract.id,
      document: document.id,
      number: document.number ?? document.id,
      kind: correction.kind === "void-invoice" ? "void" : "credit-note",
      reason: correction.reason,
      periodStartMs: Date.parse(document.periodStart),
      periodEndMs: Date.parse(document.periodEnd),
      taxIncluded: document.taxIncluded,
      moneyLeft: minorUnitsOfText(document.total) - (this.#corrected.of(document.id)?.money ?? 0n),
    };
  }
}
