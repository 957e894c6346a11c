import { closeWatermark } from "./close-watermark.ts";
import { creditInvoice, voidInvoice } from "./correct-invoice.ts";
import type { Operation } from "./operation.ts";

/** What operators can ask the owner of a partition for, by kind. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [closeWatermark, creditInvoice, voidInvoice].map((operation) => [operation.kind, operation]),
);
