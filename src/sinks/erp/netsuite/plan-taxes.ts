import type { PostedInvoice, PostedTax } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { isZeroDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { truncatedText } from "../common/text.ts";
import { MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import type { JsonObject } from "./plan.ts";
import { amountOf, taxReferenceOf } from "./plan-lines.ts";

/**
 * SuiteTax: each tax of each line as it was worked out, so that NetSuite calculates none of its own. Also without any tax the
 * override is on.
 */
export function taxDetails({ lines, number }: PostedInvoice, rows: MappedRows): JsonObject {
  const items = lines.flatMap((line) =>
    line.taxes.map((tax) => ({
      taxDetailsReference: taxReferenceOf(line),
      taxType: { id: rows.required("tax", tax.key, "type") },
      taxCode: { id: rows.required("tax", tax.key, "code") },
      taxRate: new JsonDecimal(tax.percent),
      taxBasis: amountOf(tax.basis, number),
      taxAmount: amountOf(tax.amount, number),
    })),
  );
  return { taxDetailsOverride: true, taxDetails: { items } };
}

export interface TaxLine {
  readonly item: string;
  readonly amount: string;
  readonly body: JsonObject;
}

/** Without SuiteTax: one line a tax, of the item that the mapping names. Taxes that come to nothing have none. */
export function taxLines({ lines, number }: PostedInvoice, rows: MappedRows): readonly TaxLine[] {
  const byKey = new Map<string, PostedTax[]>();
  for (const tax of lines.flatMap((line) => line.taxes)) {
    const taxes = byKey.get(tax.key);
    if (taxes === undefined) byKey.set(tax.key, [tax]);
    else taxes.push(tax);
  }
  return [...byKey].flatMap(([key, taxes]) => {
    const amount = sumOfDecimals(taxes.map((tax) => tax.amount));
    if (isZeroDecimal(amount)) return [];
    const item = rows.required("tax", key, "item");
    const sent = amountOf(amount, number);
    const [first] = taxes;
    const body = {
      item: { id: item },
      quantity: new JsonDecimal("1"),
      rate: sent,
      amount: sent,
      description: truncatedText(
        `${first?.name ?? key} ${first?.percent ?? ""} %, ${first?.jurisdiction ?? ""}`,
        MAX_DESCRIPTION_CHARACTERS,
      ),
    };
    return [{ item, amount, body }];
  });
}
