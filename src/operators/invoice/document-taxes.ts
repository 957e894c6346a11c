import type { DocumentTaxRequest, TaxReply, TaxTransaction } from "../../model/tax-service.ts";
import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import type { DocumentHold, FrozenDocument } from "../../billing/invoices/billing-document.ts";
import {
  completeDocument,
  type HeldResult,
  type UntaxedDocument,
} from "../../billing/invoices/freeze-document.ts";
import { checkServiceTaxes } from "../../billing/tax/service-reply.ts";
import { documentTaxRequest, taxRequestFingerprint } from "../../billing/tax/service-request.ts";
import { taxDateOf } from "../../billing/tax/tax-date.ts";
import { reversalTaxRequest, taxedAs } from "../../billing/tax/tax-reversal.ts";
import type { LineTax, TaxResult } from "../../billing/tax/tax-table.ts";
import type { Journal } from "../journal.ts";
import type { BillingBook } from "./billing-book.ts";
import type { ContractCredits } from "./contract-credits.ts";
import { CorrectionTaxes, correctionVerdict, type CorrectionVerdict } from "./correction-taxes.ts";
import { ASKED, nextHold, tellHold } from "./document-holds.ts";
import { type EntryExchange, EXCHANGE_RATE_MISSING } from "./entry-exchange.ts";

export interface DocumentTaxesOptions {
  readonly book: BillingBook;
  readonly journal: Journal;
  readonly catalog: CompiledCatalog;
  readonly credits: ContractCredits;
  readonly exchange: EntryExchange;
}

/** A document that waits for a tax service's answer. */
export interface TaxQuestion {
  readonly request: DocumentTaxRequest;
  readonly fingerprint: string;
}

/** What a reply makes of a held document. */
type Verdict =
  { readonly lines: readonly LineTax[]; readonly transaction: TaxTransaction } | CorrectionVerdict;

const BEHIND_ANOTHER = "credits pay the contract's documents in their order, and an earlier one is held";

/**
 * Taxes documents, by the catalog's rates or with the answers of a tax service, and lets credits pay. A document whose tax
 * or exchange rate can't be told is held: it has no number, uses no credits, and others go on without it.
 */
export class DocumentTaxes {
  readonly #book: BillingBook;
  readonly #journal: Journal;
  readonly #catalog: CompiledCatalog;
  readonly #credits: ContractCredits;
  readonly #exchange: EntryExchange;
  readonly #corrections: CorrectionTaxes;

  constructor({ book, journal, catalog, credits, exchange }: DocumentTaxesOptions) {
    this.#corrections = new CorrectionTaxes({ book, journal, catalog, exchange });
    this.#book = book;
    this.#journal = journal;
    this.#catalog = catalog;
    this.#credits = credits;
    this.#exchange = exchange;
  }

  /**
   * By the catalog's rates: undefined where it knows no taxes. Usage is taxed by the rates of its period, as late as it
   * may come. Documents that a service taxes are held until it has.
   */
  taxesOf({ lines, issuedMs }: UntaxedDocument, contract: CompiledContract): TaxResult | undefined {
    const { taxTable, customers, products } = this.#catalog;
    const { legalEntity, pricesIncludeTax, rounding } = contract;
    const customer = customers.get(contract.customer);
    if (customer === undefined) return undefined;
    if (legalEntity.tax === "service") {
      return customer.country === undefined
        ? { hold: "tax-address-missing", detail: "the customer has no country" }
        : { hold: "tax-pending", detail: "" };
    }
    return taxTable?.tax({
      sellerCountry: legalEntity.country,
      customer,
      pricesIncludeTax,
      rounding,
      lines: lines.map((line) => ({
        taxable: line.amount - line.discount,
        taxCode: products.get(line.product)?.taxCode,
        date: taxDateOf(line, issuedMs, contract.timeZone),
      })),
    });
  }

  /** Completes a document that was just made. */
  complete(untaxed: UntaxedDocument, contract: CompiledContract): void {
    this.#settle(untaxed, contract, this.taxesOf(untaxed, contract), undefined);
  }

  /** Completes a correction that was just made. */
  completeCorrection(document: FrozenDocument, contract: CompiledContract): void {
    this.#corrections.complete(document, contract);
  }

  /** Tries a held document again, by the catalog in effect now. */
  retry(document: FrozenDocument, contract: CompiledContract): void {
    if (document.corrects !== undefined) {
      this.#corrections.complete(document, contract);
      return;
    }
    // It is taxed already.
    if (document.hold?.reason === "earlier-document-held") return;
    const untaxed = { ...document, catalogVersion: this.#catalog.version };
    this.#settle(untaxed, contract, this.taxesOf(untaxed, contract), document.hold);
  }

  /** What a tax service is to be asked about a document; undefined where it does not wait for one. */
  questionOf(document: FrozenDocument, contract: CompiledContract): TaxQuestion | undefined {
    if (document.hold === undefined || !ASKED.has(document.hold.reason)) return undefined;
    const { corrects, reverses, taxedAs: taxed } = document;
    if (corrects !== undefined) {
      if (reverses === undefined || taxed === undefined) return undefined;
      return questionAbout(reversalTaxRequest(document, contract, reverses, taxed));
    }
    const customer = this.#catalog.customers.get(contract.customer);
    if (customer === undefined || contract.legalEntity.tax !== "service") return undefined;
    const productOf = (key: string) => this.#catalog.products.get(key);
    const request = documentTaxRequest(document, contract, customer, productOf);
    return request === undefined ? undefined : questionAbout(request);
  }

  /** Whether a reply would change anything: one that says what is known already need not be recorded. */
  isNews(document: FrozenDocument, contract: CompiledContract, reply: TaxReply): boolean {
    return this.#newsOf(document, contract, reply) !== undefined;
  }

  /** A tax service has answered. A reply to another request than the document's present one says nothing of it. */
  answer(document: FrozenDocument, contract: CompiledContract, reply: TaxReply): void {
    const verdict = this.#newsOf(document, contract, reply);
    if (verdict === undefined) return;
    if (document.corrects !== undefined) {
      if ("hold" in verdict) this.#corrections.hold(document, verdict);
      else this.#corrections.recorded(document, verdict.transaction);
    } else if ("hold" in verdict) this.#settle(document, contract, verdict, document.hold);
    else if ("lines" in verdict) {
      const { lines, transaction } = verdict;
      const request = this.questionOf(document, contract)?.request;
      const taxed = {
        ...document,
        taxTransaction: transaction,
        ...(request === undefined ? {} : { taxedAs: taxedAs(request) }),
      };
      this.#settle(taxed, contract, { lines }, document.hold);
    }
  }

  #newsOf(document: FrozenDocument, contract: CompiledContract, reply: TaxReply): Verdict | undefined {
    const verdict = this.#verdictOn(document, contract, reply);
    if (verdict === undefined || !("hold" in verdict)) return verdict;
    const isKnown = verdict.hold === document.hold?.reason && verdict.detail === document.hold.detail;
    return isKnown ? undefined : verdict;
  }

