import type { TaxReversal, TaxTransaction } from "../../model/tax-service.ts";
import type { CompiledContract, CompiledProduct } from "../catalog/compiled.ts";
import type { AppliedRate } from "../exchange/exchange-rate.ts";
import { functionalAmount } from "../exchange/functional-amount.ts";
import { currencyExponent } from "../rating/currencies.ts";
import { formatMinorUnits } from "../rating/money.ts";
import type { TaxedAs } from "../tax/tax-reversal.ts";
import type { TaxDetail, TaxHold } from "../tax/tax-table.ts";
import { localDate } from "../zone-days.ts";
import type { InvoiceLine } from "./invoice-lines.ts";

/**
 * Life of a document.
 * - `frozen`: its figures stand; its number is still missing.
 * - `held`: its tax or exchange rate can't be told; it waits for a catalog by which it can, or for a tax service.
 * - `final`: numbered, entered in the subledger; from then on corrected by other documents only.
 */
export type DocumentStatus = "frozen" | "held" | "final";

/** An invoice asks for money; a credit memo gives it back (its total is negative, or 0 where it corrects an invoice). */
export type DocumentKind = "invoice" | "credit-memo";

/** Names of reasons for which a document waits instead of being completed by a guess. */
export type HoldReason = TaxHold | "exchange-rate-missing";

/** A line with its share of the invoice's discounts and its tax, minor units. */
export interface DocumentLine extends InvoiceLine {
  readonly discount: bigint;
  readonly tax: bigint;
  readonly taxDetails: readonly TaxDetail[];
  /** Why no tax is due, undefined where it is (or nothing is known of taxes). */
  readonly taxNote: string | undefined;
}

/** How a document is corrected: a `credit-note` gives back of an invoice, a `void` takes it back whole, to be billed again. */
export type CorrectionKind = "credit-note" | "void";

/** The document that another one corrects. */
export interface CorrectedInvoice {
  readonly document: string;
  readonly number: string;
  readonly kind: CorrectionKind;
  /** Why, as the operator who decided it said. */
  readonly reason: string;
}

/** What is to happen to a contract's credits behind a document that may still use them. */
export interface CreditAct {
  readonly kind: "advance" | "end-period";
  readonly atMs: number;
}

/** Why a document waits, and what waits with it. */
export interface DocumentHold {
  readonly reason: HoldReason;
  readonly detail: string;
  /** Exceptions that it has brought about so far. */
  readonly exceptions: number;
  /** In this order, once it has used what it uses. */
  readonly creditActs: readonly CreditAct[];
}

/** Figures of a document, before it has a number. Amounts are minor units of the contract's currency. */
export interface FrozenDocument {
  /** The same whenever the logs are processed again; unique among all partitions. */
  readonly id: string;
  readonly kind: DocumentKind;
  readonly contract: string;
  /** Date of issue: when it was frozen, as the decision in the control log says. */
  readonly issuedMs: number;
  /** Billing period that it is of; its lines may be of others. */
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** Time at which credits pay. */
  readonly creditsAtMs: number;
  readonly lines: readonly DocumentLine[];
  /** Whether the tax is a part of the lines' amounts. */
  readonly taxIncluded: boolean;
  /** Why it waits; undefined where it doesn't. */
  /** Rate to the functional currency of the legal entity, where that is another one: of the date of issue. */
  readonly exchange?: AppliedRate;
  readonly hold: DocumentHold | undefined;
  /** Its record at the tax service, where one has taxed it. */
  readonly taxTransaction?: TaxTransaction;
  /** What that service was told of its parties and lines; of a correction what is to be told. */
  readonly taxedAs?: TaxedAs;
  /** Of a correction: the record at the tax service that it takes back. */
  readonly reverses?: TaxReversal;
  readonly subtotal: bigint;
  readonly discounts: bigint;
  readonly tax: bigint;
  /** Paid by prepaid credits. */
  readonly credits: bigint;
  /** To be paid: subtotal − discounts + tax (where it is not included) − credits. */
  readonly total: bigint;
  readonly catalogVersion: string;
  /** Of a document that an operator decided. */
  readonly corrects?: CorrectedInvoice;
}

