import type { ErpDescription } from "../../../model/erp-description.ts";
import { CANONICAL_DOCUMENTS } from "../common/unread.ts";

/** A receiver that takes documents as signed webhooks: an integration platform, or a small service in front of a system of one's own. */
export const httpDescription: ErpDescription = {
  adapter: "http",
  title: "Signed HTTP",
  ...CANONICAL_DOCUMENTS,
  optional: { ...CANONICAL_DOCUMENTS.optional, period: ["id"] },
  canLookUp: false,
};
