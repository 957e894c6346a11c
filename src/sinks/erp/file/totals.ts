import { sumOfDecimals } from "../common/decimals.ts";
import type { PostedDocument } from "../../../model/posting.ts";

/** What a document comes to: net and tax of its lines, of a journal its debits, of a customer nothing. */
export function amountSum(document: PostedDocument): string {
  if (document.kind === "customer") return "0";
  if (document.kind === "journal") return debitSum(document.lines);
  return sumOfDecimals(document.lines.flatMap(({ net, tax }) => [net, tax]));
}

export function debitSum(lines: readonly { readonly debit: string | null }[]): string {
  return sumOfDecimals(lines.flatMap(({ debit }) => debit ?? []));
}

export function creditSum(lines: readonly { readonly credit: string | null }[]): string {
  return sumOfDecimals(lines.flatMap(({ credit }) => credit ?? []));
}
