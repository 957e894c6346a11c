import type { ErpDescription } from "../../../model/erp-description.ts";

const SALES = {
  legal_entity: ["business_unit"],
  currency: ["code"],
  item: ["memo_line"],
  tax: ["regime", "rate_code"],
  dimension: ["segment", "value"],
} as const;

/** What Oracle Fusion needs of a mapping: names as its pages show them, and ids of ledgers and sets. */
export const oracleFusionDescription: ErpDescription = {
  adapter: "oracle-fusion",
  title: "Oracle Fusion Cloud ERP",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { legal_entity: ["set_id"] },
    invoice: SALES,
    "credit-memo": SALES,
    journal: {
      legal_entity: ["ledger_id"],
      currency: ["code"],
      account: ["combination"],
      dimension: ["segment", "value"],
    },
  },
  optional: {
    legal_entity: [
      "ledger_id",
      "ledger_currency",
      "business_unit",
      "set_id",
      "transaction_source",
      "invoice_type",
      "credit_memo_type",
      "data_access_set_id",
    ],
    customer: ["account_number", "site"],
    item: ["combination"],
    tax: ["classification", "tax", "status"],
    terms: ["name"],
  },
  fallback: ["item"],
  // Reversal of an imported journal is a decision of the ledger's reversal criteria: our own second journal is one that is known.
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};
