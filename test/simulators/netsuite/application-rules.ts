import { plainText, scaled } from "../exact-numbers.ts";
import type { Draft } from "./draft.ts";
import { invalidReference, userError } from "./errors.ts";
import { referenceId, type Application, type RecordStore } from "./record-store.ts";
import { amountOf, currencyOf, type Books } from "./transaction-rules.ts";

/** What a credit memo or payment applies to invoices of its customer: never more than is open, nor than it has. */
export function settleApplications(
  draft: Draft,
  total: string,
  customerField: string,
  books: Books,
): readonly Application[] {
  const { store, account } = books;
  const applications: Application[] = [];
  let rest = scaled(total);
  const apply = (doc: string, wanted: bigint | undefined, path: string): void => {
    const open = openOf(store, doc, draft.id);
    const amount = wanted ?? (open < rest ? open : rest);
    if (amount <= 0n || amount > open)
      throw userError(
        "The amount that you want to apply is more than the amount due of the transaction.",
        `${path}.amount`,
      );
    if (amount > rest)
      throw userError("You can not apply more than the total of the transaction.", `${path}.amount`);
    rest -= amount;
    applications.push({ doc, amount: plainText(amount) });
  };
  (draft.sublists["apply"] ?? []).forEach((line, index) => {
    const path = `apply.items[${index}]`;
    const doc = referenceId(line["doc"]) ?? "";
    const invoice = store.find("invoice", doc);
    if (
      invoice === undefined ||
      referenceId(invoice.fields["entity"]) !== referenceId(draft.fields[customerField]) ||
      referenceId(invoice.fields["currency"]) !== referenceId(draft.fields["currency"])
    )
      throw invalidReference(doc, "doc", `${path}.doc`);
    const amount = amountOf(line, "amount", `${path}.amount`, currencyOf(draft.fields), account);
    // Only what is checked is applied.
    if (line["apply"] === true) apply(doc, amount, path);
  });
  if (draft.fields["autoApply"] === true)
    for (const invoice of store.ofType("invoice"))
      if (
        rest > 0n &&
        !applications.some(({ doc }) => doc === invoice.id) &&
        referenceId(invoice.fields["entity"]) === referenceId(draft.fields[customerField]) &&
        currencyOf(invoice.fields) === currencyOf(draft.fields) &&
        openOf(store, invoice.id, draft.id) > 0n
      )
        apply(invoice.id, undefined, "apply");
  return applications;
}

/** What is open of an invoice if one document did not apply anything. */
function openOf(store: RecordStore, invoiceId: string, without: string): bigint {
  const invoice = store.find("invoice", invoiceId);
  if (invoice === undefined || invoice.isVoid) return 0n;
  return scaled(invoice.totals.total) - store.appliedTo(invoiceId, without);
}

/** An invoice can't be changed to less than what was paid or credited of it. */
export function refuseOverApplied(draft: Draft, total: string, books: Books): void {
  if (scaled(total) < books.store.appliedTo(draft.id))
    throw userError("The total of this transaction can not be less than the amount applied to it.", "item");
}
