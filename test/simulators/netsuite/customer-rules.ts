import { findEntry } from "./account.ts";
import { textOf, type Draft } from "./draft.ts";
import { invalidContent, mustEnter, userError } from "./errors.ts";
import { referenceId, type StoredRecord } from "./record-store.ts";
import type { Books } from "./transaction-rules.ts";

/** Completes and checks a customer. Throws the ERP's error. */
export function completeCustomer(draft: Draft, before: StoredRecord | undefined, books: Books): void {
  const { fields } = draft;
  fields["isPerson"] ??= false;
  if (fields["isPerson"] === true) {
    if (textOf(fields["lastName"]) === undefined) throw mustEnter("Last Name", "lastName");
  } else if ((textOf(fields["companyName"]) ?? "") === "") throw mustEnter("Company Name", "companyName");
  const subsidiary = referenceId(fields["subsidiary"]);
  if (subsidiary === undefined) throw mustEnter("Primary Subsidiary", "subsidiary");
  fields["currency"] ??= {
    id: findEntry(books.account, ["subsidiary"], subsidiary)?.values["currency"] ?? "",
  };
  const email = textOf(fields["email"]);
  if (email !== undefined && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email))
    throw invalidContent("The field email contains an invalid email address.", "email");

  const number = before === undefined ? books.store.takeNumber("customer") : 0;
  fields["entityId"] ??= `CUST${String(number)}`;
  for (const other of books.store.ofType("customer"))
    if (other.id !== draft.id && other.fields["entityId"] === fields["entityId"])
      throw userError("This entity already exists.", "entityId");
  if (before !== undefined && hasTransactions(before.id, books))
    for (const name of ["subsidiary", "currency"])
      if (referenceId(before.fields[name]) !== referenceId(fields[name]))
        throw userError(`You can not change the ${name} of an entity with transactions.`, name);
}

function hasTransactions(customer: string, { store }: Books): boolean {
  for (const { fields } of store.all())
    if (referenceId(fields["entity"]) === customer || referenceId(fields["customer"]) === customer)
      return true;
  return false;
}
