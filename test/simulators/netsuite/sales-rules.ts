import { plainText, roundedText, scaled, UNIT } from "../exact-numbers.ts";
import { currencyDigits, findEntry } from "./account.ts";
import { numberOf, textOf, type Draft } from "./draft.ts";
import { invalidContent, invalidReference, mustEnter, userError } from "./errors.ts";
import type { RecordDefinition } from "./record-definitions.ts";
import { referenceId, type Fields, type StoredRecord } from "./record-store.ts";
import { checkSubsidiary } from "./references.ts";
import {
  amountOf,
  checkClassifications,
  currencyOf,
  settleCustomer,
  settlePeriod,
  type Books,
} from "./transaction-rules.ts";

export interface Totals {
  readonly subtotal: string;
  readonly taxTotal: string;
  readonly total: string;
}

/** Completes and checks an invoice or credit memo. Throws the ERP's error. */
export function completeSale(
  draft: Draft,
  before: StoredRecord | undefined,
  definition: RecordDefinition,
  books: Books,
): Totals {
  const { account } = books;
  const customer = settleCustomer(draft, "entity", books);
  settlePeriod(draft, before, books);
  const subsidiary = referenceId(draft.fields["subsidiary"]) ?? "";
  checkSubsidiary(draft.fields, definition.fields, subsidiary, account, "");
  if (draft.type === "invoice") settleDueDate(draft, customer, books);

  const items = draft.sublists["item"] ?? [];
  if (items.length === 0)
    throw userError("You must enter at least one line item for this transaction.", "item");
  let subtotal = 0n;
  items.forEach((line, index) => {
    const path = `item.items[${index}]`;
    if (line["item"] === undefined) throw mustEnter("Item", `${path}.item`);
    checkSubsidiary(line, definition.sublists["item"]?.fields ?? {}, subsidiary, account, path);
    checkClassifications(line, draft, path, account);
    subtotal += settleLine(line, path, draft, books);
  });
  const taxTotal = settleTaxes(draft, items, books);
  if (subtotal + taxTotal < 0n) throw userError("The total of this transaction can not be negative.", "item");
  return {
    subtotal: plainText(subtotal),
    taxTotal: plainText(taxTotal),
    total: plainText(subtotal + taxTotal),
  };
}

function settleDueDate(draft: Draft, customer: StoredRecord, books: Books): void {
  const date = textOf(draft.fields["tranDate"]) ?? "";
  const terms = referenceId(draft.fields["terms"]) ?? referenceId(customer.fields["terms"]);
  if (terms !== undefined) draft.fields["terms"] = { id: terms };
  const days = Number(findEntry(books.account, ["term"], terms ?? "")?.values["daysuntilnetdue"] ?? "0");
  draft.fields["dueDate"] ??= new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000)
    .toISOString()
    .slice(0, 10);
  if ((textOf(draft.fields["dueDate"]) ?? "") < date)
    throw userError("The due date must not be before the transaction date.", "dueDate");
}

/** The amount counts; quantity × rate only where there is none. */
function settleLine(line: Fields, path: string, draft: Draft, { account }: Books): bigint {
  const currency = currencyOf(draft.fields);
  const given = amountOf(line, "amount", `${path}.amount`, currency, account);
  const rate = numberOf(line["rate"]);
  line["quantity"] ??= { $number: "1" };
  if (given !== undefined) return given;
  if (rate === undefined) throw mustEnter("Amount", `${path}.amount`);
  const product = scaled(numberOf(line["quantity"]) ?? "1") * scaled(rate);
  const amount = roundedText(product, UNIT * UNIT, currencyDigits(account, currency));
  line["amount"] = { $number: amount };
  return scaled(amount);
}

/** Taxes of SuiteTax: overridden details, each of a line, or what the tax engine works out. */
function settleTaxes(draft: Draft, items: readonly Fields[], books: Books): bigint {
  const { account } = books;
  const details = draft.sublists["taxDetails"] ?? [];
  if (!account.hasSuiteTax) {
    if (details.length > 0 || draft.fields["taxDetailsOverride"] !== undefined)
      throw invalidContent(
        "Unknown property taxDetails: SuiteTax is not enabled in this account.",
        "taxDetails",
      );
    return 0n;
  }
  const references = items.flatMap((line) => textOf(line["taxDetailsReference"]) ?? []);
  if (new Set(references).size < references.length)
    throw userError("The tax details reference of each line must be unique.", "item");
  if (draft.fields["taxDetailsOverride"] !== true) {
    if (details.length > 0)
      throw userError(
        "Tax details can only be set where Tax Details Override is checked.",
        "taxDetails.items[0]",
      );
    return automaticTaxes(draft, items, books);
  }
  let taxTotal = 0n;
  details.forEach((detail, index) => {
    const path = `taxDetails.items[${index}]`;
    const reference = textOf(detail["taxDetailsReference"]);
    if (reference === undefined || !references.includes(reference))
      throw invalidReference(reference ?? "", "taxDetailsReference", `${path}.taxDetailsReference`);
    for (const [name, label] of REQUIRED_OF_TAX)
      if (detail[name] === undefined) throw mustEnter(label, `${path}.${name}`);
    const code = referenceId(detail["taxCode"]) ?? "";
    if (findEntry(account, ["salesTaxItem"], code)?.values["taxtype"] !== referenceId(detail["taxType"]))
      throw invalidReference(code, "taxCode", `${path}.taxCode`);
    amountOf(detail, "taxBasis", `${path}.taxBasis`, currencyOf(draft.fields), account);
    taxTotal += amountOf(detail, "taxAmount", `${path}.taxAmount`, currencyOf(draft.fields), account) ?? 0n;
  });
  return taxTotal;
}

const REQUIRED_OF_TAX = [
  ["taxType", "Tax Type"],
  ["taxCode", "Tax Code"],
  ["taxRate", "Tax Rate"],
  ["taxBasis", "Tax Basis"],
  ["taxAmount", "Tax Amount"],
] as const;

function automaticTaxes(draft: Draft, items: readonly Fields[], { account }: Books): bigint {
  const { automaticTax } = account;
  draft.sublists["taxDetails"] = [];
  if (automaticTax === null) return 0n;
  const digits = currencyDigits(account, currencyOf(draft.fields));
  let taxTotal = 0n;
  items.forEach((line, index) => {
    const basis = scaled(numberOf(line["amount"]) ?? "0");
    const amount = roundedText(basis * scaled(automaticTax.percent), 100n * UNIT * UNIT, digits);
    const reference = textOf(line["taxDetailsReference"]) ?? `auto-${index + 1}`;
    line["taxDetailsReference"] = reference;
    draft.sublists["taxDetails"]?.push({
      taxDetailsReference: reference,
      taxType: { id: automaticTax.taxType },
      taxCode: { id: automaticTax.taxCode },
      taxRate: { $number: automaticTax.percent },
      taxBasis: { $number: plainText(basis) },
      taxAmount: { $number: amount },
    });
    taxTotal += scaled(amount);
  });
  return taxTotal;
}
