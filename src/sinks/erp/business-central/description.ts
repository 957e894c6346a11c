import type { ErpDescription } from "../../../model/erp-description.ts";

const DOCUMENT = {
  legal_entity: ["company"],
  currency: ["code"],
  // Of an item either account or item, of a tax code or account, as the connection says: told when the document is planned.
  item: [],
  tax: [],
  dimension: ["dimension", "value"],
} as const;

/** What a company needs of a mapping: numbers and codes as people see them; ids of companies and payment terms. */
export const businessCentralDescription: ErpDescription = {
  adapter: "business-central",
  title: "Microsoft Dynamics 365 Business Central",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { legal_entity: ["company"], currency: ["code"] },
    invoice: DOCUMENT,
    "credit-memo": DOCUMENT,
    journal: {
      legal_entity: ["company", "local_currency"],
      currency: ["code"],
      account: ["number"],
      dimension: ["dimension", "value"],
    },
  },
  optional: {
    customer: ["number"],
    item: ["account", "item", "tax_code"],
    tax: ["code", "account"],
    terms: ["id"],
  },
  fallback: ["item"],
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};
