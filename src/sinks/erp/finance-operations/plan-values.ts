import { isJsonNumber } from "../../../model/decimal.ts";
import type { PostedLine } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { singleLineText, truncatedText } from "../common/text.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import {
  MAX_AMOUNT_DECIMALS,
  MAX_AMOUNT_DIGITS,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_INVOICE_TEXT_CHARACTERS,
} from "./limits.ts";

/** Company of a legal entity. The database compares ids without case and gives them in small letters. */
export function companyOf(legalEntity: string, rows: MappedRows): string {
  return rows.required("legal_entity", legalEntity, "id").toLowerCase();
}

/** A calendar day as the service takes it: noon, so that it is the same day in every time zone of a company. */
export function dayTime(date: string): string {
  return `${date}T12:00:00Z`;
}

/** Amounts of a document in its currency. */
export class Amounts {
  readonly #decimals: number;
  readonly #document: string;

  /** @param document what messages call it */
  constructor(currency: string, document: string) {
    this.#decimals = currencyDecimals(currency);
    this.#document = document;
  }

  /** As it is sent. One with more digits than the tables or the currency have would be rounded there: throws ErpFault `validation`. */
  of(amount: string): JsonDecimal {
    const [whole = "", fraction = ""] = amount.replace("-", "").split(".");
    const fits =
      isJsonNumber(amount) &&
      /^-?[\d.]+$/.test(amount) &&
      fraction.replace(/0+$/, "").length <= this.#decimals &&
      (whole + fraction).replace(/^0+/, "").length <= MAX_AMOUNT_DIGITS;
    if (!fits)
      throw new ErpFault(
        "validation",
        `${this.#document}: Finance & Operations can't hold the amount ${amount.slice(0, 50)}`,
      );
    return new JsonDecimal(amount);
  }
}

/** Digits behind the point of a currency's amounts, by ISO 4217: what its rounding rule there is set to. */
function currencyDecimals(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) return MAX_AMOUNT_DECIMALS;
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  return format.resolvedOptions().maximumFractionDigits ?? MAX_AMOUNT_DECIMALS;
}

export function descriptionOf({ description }: Pick<PostedLine, "description">): string {
  return singleLineText(description, MAX_DESCRIPTION_CHARACTERS);
}

/** The description, and behind it what is never cut off: the quantity, the service period, the document that is corrected. */
export function invoiceTextOf(line: PostedLine): string {
  const { description, quantity, periodStart, periodEnd, adjusts } = line;
  const facts = [
    ...(quantity === null ? [] : [`quantity ${quantity}`]),
    `${periodStart} to ${periodEnd}`,
    ...(adjusts === null ? [] : [`corrects ${adjusts}`]),
  ];
  const suffix = truncatedText(` (${facts.join(", ")})`, MAX_INVOICE_TEXT_CHARACTERS);
  return singleLineText(description, MAX_INVOICE_TEXT_CHARACTERS - suffix.length) + suffix;
}
