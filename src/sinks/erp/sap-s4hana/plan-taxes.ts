import type { PostedInvoice, PostedLine } from "../../../model/posting.ts";
import { sumOfDecimals } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import { optionalField, requiredField } from "./mapped-fields.ts";
import type { TaxItem } from "./plan.ts";

/**
 * The tax code of a line: that of its taxes, which must be one for all of them, since an item of SAP's has one. Without taxes that of the item's row, or
 * none. Throws ErpFault `mapping`.
 */
export function taxCodeOf({ line, item, taxes }: PostedLine, rows: MappedRows): string | null {
  const codes = new Set(taxes.map(({ key }) => requiredField(rows, ["tax", key, "code"], "taxCode")));
  if (codes.size > 1)
    throw new ErpFault(
      "mapping",
      `line ${line}: its taxes ${taxes.map(({ key }) => key).join(", ")} are mapped to several tax codes; an item of SAP has one`,
      { code: "tax-codes-differ" },
    );
  const [code] = codes;
  return code ?? optionalField(rows, ["item", item, "tax_code"], "taxCode");
}

interface TaxGroup extends Pick<TaxItem, "code" | "classification" | "conditionType"> {
  readonly amounts: string[];
  readonly baseAmounts: string[];
}

/**
 * Taxes of a document by tax code and condition type, with what they are worked out of: their sum is the document's tax. A code without tax has an item
 * of 0, since SAP wants one for each code that is used.
 * @param signed gives an amount of the document the sign that it has in the ledger
 */
export function taxItems(
  { lines }: Pick<PostedInvoice, "lines">,
  rows: MappedRows,
  signed: (amount: string) => string,
): readonly TaxItem[] {
  const groups = new Map<string, TaxGroup>();
  const add = (
    group: Pick<TaxItem, "code" | "classification" | "conditionType">,
    amount: string,
    baseAmount: string,
  ): void => {
    const key = [group.code, group.classification, group.conditionType].join(" ");
    const known = groups.get(key) ?? { ...group, amounts: [], baseAmounts: [] };
    known.amounts.push(amount);
    known.baseAmounts.push(baseAmount);
    groups.set(key, known);
  };
  for (const line of lines) {
    const code = taxCodeOf(line, rows);
    if (code === null) continue;
    if (line.taxes.length === 0) add({ code, classification: null, conditionType: null }, "0", line.net);
    for (const { key, amount, basis } of line.taxes) {
      const classification = optionalField(rows, ["tax", key, "classification"], "classification");
      const conditionType = optionalField(rows, ["tax", key, "condition_type"], "conditionType");
      add({ code, classification, conditionType }, amount, basis);
    }
  }
  return [...groups.values()].map(({ amounts, baseAmounts, ...group }) => ({
    ...group,
    amount: signed(sumOfDecimals(amounts)),
    baseAmount: signed(sumOfDecimals(baseAmounts)),
  }));
}
