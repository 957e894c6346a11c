import { askTaxAgain } from "./ask-tax-again.ts";
import { closeWatermark } from "./close-watermark.ts";
import { creditInvoice, voidInvoice } from "./correct-invoice.ts";
import { explainLine } from "./explain-line.ts";
import type { Operation } from "./operation.ts";
import { postingRedrive } from "./posting-redrive.ts";
import { postingResult } from "./posting-result.ts";
import { reopenPeriod } from "./reopen-period.ts";
import { signOffPeriod } from "./sign-off-period.ts";

/** What operators can ask the owner of a partition for, by kind. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    closeWatermark,
    explainLine,
    signOffPeriod,
    reopenPeriod,
    creditInvoice,
    voidInvoice,
    askTaxAgain,
    postingResult,
    postingRedrive,
  ].map((operation) => [operation.kind, operation]),
);
