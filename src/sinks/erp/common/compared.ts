import type { ComparedDocument } from "../erp-sink.ts";

/** What a comparison begins with, on both sides: fields that are not kept, or can't be read back, stay null. */
export const NOTHING_COMPARED: ComparedDocument = {
  customer: null,
  legalEntity: null,
  currency: null,
  date: null,
  total: null,
  tax: null,
  lines: [],
};
