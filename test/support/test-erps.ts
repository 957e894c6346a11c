import type { ErpDescription } from "../../src/model/erp-description.ts";

/** An ERP that needs most tables and reverses journals by itself. */
export const REVERSING_ERP: ErpDescription = {
  adapter: "reversing",
  title: "An ERP that reverses",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: {
    customer: { currency: ["id"], legal_entity: ["id"] },
    invoice: { item: ["id"], tax: ["code"], currency: ["id"], legal_entity: ["id"], terms: ["id"] },
    "credit-memo": { item: ["id"], tax: ["code"], currency: ["id"], legal_entity: ["id"] },
    journal: { account: ["id"], currency: ["id"], legal_entity: ["id"], dimension: ["id"] },
  },
  optional: { item: ["name"], customer: ["id"] },
  fallback: ["item", "tax"],
  reversesJournals: true,
  canLookUp: true,
  canReadBack: true,
};

/** An ERP that needs accounts alone and reverses nothing. */
export const PLAIN_ERP: ErpDescription = {
  adapter: "plain",
  title: "A plain ERP",
  kinds: ["journal"],
  required: { customer: {}, invoice: {}, "credit-memo": {}, journal: { account: ["code"] } },
  optional: {},
  fallback: [],
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};

export const TEST_ERPS: readonly ErpDescription[] = [REVERSING_ERP, PLAIN_ERP];
