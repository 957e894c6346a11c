import { parseDecimal } from "../../../model/decimal.ts";
import type { PostedInvoice, PostedLine, PostedTax } from "../../../model/posting.ts";
import { isSameDecimal, isZeroDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { groupedBy } from "./grouped-by.ts";
import { ledgerAccount } from "./ledger-account.ts";
import { MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import type { PlanSettings } from "./plan.ts";

/** Sales tax groups of a line; both empty where nothing is worked out. */
export interface TaxGroups {
  readonly salesTaxGroup: string;
  readonly itemSalesTaxGroup: string;
}

/** Groups without any tax: those that the company's row names, else none at all. */
export function untaxedGroups(legalEntity: string, rows: MappedRows): TaxGroups {
  return {
    salesTaxGroup: rows.optional("legal_entity", legalEntity, "sales_tax_group") ?? "",
    itemSalesTaxGroup: rows.optional("legal_entity", legalEntity, "item_sales_tax_group") ?? "",
  };
}

/**
 * Groups of a line whose taxes the ERP works out. It posts by itself, so nobody can look at its figure before that is final: what it will come to
 * is worked out here the same way, and a line of which it would make something else is refused (`validation`).
 */
export function taxedGroups(
  line: PostedLine,
  { number, legalEntity }: PostedInvoice,
  rows: MappedRows,
): TaxGroups {
  const [first, ...others] = line.taxes;
  if (first === undefined) return untaxedGroups(legalEntity, rows);
  for (const tax of line.taxes) checkComputed(tax, line, number);
  const groups = groupsOf(first, rows);
  for (const tax of others) {
    const { salesTaxGroup, itemSalesTaxGroup } = groupsOf(tax, rows);
    if (salesTaxGroup !== groups.salesTaxGroup || itemSalesTaxGroup !== groups.itemSalesTaxGroup)
      throw new ErpFault(
        "mapping",
        `taxes ${first.key} and ${tax.key} are of one line and must name the same sales tax groups`,
        { code: "mapping-unusable" },
      );
  }
  return groups;
}

function groupsOf({ key }: PostedTax, rows: MappedRows): TaxGroups {
  return {
    salesTaxGroup: rows.required("tax", key, "sales_tax_group"),
    itemSalesTaxGroup: rows.required("tax", key, "item_sales_tax_group"),
  };
}

/** Percent of the line's net amount, rounded half away from zero to the digits of the amount: the ERP's way with "Line" as calculation method. */
function checkComputed(
  { key, percent, basis, amount }: PostedTax,
  { line, net }: PostedLine,
  number: string,
): void {
  const computed = percentOf(net, percent, (amount.split(".")[1] ?? "").length);
  if (isSameDecimal(basis, net) && computed !== undefined && isSameDecimal(computed, amount)) return;
  throw new ErpFault(
    "validation",
    `${number}: Finance & Operations would work out ${computed ?? "another amount"} for tax ${key} of line ${line}, not ${amount}`,
    { code: "tax-differs" },
  );
}

/** Undefined for what is no number. */
function percentOf(net: string, percent: string, digits: number): string | undefined {
  const [amount, rate] = [parseDecimal(net), parseDecimal(percent)];
  if (amount === undefined || rate === undefined) return undefined;
  const product = BigInt(amount.coefficient) * BigInt(rate.coefficient);
  const scale = amount.scale + rate.scale + "00".length;
  const magnitude = product < 0n ? -product : product;
  const unit = 10n ** BigInt(Math.max(0, scale - digits));
  const rounded = (2n * magnitude + unit) / (2n * unit);
  const text = rounded.toString().padStart(digits + 1, "0");
  const fraction = digits === 0 ? "" : `.${text.slice(-digits)}`;
  return `${product < 0n ? "-" : ""}${text.slice(0, text.length - digits)}${fraction}`;
}

export interface TaxLine {
  readonly account: string;
  readonly amount: string;
  readonly description: string;
}

/** One line a tax, of the account that the mapping names. Taxes that come to nothing have none. */
export function taxLines(
  { lines }: PostedInvoice,
  rows: MappedRows,
  settings: PlanSettings,
): readonly TaxLine[] {
  const byKey = groupedBy(
    lines.flatMap((line) => line.taxes),
    ({ key }) => key,
  );
  return [...byKey].flatMap(([key, taxes]) => {
    const amount = sumOfDecimals(taxes.map((tax) => tax.amount));
    if (isZeroDecimal(amount)) return [];
    const [first] = taxes;
    const name = `${first?.name ?? key} ${first?.percent ?? ""} %, ${first?.jurisdiction ?? ""}`;
    const description = singleLineText(name, MAX_DESCRIPTION_CHARACTERS);
    return [{ account: ledgerAccount("tax", key, {}, rows, settings), amount, description }];
  });
}