  #verdictOn(document: FrozenDocument, contract: CompiledContract, reply: TaxReply): Verdict | undefined {
    if (this.questionOf(document, contract)?.fingerprint !== reply.request) return undefined;
    const { answer } = reply;
    if (answer.kind === "refused")
      return { hold: "tax-service-refused", detail: `${answer.code}: ${answer.message}` };
    if (answer.kind === "invalid") return { hold: "tax-reply-invalid", detail: answer.message };
    if (answer.kind === "overdue") {
      // A service that has refused is there.
      const isUnanswered = document.hold?.reason === "tax-pending";
      return isUnanswered ? { hold: "tax-service-unavailable", detail: answer.message } : undefined;
    }
    if (document.corrects !== undefined) return correctionVerdict(document, contract, answer);
    if (answer.kind === "voidable")
      return { hold: "tax-reply-invalid", detail: "the document takes nothing back that could be voided" };
    const taxable = document.lines.map(({ amount, discount }) => amount - discount);
    const checked = checkServiceTaxes(answer, taxable, contract.currencyExponent);
    return "invalid" in checked ? { hold: "tax-reply-invalid", detail: checked.invalid } : checked;
  }

  #settle(
    untaxed: UntaxedDocument,
    contract: CompiledContract,
    taxes: TaxResult | undefined,
    before: DocumentHold | undefined,
  ): void {
    const missing = this.#missingRate(untaxed, contract);
    if (missing !== undefined) this.#hold(untaxed, contract, missing, before);
    else if (taxes !== undefined && "hold" in taxes) this.#hold(untaxed, contract, taxes, before);
    else if (this.#isBehindAnother(untaxed, contract)) {
      const lines = taxes?.lines ?? [];
      this.#hold(untaxed, contract, { hold: "earlier-document-held", detail: BEHIND_ANOTHER, lines }, before);
    } else {
      this.#pay(untaxed, contract, taxes, before);
      this.#payNext(contract);
    }
  }

  #hold(
    untaxed: UntaxedDocument,
    contract: CompiledContract,
    taxes: HeldResult,
    before: DocumentHold | undefined,
  ): void {
    const hold = nextHold(taxes, before);
    this.#book.freeze({ ...completeDocument(untaxed, contract, taxes, undefined), hold });
    tellHold(this.#journal, untaxed, hold);
  }

  /** Nobody is asked about the tax of a document that can't be booked yet: it is taxed when its exchange rate is there. */
  #missingRate({ issuedMs }: UntaxedDocument, contract: CompiledContract): HeldResult | undefined {
    const found = this.#exchange.rateAt(contract, issuedMs);
    return found.kind === "missing" ? { hold: EXCHANGE_RATE_MISSING, detail: found.detail } : undefined;
  }

  #isBehindAnother({ id }: UntaxedDocument, contract: CompiledContract): boolean {
    if (!this.#credits.hasGrants(contract)) return false;
    const [first] = this.#book.unpaidOf(contract.id);
    return first !== undefined && first.id !== id;
  }

  #pay(
    untaxed: UntaxedDocument,
    contract: CompiledContract,
    taxes: TaxResult | undefined,
    before: DocumentHold | undefined,
  ): void {
    const found = this.#exchange.rateAt(contract, untaxed.issuedMs);
    const rate = found.kind === "found" ? found.rate : undefined;
    this.#credits.use(contract, untaxed.creditsAtMs, (credits) => {
      this.#book.freeze(completeDocument(untaxed, contract, taxes, credits, rate));
    });
    this.#credits.perform(contract, before?.creditActs ?? []);
  }

  /** Documents that were taxed before the one that has just been paid, and came behind it. */
  #payNext(contract: CompiledContract): void {
    if (!this.#credits.hasGrants(contract)) return;
    for (const next of this.#book.unpaidOf(contract.id)) {
      if (next.hold?.reason !== "earlier-document-held") return;
      const missing = this.#missingRate(next, contract);
      if (missing !== undefined) {
        this.#hold(next, contract, missing, next.hold);
        return;
      }
      const lines = next.lines.map(({ tax, taxDetails, taxNote }): LineTax => ({
        tax,
        details: taxDetails,
        note: taxNote,
      }));
      this.#pay(next, contract, { lines }, next.hold);
    }
  }
}

function questionAbout(request: DocumentTaxRequest): TaxQuestion {
  return { request, fingerprint: taxRequestFingerprint(request) };
}
