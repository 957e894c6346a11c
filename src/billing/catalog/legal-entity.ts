import { z } from "zod";
import { currencyField } from "../exchange/exchange-rate.ts";
import { isTimeZone } from "../zone-days.ts";
import { addressFields } from "../tax/tax-rate.ts";
import { integerField, keyField, textField } from "./fields.ts";

/** Digits of the running number in a document's number: 999,999 documents before one gets longer. */
const DEFAULT_NUMBER_DIGITS = 6;
const MAX_FIRST_NUMBER = 999_999_999;

/** A company that sells and books: documents are numbered, and the subledger is kept, by legal entity and currency. */
export const legalEntitySchema = z.strictObject({
  key: keyField(),
  name: textField(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, "must be an ISO 3166 alpha-2 code, like DE")
    .optional()
    .describe("ISO 3166 alpha-2 code of the country that it is registered in."),
  region: addressFields.region,
  city: addressFields.city,
  postal_code: addressFields.postal_code,
  street: addressFields.street,
  tax: z
    .enum(["table", "service"])
    .optional()
    .describe(
      "How its documents are taxed: by the tax rates of the catalog, or by the worker's tax service; left out: by the rates where there are any.",
    ),
  tax_company: textField()
    .optional()
    .describe("What the tax service calls it (AvaTax: the company code); left out: the key."),
  time_zone: z
    .string()
    .refine(isTimeZone, {
      error: (issue) => `${JSON.stringify(issue.input)} is not an IANA time zone`,
    })
    .default("UTC")
    .describe("IANA time zone of its accounting months."),
  functional_currency: currencyField()
    .optional()
    .describe(
      "Currency that it keeps its books in: entries of contracts in another one are converted by the exchange rates. Left out: none is converted.",
    ),
  number_prefix: z
    .string()
    .regex(/^[A-Za-z0-9/_.-]{0,20}$/, "must be at most 20 letters, digits, '/', '_', '.' or '-'")
    .optional()
    .describe("What the numbers of its documents begin with; left out: the key and '-'."),
  first_number: integerField(1, MAX_FIRST_NUMBER)
    .default(1)
    .describe("Number of its first document; each document's is one more than that of the one before."),
  number_digits: integerField(1, 12)
    .default(DEFAULT_NUMBER_DIGITS)
    .describe("Digits to which numbers are filled up with zeros."),
});

export type LegalEntity = z.output<typeof legalEntitySchema>;

/** Seller of contracts where the catalog names no legal entity. */
export const DEFAULT_LEGAL_ENTITY: LegalEntity = {
  key: "default",
  name: "default",
  time_zone: "UTC",
  number_prefix: "INV-",
  first_number: 1,
  number_digits: DEFAULT_NUMBER_DIGITS,
};

/**
 * Number of the document that is the `rank`-th (from 1) of its legal entity: "DE-000042". One series for invoices and
 * credit memos, without gaps.
 */
export function documentNumber(
  entity: Pick<LegalEntity, "key" | "number_prefix" | "first_number" | "number_digits">,
  rank: number,
): string {
  const running = String(entity.first_number + rank - 1).padStart(entity.number_digits, "0");
  return `${entity.number_prefix ?? `${entity.key}-`}${running}`;
}
