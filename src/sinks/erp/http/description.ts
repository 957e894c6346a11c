import type { ErpDescription } from "../../../model/erp-description.ts";

/** A receiver that takes documents as signed webhooks: an integration platform, or a small service in front of a system of one's own. */
export const httpDescription: ErpDescription = {
  adapter: "http",
  title: "Signed HTTP",
  kinds: ["customer", "invoice", "credit-memo", "journal"],
  required: { customer: {}, invoice: {}, "credit-memo": {}, journal: {} },
  optional: {
    customer: ["id"],
    item: ["id", "account"],
    tax: ["code"],
    account: ["id"],
    dimension: ["id"],
    currency: ["id"],
    terms: ["id"],
    legal_entity: ["id"],
    period: ["id"],
  },
  fallback: ["item"],
  reversesJournals: true,
  isAsynchronous: false,
  canLookUp: false,
  canReadBack: false,
};
