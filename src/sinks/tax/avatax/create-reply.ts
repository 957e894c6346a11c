import { z } from "zod";
import { isJsonNumber, parseDecimal, decimalText } from "../../../model/decimal.ts";
import type { RepliedLineTax, TaxAnswer, TaxTransaction } from "../../../model/tax-service.ts";

/** Texts of a reply are shown to people and kept in the log: longer ones are cut. */
const MAX_TEXT_CHARACTERS = 500;

const text = z.string().transform((value) => value.slice(0, MAX_TEXT_CHARACTERS));
/** Numbers come as their texts, see `readExactJson`. */
const decimal = z.string().refine(isJsonNumber, "must be a number");
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish();

const detailSchema = z.looseObject({
  country: optional(text),
  region: optional(text),
  jurisName: optional(text),
  taxName: optional(text),
  rate: optional(decimal),
  tax: decimal,
});

const lineSchema = z.looseObject({
  lineNumber: z.string().regex(/^\d{1,9}$/, "must be the number of a line"),
  tax: decimal,
  isItemTaxable: optional(z.boolean()),
  exemptAmount: optional(decimal),
  exemptNo: optional(text),
  details: optional(z.array(detailSchema)),
});

const transactionSchema = z.looseObject({
  code: z.string(),
  type: z.string(),
  status: z.string(),
  currencyCode: optional(z.string()),
  totalTax: decimal,
  lines: z.array(lineSchema),
});

type RepliedLine = z.output<typeof lineSchema>;
type RepliedDetail = z.output<typeof detailSchema>;

/**
 * The taxes of a transaction as AvaTax has recorded it. What it lacks, or what is about another transaction or currency, is
 * an `invalid` answer; whether its figures add up is not looked at here.
 */
export function answerOfTransaction(reply: unknown, asked: TaxTransaction, currency: string): TaxAnswer {
  const parsed = transactionSchema.safeParse(reply);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.map(String).join(".") ?? "";
    return {
      kind: "invalid",
      message: `${path === "" ? "the reply" : path}: ${issue?.message ?? "is wrong"}`,
    };
  }
  const { code, type, currencyCode, totalTax, lines } = parsed.data;
  if (code !== asked.code || type !== asked.type)
    return {
      kind: "invalid",
      message: `the reply is about ${type} ${code}, not ${asked.type} ${asked.code}`,
    };
  if (currencyCode !== undefined && currencyCode !== null && currencyCode !== currency)
    return { kind: "invalid", message: `the reply is in ${currencyCode}, not in ${currency}` };
  return { kind: "taxed", transaction: asked, totalTax, lines: lines.map(lineTax) };
}

/** Status of a transaction; undefined where the reply is none. */
export function statusOfTransaction(reply: unknown): string | undefined {
  const parsed = z.looseObject({ status: z.string() }).safeParse(reply);
  return parsed.success ? parsed.data.status : undefined;
}

/** Whether a transaction can still be voided: it is locked once it was reported to a tax authority. One that is void counts. */
export function canBeVoided(reply: unknown): boolean {
  return z.looseObject({ status: z.string(), locked: z.literal(false) }).safeParse(reply).success;
}

/** Tax of a transaction, as the text of the number; undefined where the reply has none. */
export function totalTaxOfTransaction(reply: unknown): string | undefined {
  const parsed = z.looseObject({ totalTax: decimal }).safeParse(reply);
  return parsed.success ? parsed.data.totalTax : undefined;
}

function lineTax(line: RepliedLine): RepliedLineTax {
  const details = (line.details ?? []).filter(({ tax }) => !isZero(tax));
  return {
    line: Number(line.lineNumber),
    tax: line.tax,
    details: details.map((detail) => ({
      name: detail.taxName ?? "tax",
      jurisdiction: jurisdictionOf(detail),
      percent: percentOf(detail.rate ?? "0"),
      amount: detail.tax,
    })),
    note: noteOf(line),
  };
}

/** "US/CA/LOS ANGELES"; the country and the region have themselves as the name. */
function jurisdictionOf({ country, region, jurisName }: RepliedDetail): string {
  const parts = [country, region === country ? undefined : region, jurisName];
  return parts.filter((part) => part !== undefined && part !== null && part !== "").join("/");
}

/** A rate as percent: 0.0725 is 7.25. */
function percentOf(rate: string): string {
  const known = parseDecimal(rate);
  if (known === undefined) return rate;
  const { coefficient, scale } = known;
  return scale >= 2
    ? decimalText(coefficient, scale - 2)
    : decimalText(BigInt(coefficient) * 10n ** BigInt(2 - scale), 0);
}

function noteOf({ tax, isItemTaxable, exemptAmount, exemptNo }: RepliedLine): string | null {
  if (!isZero(tax)) return null;
  if (exemptNo !== undefined && exemptNo !== null && exemptNo !== "") return `exempt: ${exemptNo}`;
  if (exemptAmount !== undefined && exemptAmount !== null && !isZero(exemptAmount)) return "exempt";
  return isItemTaxable === false ? "not taxable" : "no tax due";
}

function isZero(number: string): boolean {
  return !/[1-9]/.test(number.split(/e/i)[0] ?? "");
}
