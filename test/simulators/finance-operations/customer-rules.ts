import { type Row, textOf } from "./books.ts";
import type { EntityDefinition } from "./entity-definitions.ts";
import { notInTable } from "./errors.ts";
import { checkCurrency, checkNamed, required, type Rules } from "./ledger-rules.ts";

/** Throws where a customer can't be as it would be. */
export function checkCustomer({ books }: Rules, entity: EntityDefinition, row: Row): Row {
  required(entity, row, "CustomerAccount", "Customer account");
  required(entity, row, "OrganizationName", "Name");
  required(entity, row, "CustomerGroupId", "Customer group");
  checkCurrency(books, entity, row, "SalesCurrencyCode");
  checkNamed(books, entity, row, {
    field: "CustomerGroupId",
    label: "Customer group",
    table: "customerGroups",
    tableLabel: "Customer groups",
    by: "CustomerGroupId",
  });
  checkNamed(books, entity, row, {
    field: "PaymentTerms",
    label: "Terms of payment",
    table: "paymentTerms",
    tableLabel: "Terms of payment",
    by: "Name",
  });
  const country = textOf(row["AddressCountryRegionId"]);
  if (country !== "" && !/^[A-Z]{3}$/.test(country))
    throw notInTable(entity.table, country, "Country/region", "Country/region");
  const state = textOf(row["AddressState"]);
  const states = books.environment.states[country];
  if (state !== "" && states !== undefined && !states.includes(state))
    throw notInTable(entity.table, state, "State", "State/province");
  return { OnHoldStatus: "No", ...row };
}
