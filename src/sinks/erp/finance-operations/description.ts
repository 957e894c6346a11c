import type { ErpDescription } from "../../../model/erp-description.ts";

/** What an environment needs of a mapping. Companies, accounts and groups are named as people see them there. */
export const financeOperationsDescription: ErpDescription = {
  adapter: "finance-operations",
  title: "Microsoft Dynamics 365 Finance & Operations",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { legal_entity: ["id", "customer_group"], currency: ["id"] },
    // Of a tax either an account or its groups, as the connection says: told when the document is planned.
    invoice: {
      legal_entity: ["id"],
      currency: ["id"],
      item: ["main_account"],
      tax: [],
      dimension: ["name", "value"],
    },
    "credit-memo": {
      legal_entity: ["id"],
      currency: ["id"],
      item: ["main_account"],
      tax: [],
      dimension: ["name", "value"],
    },
    journal: {
      legal_entity: ["id", "journal_name"],
      currency: ["id"],
      account: ["main_account"],
      dimension: ["name", "value"],
    },
  },
  optional: {
    customer: ["id"],
    item: ["dimensions"],
    account: ["dimensions"],
    tax: ["main_account", "dimensions", "sales_tax_group", "item_sales_tax_group"],
    terms: ["id"],
    legal_entity: ["customer_group", "journal_name", "sales_tax_group", "item_sales_tax_group"],
  },
  fallback: ["item"],
  reversesJournals: true,
  canLookUp: true,
  canReadBack: true,
};
