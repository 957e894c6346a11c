import type { DocumentHold, HoldReason } from "../../billing/invoices/billing-document.ts";
import type { HeldResult } from "../../billing/invoices/freeze-document.ts";
import type { TaxHold } from "../../billing/tax/tax-table.ts";
import type { Journal } from "../journal.ts";
import { EXCHANGE_RATE_MISSING } from "./entry-exchange.ts";

/** Reasons for which a tax service is asked. */
export const ASKED: ReadonlySet<HoldReason> = new Set<TaxHold>([
  "tax-pending",
  "tax-service-unavailable",
  "tax-service-refused",
  "tax-reply-invalid",
]);
/** Reasons for which nobody has to look. */
const EXPECTED: ReadonlySet<HoldReason> = new Set<TaxHold>(["tax-pending", "earlier-document-held"]);

/** Why a document waits from now on; what waits with it goes on waiting. */
export function nextHold(
  { hold: reason, detail }: Pick<HeldResult, "hold" | "detail">,
  before: DocumentHold | undefined,
): DocumentHold {
  const exceptions = (before?.exceptions ?? 0) + (EXPECTED.has(reason) ? 0 : 1);
  return { reason, detail, exceptions, creditActs: before?.creditActs ?? [] };
}

/** Writes the exception of a hold that somebody has to look at. */
export function tellHold(
  journal: Pick<Journal, "exception">,
  { id, contract, issuedMs }: { readonly id: string; readonly contract: string; readonly issuedMs: number },
  { reason, detail, exceptions }: DocumentHold,
): void {
  if (EXPECTED.has(reason)) return;
  journal.exception({
    id: `${reason}-${id}-${exceptions}`,
    stage: reason === EXCHANGE_RATE_MISSING ? "exchange" : "tax",
    reason,
    sinceMs: issuedMs,
    details: JSON.stringify({ document: id, contract, detail }),
  });
}
