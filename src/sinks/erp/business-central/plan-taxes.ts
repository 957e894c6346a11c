import type { PostedInvoice, PostedLine, PostedTax } from "../../../model/posting.ts";
import { isZeroDecimal, sumOfDecimals } from "../common/decimals.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { codeOf } from "./external-id.ts";
import { MAX_DESCRIPTION_CHARACTERS } from "./limits.ts";
import type { PlanSettings } from "./plan.ts";
import type { AmountLine } from "./plan-lines.ts";

/**
 * Tax code of a line, by which Business Central works the tax out. A line has one: of several taxes (state and district) the area is the customer's, and the code that of
 * the goods, so their rows must name the same. Undefined where the account or item decides.
 */
export function taxCodeOf(
  line: PostedLine,
  rows: MappedRows,
  { taxes, untaxedCode }: PlanSettings,
): string | undefined {
  const own = rows.optional("item", line.item, "tax_code");
  if (taxes === "lines") return codeOrNone(untaxedCode ?? own);
  if (line.taxes.length === 0) return codeOrNone(own ?? untaxedCode);
  const codes = new Set(line.taxes.map(({ key }) => codeOf(rows.required("tax", key, "code"))));
  const [code, other] = codes;
  if (other !== undefined)
    throw new ErpFault(
      "mapping",
      `line ${line.line}: a line has one tax code, and the rows of its taxes name ${[...codes].join(" and ")}`,
      { code: "mapping-unusable" },
    );
  return code;
}

function codeOrNone(code: string | undefined): string | undefined {
  return code === undefined ? undefined : codeOf(code);
}

/** One line a tax, booked to the account that the mapping names. Taxes that come to nothing have none. */
export function taxLines(
  { lines }: PostedInvoice,
  rows: MappedRows,
  { untaxedCode }: PlanSettings,
): readonly AmountLine[] {
  const byKey = new Map<string, PostedTax[]>();
  for (const tax of lines.flatMap((line) => line.taxes)) {
    const taxes = byKey.get(tax.key);
    if (taxes === undefined) byKey.set(tax.key, [tax]);
    else taxes.push(tax);
  }
  return [...byKey].flatMap(([key, taxes]): AmountLine[] => {
    const amount = sumOfDecimals(taxes.map((tax) => tax.amount));
    if (isZeroDecimal(amount)) return [];
    const [first] = taxes;
    return [
      {
        object: { lineType: "Account", number: codeOf(rows.required("tax", key, "account")) },
        amount,
        description: singleLineText(
          `${first?.name ?? key} ${first?.percent ?? ""} %, ${first?.jurisdiction ?? ""}`,
          MAX_DESCRIPTION_CHARACTERS,
        ),
        taxCode: codeOrNone(untaxedCode),
        dimensions: [],
      },
    ];
  });
}