/** A line of a document as it is published. Amounts and quantities are decimal strings; times RFC 3339 in UTC. */
export interface PublishedLine {
  readonly line: number;
  readonly kind: InvoiceLine["kind"];
  readonly product: string;
  readonly meter: string | null;
  readonly price: string | null;
  readonly description: string;
  readonly quantity: string | null;
  readonly amount: string;
  readonly discount: string;
  readonly tax: string;
  readonly taxCode: string | null;
  /** The rates that `tax` is made of. */
  readonly taxes: readonly {
    readonly name: string;
    readonly jurisdiction: string;
    readonly percent: string;
    readonly amount: string;
  }[];
  /** Why no tax is due; null where it is. */
  readonly taxNote: string | null;
  readonly periodStart: string;
  readonly periodEnd: string;
  /** Number of the document whose billing of the period this line corrects; its id where it has no number yet. */
  readonly adjusts: string | null;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** A document as it is published, stored and posted: body of an outbox entry on channel `document`. */
export interface PublishedDocument {
  readonly id: string;
  readonly kind: DocumentKind;
  readonly status: DocumentStatus;
  /** Null until it is final. */
  readonly number: string | null;
  readonly legalEntity: string;
  readonly customer: string;
  readonly account: string;
  readonly contract: string;
  readonly currency: string;
  /** Calendar days in the contract's time zone. */
  readonly issueDate: string;
  readonly dueDate: string;
  readonly periodStart: string;
  readonly periodEnd: string;
  readonly lines: readonly PublishedLine[];
  readonly subtotal: string;
  readonly discounts: string;
  readonly tax: string;
  /** Whether the tax is a part of the amounts. */
  readonly taxIncluded: boolean;
  readonly credits: string;
  readonly total: string;
  /** Where the legal entity's functional currency is another one: what one unit of `currency` is worth in it. */
  readonly functionalCurrency?: string;
  readonly exchangeRate?: string;
  /** Day that the rate is of. */
  readonly exchangeRateDate?: string;
  /** Tax and total in the functional currency, each rounded once. */
  readonly taxFunctional?: string;
  readonly totalFunctional?: string;
  readonly catalogVersion: string;
  /** The invoice that it corrects; absent where it is no operator's correction. */
  readonly corrects?: CorrectedInvoice;
  /** Why it waits; absent where it does not. */
  readonly hold?: { readonly reason: HoldReason; readonly detail: string };
  /** Its record at the tax service; absent where none has taxed it. */
  readonly taxTransaction?: TaxTransaction;
}

const DAY_MS = 86_400_000;

/**
 * A document for everybody else.
 * @param number undefined: not numbered yet
 * @param numberOf number of the document that a line adjusts, undefined where it has none yet
 */
export function publishedDocument(
  document: FrozenDocument,
  contract: CompiledContract,
  productOf: (key: string) => CompiledProduct | undefined,
  number: string | undefined,
  numberOf: (line: InvoiceLine) => string | undefined,
): PublishedDocument {
  const money = (minorUnits: bigint): string => formatMinorUnits(minorUnits, contract.currencyExponent);
  const dateOf = (timeMs: number): string => localDate(contract.timeZone, timeMs);
  const { hold, taxTransaction } = document;
  return {
    id: document.id,
    kind: document.kind,
    status: hold !== undefined ? "held" : number === undefined ? "frozen" : "final",
    number: number ?? null,
    legalEntity: contract.legalEntity.key,
    customer: contract.customer,
    account: contract.account,
    contract: contract.id,
    currency: contract.currency,
    issueDate: dateOf(document.issuedMs),
    dueDate: dateOf(document.issuedMs + contract.paymentDays * DAY_MS),
    periodStart: timeText(document.periodStartMs),
    periodEnd: timeText(document.periodEndMs),
    lines: document.lines.map((line, index) => {
      const product = productOf(line.product);
      return {
        line: index + 1,
        kind: line.kind,
        product: line.product,
        meter: line.meter ?? null,
        price: line.price ?? null,
        description: line.description,
        quantity: line.quantity ?? null,
        amount: money(line.amount),
        discount: money(line.discount),
        tax: money(line.tax),
        taxCode: product?.taxCode ?? null,
        taxes: line.taxDetails.map(({ name, jurisdiction, percent, amount }) => ({
          name,
          jurisdiction,
          percent,
          amount: money(amount),
        })),
        taxNote: line.taxNote ?? null,
        periodStart: timeText(line.periodStartMs),
        periodEnd: timeText(line.periodEndMs),
        adjusts:
          document.corrects?.number ?? (line.adjusts === undefined ? null : (numberOf(line) ?? line.adjusts)),
        dimensions: { ...product?.dimensions, ...contract.dimensions },
      };
    }),
    subtotal: money(document.subtotal),
    discounts: money(document.discounts),
    tax: money(document.tax),
    taxIncluded: document.taxIncluded,
    credits: money(document.credits),
    total: money(document.total),
    ...functionalFigures(document),
    catalogVersion: document.catalogVersion,
    ...(document.corrects === undefined ? {} : { corrects: document.corrects }),
    ...(hold === undefined ? {} : { hold: { reason: hold.reason, detail: hold.detail } }),
    ...(taxTransaction === undefined ? {} : { taxTransaction }),
  };
}

function functionalFigures({
  exchange,
  tax,
  total,
}: FrozenDocument): Pick<
  PublishedDocument,
  "functionalCurrency" | "exchangeRate" | "exchangeRateDate" | "taxFunctional" | "totalFunctional"
> {
  if (exchange === undefined) return {};
  const exponent = currencyExponent(exchange.to) ?? 0;
  const converted = (minorUnits: bigint): string =>
    formatMinorUnits(functionalAmount(minorUnits, exchange), exponent);
  return {
    functionalCurrency: exchange.to,
    exchangeRate: exchange.rate,
    exchangeRateDate: exchange.date,
    taxFunctional: converted(tax),
    totalFunctional: converted(total),
  };
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
