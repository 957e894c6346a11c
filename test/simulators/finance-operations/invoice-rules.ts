import { type Row, textOf } from "./books.ts";
import type { EntityDefinition } from "./entity-definitions.ts";
import { notInTable, writeFailed } from "./errors.ts";
import {
  checkAmount,
  checkCurrency,
  checkLedgerAccount,
  checkNamed,
  checkPeriod,
  required,
  type Rules,
} from "./ledger-rules.ts";

const TAX_GROUP = {
  label: "Sales tax group",
  table: "taxGroups",
  tableLabel: "Sales tax groups",
  by: "TaxGroupCode",
} as const;
const ITEM_TAX_GROUP = {
  label: "Item sales tax group",
  table: "taxItemGroups",
  tableLabel: "Item sales tax groups",
  by: "TaxItemGroupCode",
} as const;

/** A header as it is kept; throws where it can't be. */
export function checkInvoiceHeader(rules: Rules, entity: EntityDefinition, row: Row): Row {
  const { books } = rules;
  const account = required(entity, row, "CustomerAccount", "Customer account");
  required(entity, row, "ExternalInvoiceId", "External invoice ID");
  const customer = books.find("customers", {
    dataAreaId: textOf(row["dataAreaId"]),
    CustomerAccount: account,
  })?.[1];
  if (customer === undefined) throw notInTable(entity.table, account, "Customer account", "Customers");
  if (textOf(customer["OnHoldStatus"]) !== "No")
    throw writeFailed(entity.table, `Error: Customer ${account} is on hold.`);
  checkCurrency(books, entity, row, "CurrencyCode");
  required(entity, row, "InvoiceDate", "Date");
  checkPeriod(rules, entity, row, "InvoiceDate");
  checkNamed(books, entity, row, { field: "SalesTaxGroupId", ...TAX_GROUP });
  checkNamed(books, entity, row, { field: "SalesTaxItemGroupId", ...ITEM_TAX_GROUP });
  return {
    IsPosted: "No",
    // What is not said comes from the customer.
    DueDate: textOf(row["InvoiceDate"]),
    SalesTaxGroupId: textOf(customer["SalesTaxGroup"]),
    SalesTaxItemGroupId: "",
    ...row,
    CustomerAccount: textOf(customer["CustomerAccount"]),
  };
}

/** A line as it is kept; throws where it can't be. */
export function checkInvoiceLine({ books }: Rules, entity: EntityDefinition, row: Row): Row {
  const externalId = required(entity, row, "ExternalInvoiceId", "External invoice ID");
  const header = books.find("invoices", {
    dataAreaId: textOf(row["dataAreaId"]),
    ExternalInvoiceId: externalId,
  })?.[1];
  if (header === undefined)
    throw notInTable(
      entity.table,
      externalId,
      "External invoice ID",
      "CDS customer free text invoice headers",
    );
  if (textOf(header["IsPosted"]) === "Yes")
    throw writeFailed(entity.table, `Error: The invoice ${externalId} is posted and can't be changed.`);
  required(entity, row, "LineNumber", "Line number");
  checkLedgerAccount(books, entity, row, "MainAccountDisplayValue");
  checkNamed(books, entity, row, { field: "SalesTaxGroupId", ...TAX_GROUP });
  checkNamed(books, entity, row, { field: "SalesTaxItemGroupId", ...ITEM_TAX_GROUP });
  const digits = books.environment.currencies[textOf(header["CurrencyCode"])] ?? 0;
  checkAmount(entity, row, "TransactionCurrencyAmount", digits);
  return {
    SalesTaxGroupId: textOf(header["SalesTaxGroupId"]),
    SalesTaxItemGroupId: textOf(header["SalesTaxItemGroupId"]),
    ...row,
  };
}
