/**
 * The port to a service that works taxes out. A document is asked about until there is an answer; the answer is written to
 * the control log before it takes effect, so that a replay asks nobody. Amounts are decimal strings in currency units.
 */

export interface TaxAddress {
  readonly street: string | undefined;
  readonly city: string | undefined;
  readonly region: string | undefined;
  readonly postalCode: string | undefined;
  /** ISO 3166 alpha-2 code. */
  readonly country: string;
}

export interface TaxRequestLine {
  /** Place in the document, from 1. */
  readonly line: number;
  /** After all discounts; gross where prices include tax; negative where it gives back. */
  readonly amount: string;
  /** Undefined where nothing is counted. */
  readonly quantity: string | undefined;
  readonly item: string;
  readonly description: string;
  readonly taxCode: string | undefined;
  /** Day whose rates hold: YYYY-MM-DD. */
  readonly taxDate: string;
  /** Certificate by which the customer pays no tax on that day. */
  readonly exemption: string | undefined;
  /** Document that billed before what this line corrects. */
  readonly corrects: string | undefined;
  /** The tax that is to be recorded, where it is known already: of what takes a taxed document back. */
  readonly tax?: string;
}

/** The record of a document that is taken back. */
export interface TaxReversal {
  readonly transaction: TaxTransaction;
  /** All of it is taken back: where nobody has reported it yet, it can be voided in place of a record of its own. */
  readonly isWhole: boolean;
}

/** A document whose taxes are asked for. */
export interface DocumentTaxRequest {
  /** Id of the document: asking again about it replaces what was asked before. */
  readonly document: string;
  /** `return`: the document gives money back. */
  readonly kind: "sale" | "return";
  /** What the service calls the legal entity that sells. */
  readonly company: string;
  readonly currency: string;
  /** Date of issue, as the document shows it: YYYY-MM-DD. */
  readonly date: string;
  readonly customer: string;
  /** Tax number of a business. */
  readonly taxId: string | undefined;
  /** Kind of use by which a customer is taxed otherwise, in the service's codes. */
  readonly entityUseCode: string | undefined;
  readonly seller: TaxAddress;
  readonly buyer: TaxAddress;
  readonly pricesIncludeTax: boolean;
  readonly lines: readonly TaxRequestLine[];
  /** What the document takes back; left out where it bills. */
  readonly reverses?: TaxReversal;
}

/** A document's record at the service: what is committed once the document is final. */
export interface TaxTransaction {
  readonly service: string;
  readonly company: string;
  readonly code: string;
  /** Kind of the record, in the service's words. */
  readonly type: string;
  /** `void`: it is the record of the document that this one takes back, to be voided; left out: its own, to be committed. */
  readonly action?: "void";
}

export interface RepliedTaxDetail {
  readonly name: string;
  readonly jurisdiction: string;
  readonly percent: string;
  readonly amount: string;
}

export interface RepliedLineTax {
  readonly line: number;
  readonly tax: string;
  readonly details: readonly RepliedTaxDetail[];
  /** Why no tax is due, null where it is. */
  readonly note: string | null;
}

/** The service's answer, as it was given: nothing of it has been checked. */
export type TaxAnswer =
  | {
      readonly kind: "taxed";
      readonly transaction: TaxTransaction;
      /** The header's. */
      readonly totalTax: string;
      readonly lines: readonly RepliedLineTax[];
    }
  /** The record of what is taken back can be voided: nothing else is recorded. */
  | { readonly kind: "voidable"; readonly transaction: TaxTransaction }
  /** The service says that it can't tax the document: asking again in the same way is in vain. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  /** An answer that lacks what it has to have, or is about something else. */
  | { readonly kind: "invalid"; readonly message: string };

/** Code of the refusal to commit a record that is void. */
export const TAX_RECORD_VOID = "RecordVoid";

/** What became of the wish to commit or to void. */
export type TaxCommitAnswer =
  | { readonly kind: "committed" | "voided" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

/**
 * All methods reject with `tax-service-failed` where there is no answer (a time-out, an outage, too many requests): the
 * fault's `details.retryInMs` then says how long to wait at least, where that is known. What was asked may have been done.
 */
export interface TaxService {
  /** The taxes of a document. Asking again about a document that has not been committed is harmless. */
  tax(request: DocumentTaxRequest): Promise<TaxAnswer>;
  /**
   * Makes a document's record final at the service. Committing again what is committed is harmless.
   * @param tax the document's; a record that says another one is told as a refusal
   */
  commit(transaction: TaxTransaction, tax: string): Promise<TaxCommitAnswer>;
  /** Voids a record. Voiding again what is void is harmless. */
  void(transaction: TaxTransaction): Promise<TaxCommitAnswer>;
}

/** An answer in the control log. */
export interface TaxReply {
  readonly document: string;
  /** Fingerprint of the request that it answers: it does not apply to a document that has become another. */
  readonly request: string;
  readonly answer:
    | TaxAnswer
    /** None came for long. The document goes on being asked about. */
    | { readonly kind: "overdue"; readonly message: string };
}
