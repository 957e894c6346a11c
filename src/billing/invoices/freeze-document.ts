import type { TaxTransaction } from "../../model/tax-service.ts";
import type { CompiledContract } from "../catalog/compiled.ts";
import type { CreditLedger } from "../credits/credit-ledger.ts";
import type { TaxedAs } from "../tax/tax-reversal.ts";
import type { LineTax, TaxResult } from "../tax/tax-table.ts";
import type { AppliedRate } from "../exchange/exchange-rate.ts";
import type { DocumentLine, FrozenDocument, HoldReason } from "./billing-document.ts";
import { settleWithCredits } from "./credit-payment.ts";
import { discountLines } from "./invoice-discounts.ts";
import type { InvoiceLine } from "./invoice-lines.ts";

/** A document whose tax is still missing. */
export interface UntaxedDocument {
  readonly id: string;
  readonly contract: string;
  readonly issuedMs: number;
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** Time at which credits pay. */
  readonly creditsAtMs: number;
  readonly lines: readonly (InvoiceLine & { readonly discount: bigint })[];
  readonly catalogVersion: string;
  /** Its record at the tax service, where one has taxed it. */
  readonly taxTransaction?: TaxTransaction;
  readonly taxedAs?: TaxedAs;
}

/** Brings lines to a document: takes the invoice's discounts off, line by line. */
export function untaxedDocument(
  contract: CompiledContract,
  head: Omit<UntaxedDocument, "contract" | "lines">,
  lines: readonly InvoiceLine[],
): UntaxedDocument {
  const amounts = lines.map(({ amount }) => amount);
  const { currencyExponent, rounding, invoiceDiscounts } = contract;
  const { byLine } = discountLines(invoiceDiscounts, amounts, currencyExponent, rounding);
  return {
    ...head,
    contract: contract.id,
    lines: lines.map((line, index) => ({ ...line, discount: byLine[index] ?? 0n })),
  };
}

/** A document can't be completed yet. */
export interface HeldResult {
  readonly hold: HoldReason;
  readonly detail: string;
  /** Taxes that are known already; none where left out. */
  readonly lines?: readonly LineTax[];
}

const NO_TAX: LineTax = { tax: 0n, details: [], note: undefined };

/**
 * Adds tax and credits to a document, in the order of docs/invoicing.md: line discounts are in the lines' amounts already,
 * the invoice's discounts are taken off, then tax on what is left, then credits. A document that comes to less than 0 is a
 * credit memo. One that can't be taxed is held: it uses no credits.
 * @param taxes undefined where no tax is due anywhere; a reason to wait where that or anything else can't be told
 * @param credits of the contract's currency; changed. Undefined where it has none
 * @param exchange rate to the functional currency; undefined where none is needed
 */
export function completeDocument(
  document: UntaxedDocument,
  contract: CompiledContract,
  taxes: TaxResult | HeldResult | undefined,
  credits: Pick<CreditLedger, "burn" | "restore"> | undefined,
  exchange?: AppliedRate,
): FrozenDocument {
  const hold = taxes !== undefined && "hold" in taxes ? taxes : undefined;
  const lineTaxes = taxes?.lines ?? [];
  const taxIncluded = contract.pricesIncludeTax;
  const lines = document.lines.map((line, index): DocumentLine => {
    const { tax, details, note } = lineTaxes[index] ?? NO_TAX;
    return { ...line, tax, taxDetails: details, taxNote: note };
  });
  const sum = (amountOf: (line: DocumentLine) => bigint): bigint =>
    lines.reduce((all, line) => all + amountOf(line), 0n);
  const payableOf = (line: DocumentLine): bigint =>
    line.amount - line.discount + (taxIncluded ? 0n : line.tax);
  const paid =
    hold !== undefined || credits === undefined
      ? 0n
      : settleWithCredits(
          credits,
          lines.map((line) => ({
            source: { product: line.product, meter: line.meter ?? "" },
            payable: payableOf(line),
          })),
          document.creditsAtMs,
        );
  const total = sum(payableOf) - paid;
  return {
    ...document,
    kind: total < 0n ? "credit-memo" : "invoice",
    lines,
    taxIncluded,
    ...(exchange === undefined ? {} : { exchange }),
    hold:
      hold === undefined
        ? undefined
        : { reason: hold.hold, detail: hold.detail, exceptions: 0, creditActs: [] },
    subtotal: sum(({ amount }) => amount),
    discounts: sum(({ discount }) => discount),
    tax: sum(({ tax }) => tax),
    credits: paid,
    total,
  };
}

/** What of a line is revenue: after discounts, without tax. */
export function netOfLine(line: DocumentLine, taxIncluded: boolean): bigint {
  return line.amount - line.discount - (taxIncluded ? line.tax : 0n);
}
