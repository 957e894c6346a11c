import type { PostedInvoice } from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { classificationOf, descriptionOf, revenueSegments, signedAmount } from "./line-values.ts";
import type { JsonObject, PlanSettings } from "./plan.ts";

export interface TransactionLines {
  readonly lines: readonly JsonObject[];
  /** Undefined where the ERP's own accounting rules decide all accounts. */
  readonly distributions: readonly JsonObject[] | undefined;
}

/** Lines with their taxes and revenue accounts, as `receivablesInvoices` and `receivablesCreditMemos` take them. */
export function transactionLines(
  document: PostedInvoice,
  rows: MappedRows,
  { segmentDelimiter }: PlanSettings,
): TransactionLines {
  const isInvoice = document.kind === "invoice";
  const sent = (amount: string): JsonDecimal => new JsonDecimal(signedAmount(document, amount));
  const distributions: JsonObject[] = [];
  const lines = document.lines.map((line) => {
    const price = sent(line.net);
    const segments = revenueSegments(line, rows, segmentDelimiter);
    if (segments !== undefined)
      distributions.push({
        AccountClass: "Revenue",
        AccountCombination: segments.join(segmentDelimiter),
        Amount: price,
        [isInvoice ? "InvoiceLineNumber" : "CreditMemoLineNumber"]: new JsonDecimal(String(line.line)),
      });
    const taxLines = line.taxes.map((tax) => ({
      TaxRegimeCode: rows.required("tax", tax.key, "regime"),
      TaxRateCode: rows.required("tax", tax.key, "rate_code"),
      TaxAmount: sent(tax.amount),
    }));
    return {
      LineNumber: new JsonDecimal(String(line.line)),
      MemoLine: rows.required("item", line.item, "memo_line"),
      [isInvoice ? "Description" : "LineDescription"]: descriptionOf(line),
      [isInvoice ? "Quantity" : "LineQuantityCredit"]: new JsonDecimal("1"),
      UnitSellingPrice: price,
      TaxClassificationCode: classificationOf(line, rows),
      [isInvoice ? "receivablesInvoiceLineTaxLines" : "receivablesCreditMemoLineTaxLines"]:
        taxLines.length === 0 ? undefined : taxLines,
    };
  });
  return {
    lines,
    distributions: distributions.length === 0 ? undefined : distributions,
  };
}
