import type { ErpDescription } from "../../model/erp-description.ts";

/** What each kind of ERP needs of a mapping: one line an adapter. */
export const ERP_DESCRIPTIONS: readonly ErpDescription[] = [];
