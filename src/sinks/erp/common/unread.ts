import type { ErpDescription } from "../../../model/erp-description.ts";

/** What receivers have in common that take documents as we write them, and can't be asked what they made of them. */

/** All kinds; mappings are the receiver's affair where they are left out: a canonical key without a row is written as it is. */
export const CANONICAL_DOCUMENTS = {
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
  canReadBack: false,
} as const satisfies Omit<ErpDescription, "adapter" | "title" | "canLookUp">;
