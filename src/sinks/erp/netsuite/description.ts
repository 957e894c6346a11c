import type { ErpDescription } from "../../../model/erp-description.ts";

/** What an account needs of a mapping. All ids are internal ids, which NetSuite shows with the preference "Show Internal IDs". */
export const netsuiteDescription: ErpDescription = {
  adapter: "netsuite",
  title: "Oracle NetSuite",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { legal_entity: ["id"], currency: ["id"] },
    // Of a tax either type and code, or the item, as the connection says: told when the document is planned.
    invoice: {
      legal_entity: ["id"],
      currency: ["id"],
      item: ["id"],
      tax: [],
      dimension: ["field", "id"],
    },
    "credit-memo": {
      legal_entity: ["id"],
      currency: ["id"],
      item: ["id"],
      tax: [],
      dimension: ["field", "id"],
    },
    journal: { legal_entity: ["id"], currency: ["id"], account: ["id"], dimension: ["field", "id"] },
  },
  optional: {
    customer: ["id"],
    item: ["department", "class", "location"],
    account: ["department", "class", "location"],
    tax: ["type", "code", "item"],
    terms: ["id"],
    period: ["id"],
  },
  fallback: ["item"],
  reversesJournals: true,
  canLookUp: true,
  canReadBack: true,
};
