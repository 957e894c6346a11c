import type { ErpDescription } from "../../../model/erp-description.ts";

const DOCUMENT = {
  legal_entity: ["id"],
  currency: ["id"],
  item: ["account"],
  tax: ["code"],
  dimension: ["field", "id"],
} as const;

/** What SAP needs of a mapping. Ids are SAP's own keys: company codes, G/L accounts, tax codes. */
export const sapS4hanaDescription: ErpDescription = {
  adapter: "sap-s4hana",
  title: "SAP S/4HANA Cloud",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { legal_entity: ["id", "reconciliation_account"] },
    invoice: DOCUMENT,
    "credit-memo": DOCUMENT,
    journal: { legal_entity: ["id"], currency: ["id"], account: ["id"], dimension: ["field", "id"] },
  },
  optional: {
    customer: ["id"],
    // Sales organisations, materials and what belongs to them: for billing document requests.
    legal_entity: [
      "reconciliation_account",
      "country",
      "sales_organization",
      "distribution_channel",
      "division",
      "plant",
    ],
    item: [
      "tax_code",
      "cost_center",
      "profit_center",
      "segment",
      "wbs_element",
      "material",
      "unit",
      "item_category",
    ],
    account: ["tax_code", "cost_center", "profit_center", "segment", "wbs_element"],
    tax: ["condition_type", "classification"],
    terms: ["id"],
    period: ["posting_date"],
  },
  fallback: ["item"],
  // The journal entry interface posts no second entry by itself: a planned reversal waits for a job of SAP's.
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};
