import type { ErpDescription } from "../../src/model/erp-description.ts";

/** What a mapping has to say: checked by `tributary validate` and by partitions, before anything is sent. */
export const tinybooksDescription: ErpDescription = {
  adapter: "tinybooks",
  title: "Tinybooks",
  kinds: ["journal"],
  required: { customer: {}, invoice: {}, "credit-memo": {}, journal: { account: ["id"] } },
  optional: {},
  fallback: [],
  // A reversal is a journal of its own.
  reversesJournals: false,
  canLookUp: true,
  canReadBack: true,
};
