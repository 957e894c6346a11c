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
import { creditMemo, type MemoCredits, type MemoOf } from "../../billing/invoices/credit-memo.ts";
import { linesOfPublished } from "../../billing/invoices/published-lines.ts";
import { taxedAsOfLines } from "../../billing/tax/tax-reversal.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import type { StoredDocument } from "./billing-book.ts";
import { CorrectedDocuments, type CreditedLines } from "./corrected-documents.ts";

/** What is to be done to a final document, as a request or record says it. */
export type Correction =
  | Pick<CreditNoteRecord, "kind" | "document" | "reason" | "lines">
  | Pick<VoidInvoiceRecord, "kind" | "document" | "reason" | "reissue" | "unapplied">;

export type CorrectionFault =
  | CreditFault
  | "document-unknown"
  | "not-an-invoice"
  | "already-voided"
  | "has-credit-notes"
  | "voids-another"
  | "maybe-applied";

interface FoundFault {
  readonly fault: CorrectionFault;
  readonly message: string;
}

type MemoHead = Pick<FrozenDocument, "id" | "issuedMs" | "catalogVersion">;

/** Says how final documents may be corrected, and makes the documents that do it. */
export class InvoiceCorrections implements CheckpointParticipant {
  readonly #corrected = new CorrectedDocuments();

  restore(store: Pick<PartitionStore, "rows" | "spaces">): void {
    this.#corrected.restore(store);
  }

  collectChanges(rows: StateRow[]): void {
    this.#corrected.collectChanges(rows);
  }

  /** Whether a document has been voided. */
  isVoid(document: string): boolean {
    return this.#corrected.of(document)?.isVoid === true;
  }

  /** Why a document can't be corrected so; undefined where it can. */
  faultOf(stored: StoredDocument | undefined, correction: Correction): FoundFault | undefined {
    if (stored?.document.id !== correction.document)
      return { fault: "document-unknown", message: `there is no final document ${correction.document}` };
    const { document, charges } = stored;
    const name = `${document.kind === "invoice" ? "invoice" : "credit memo"} ${document.number ?? document.id}`;
    // Documents of former versions were stored without what their lines are to billing.
    if (charges.length !== document.lines.length)
      return { fault: "not-an-invoice", message: `${name} was made by a version that could not correct it` };
    if (document.corrects?.kind === "void")
      return { fault: "voids-another", message: `${name} voids ${document.corrects.number}` };
    if (this.isVoid(document.id)) return { fault: "already-voided", message: `${name} has been voided` };
    return correction.kind === "void-invoice"
      ? this.#voidFault(stored, correction, name)
      : this.#creditFault(stored, correction, name);
  }

  #voidFault(
    { document: { id, kind, corrects } }: StoredDocument,
    { unapplied }: Extract<Correction, { kind: "void-invoice" }>,
    name: string,
  ): FoundFault | undefined {
    const known = this.#corrected.of(id);
    if (corrects !== undefined && known?.credits === undefined)
      return { fault: "not-an-invoice", message: `${name} was made by a version that could not correct it` };
    if (kind === "credit-memo" && unapplied !== true)
      return {
        fault: "maybe-applied",
        message: `${name} can be voided while it is neither refunded nor applied to an invoice; say so`,
      };
    // Credit notes that were voided themselves have given nothing back.
    const isCredited = known !== undefined && known.credited.some((amount) => amount !== 0n);
    return isCredited
      ? { fault: "has-credit-notes", message: `${name} has credit notes: credit what is left of it` }
      : undefined;
  }

  #creditFault(
    stored: StoredDocument,
    correction: Extract<Correction, { kind: "credit-note" }>,
    name: string,
  ): FoundFault | undefined {
    const { document, charges } = stored;
    if (document.kind !== "invoice")
      return { fault: "not-an-invoice", message: `${name} is no invoice to credit` };
    const lines = linesOfPublished(document, charges);
    const credits = this.#creditsOf(stored, lines, correction.lines);
    const credited = this.#corrected.of(document.id)?.credited ?? [];
    const isNamed = correction.lines !== null || credits.length === 0;
    const fault = isNamed ? creditFault(lines, credited, credits) : undefined;
    return fault ?? creditSumFault(lines, credited, credits, document.taxIncluded);
  }

  /**
   * The document of a correction that has no fault. Changes nothing but the ledger.
   * @param ledger of the contract's credits, undefined where it has none
   */
  memoOf(
    stored: StoredDocument,
    correction: Correction,
    contract: CompiledContract,
    head: MemoHead,
    ledger: MemoCredits | undefined,
  ): FrozenDocument {
    const { document, charges } = stored;
    const lines = linesOfPublished(document, charges);
    const credited = this.#corrected.of(document.id)?.credited ?? [];
    const isWhole = correction.kind === "void-invoice";
    const credits = isWhole ? [] : this.#creditsOf(stored, lines, correction.lines);
    const given = isWhole ? voidLines(lines) : creditNoteLines(lines, credited, credits, document.id);
    const indices = isWhole ? lines.map((_, index) => index) : credits.map(({ line }) => line - 1);
    const memo = creditMemo(this.#memoOf(stored, correction, contract), given, head, ledger);
    return { ...memo, ...reversalOf(stored, indices, isWhole) };
  }

  /** Notes what a memo has given back. */
  note({ document }: StoredDocument, correction: Correction, memo: FrozenDocument): void {
    const row = this.#corrected.change(document.id, document.lines.length);
    row.money -= memo.total;
    if (correction.kind === "void-invoice") {
      row.isVoid = true;
      if (row.credits !== undefined) this.#uncredit(row.credits, memo);
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
    this.#corrected.change(memo.id, memo.lines.length).credits = { document: document.id, lines };
  }

  /** A credit note was voided: what it had given back of its invoice is left of that again. */
  #uncredit({ document, lines }: CreditedLines, { lines: voided, total }: FrozenDocument): void {
    const row = this.#corrected.change(document, 0);
    const credited = [...row.credited];
    lines.forEach((index, at) => {
      credited[index] = (credited[index] ?? 0n) - (voided[at]?.amount ?? 0n);
    });
    row.credited = credited;
    row.money -= total;
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

/** What is to be recorded at the tax service that has a record of the document; nothing where none has. */
function reversalOf(
  { document: { taxTransaction: transaction }, taxedAs }: StoredDocument,
  lines: readonly number[],
  isWhole: boolean,
): Pick<FrozenDocument, "reverses" | "taxedAs"> {
  if (transaction === undefined || taxedAs === undefined) return {};
  return { reverses: { transaction, isWhole }, taxedAs: taxedAsOfLines(taxedAs, lines) };
}
