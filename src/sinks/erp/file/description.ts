import type { ErpDescription } from "../../../model/erp-description.ts";

/**
 * Files for a system that has no interface to call: any that imports CSV, fixed-width or IDoc files. Mappings are the receiver's affair
 * where they are left out: a canonical key without a row is written as it is.
 */
export const fileDescription: ErpDescription = {
  adapter: "file",
  title: "File drop",
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
  },
  fallback: ["item"],
  reversesJournals: true,
  isAsynchronous: true,
  canLookUp: true,
  canReadBack: false,
};
