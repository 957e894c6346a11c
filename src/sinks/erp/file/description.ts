import type { ErpDescription } from "../../../model/erp-description.ts";
import { CANONICAL_DOCUMENTS } from "../common/unread.ts";

/** Files for a system that has no interface to call: any that imports CSV, fixed-width or IDoc files. */
export const fileDescription: ErpDescription = {
  adapter: "file",
  title: "File drop",
  ...CANONICAL_DOCUMENTS,
  // By its acknowledgement, or the file that is still there.
  canLookUp: true,
};
