import { decimalText, parseDecimal } from "../../../model/decimal.ts";
import type { PostedDocument } from "../../../model/posting.ts";

/** Exact sum of decimal strings. */
export function decimalSum(texts: readonly string[]): string {
  let sum = 0n;
  let scale = 0;
  for (const text of texts) {
    const value = parseDecimal(text);
    if (value === undefined) throw new RangeError(`not a decimal: ${JSON.stringify(text)}`);
    if (value.scale > scale) {
      sum *= 10n ** BigInt(value.scale - scale);
      scale = value.scale;
    }
    sum += BigInt(value.coefficient) * 10n ** BigInt(scale - value.scale);
  }
  return decimalText(sum, scale);
}

/** What a document comes to: net and tax of its lines, of a journal its debits, of a customer nothing. */
export function amountSum(document: PostedDocument): string {
  switch (document.kind) {
    case "customer":
      return "0";
    case "journal":
      return debitSum(document.lines);
    case "invoice":
    case "credit-memo":
      return decimalSum(document.lines.flatMap(({ net, tax }) => [net, tax]));
  }
}

export function debitSum(lines: readonly { readonly debit: string | null }[]): string {
  return decimalSum(lines.flatMap(({ debit }) => debit ?? []));
}

export function creditSum(lines: readonly { readonly credit: string | null }[]): string {
  return decimalSum(lines.flatMap(({ credit }) => credit ?? []));
}
