import type { TaxAnswer, TaxTransaction } from "../../model/tax-service.ts";
import type { CompiledCatalog, CompiledContract } from "../../billing/catalog/compiled.ts";
import type { FrozenDocument } from "../../billing/invoices/billing-document.ts";
import type { HeldResult } from "../../billing/invoices/freeze-document.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { checkServiceTaxes } from "../../billing/tax/service-reply.ts";
import type { TaxHold } from "../../billing/tax/tax-table.ts";
import type { Journal } from "../journal.ts";
import type { BillingBook } from "./billing-book.ts";
import { nextHold, tellHold } from "./document-holds.ts";
import { type EntryExchange, EXCHANGE_RATE_MISSING } from "./entry-exchange.ts";

export interface CorrectionTaxesOptions {
  readonly book: Pick<BillingBook, "freeze">;
  readonly journal: Pick<Journal, "exception">;
  readonly catalog: Pick<CompiledCatalog, "version">;
  readonly exchange: Pick<EntryExchange, "rateAt">;
}

/** What a tax service's answer makes of a correction. */
export type CorrectionVerdict =
  { readonly transaction: TaxTransaction } | { readonly hold: TaxHold; readonly detail: string };

/**
 * Completes documents that take others back. Their figures are those of the document that they correct, the tax too, and
 * credits have been settled with them: nothing of that is worked out here. They wait for their exchange rate, and until the
 * tax service that has a record of what is taken back has one of this too.
 */
export class CorrectionTaxes {
  readonly #options: CorrectionTaxesOptions;

  constructor(options: CorrectionTaxesOptions) {
    this.#options = options;
  }

  /** Completes a correction that was just made, or tries one that is held again, by the catalog in effect now. */
  complete(document: FrozenDocument, contract: CompiledContract): void {
    const { catalog, exchange } = this.#options;
    const current = { ...document, catalogVersion: catalog.version };
    const found = exchange.rateAt(contract, document.issuedMs);
    if (found.kind === "missing") this.hold(current, { hold: EXCHANGE_RATE_MISSING, detail: found.detail });
    else {
      const rated = found.kind === "found" ? { ...current, exchange: found.rate } : current;
      if (document.reverses === undefined || document.taxTransaction !== undefined) this.#release(rated);
      else if (document.hold === undefined || document.hold.reason === EXCHANGE_RATE_MISSING)
        this.hold(rated, { hold: "tax-pending", detail: "" });
      // What the service has said of it still stands.
      else this.#options.book.freeze(rated);
    }
  }

  /** The service has a record of it. */
  recorded(document: FrozenDocument, transaction: TaxTransaction): void {
    this.#release({ ...document, taxTransaction: transaction });
  }

  hold(document: FrozenDocument, result: Pick<HeldResult, "hold" | "detail">): void {
    const { book, journal } = this.#options;
    const hold = nextHold(result, document.hold);
    book.freeze({ ...document, hold });
    tellHold(journal, document, hold);
  }

  #release(document: FrozenDocument): void {
    this.#options.book.freeze({ ...document, hold: undefined });
  }
}

/** Whether a service has recorded a correction with the tax that it has: anything else is held. */
export function correctionVerdict(
  { lines, reverses }: FrozenDocument,
  { currencyExponent: exponent }: Pick<CompiledContract, "currencyExponent">,
  answer: Extract<TaxAnswer, { readonly kind: "taxed" | "voidable" }>,
): CorrectionVerdict {
  const invalid = (detail: string): CorrectionVerdict => ({ hold: "tax-reply-invalid", detail });
  if (answer.kind === "voidable")
    return reverses?.isWhole === true
      ? { transaction: answer.transaction }
      : invalid("a record of which only a part is taken back can't be voided");
  const taxable = lines.map(({ amount, discount }) => amount - discount);
  const checked = checkServiceTaxes(answer, taxable, exponent);
  if ("invalid" in checked) return invalid(checked.invalid);
  const other = lines.findIndex(({ tax }, index) => checked.lines[index]?.tax !== tax);
  if (other < 0) return { transaction: checked.transaction };
  const [recorded, own] = [checked.lines[other]?.tax ?? 0n, lines[other]?.tax ?? 0n].map((tax) =>
    formatMinorUnits(tax, exponent),
  );
  return invalid(`the tax of line ${other + 1} is recorded as ${recorded ?? ""}, it is ${own ?? ""}`);
}
