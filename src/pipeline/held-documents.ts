import { currencyExponent } from "../billing/rating/currencies.ts";
import { formatMinorUnits } from "../billing/rating/money.ts";
import type { ReportSource } from "./partition-report.ts";

/** A document that waits for its tax or exchange rate, for people and programs. Amounts are decimal strings. */
export interface HeldDocumentRow {
  readonly partition: number;
  readonly id: string;
  readonly legalEntity: string;
  readonly contract: string;
  readonly account: string;
  readonly currency: string;
  /** After discounts, before tax where that is not included. */
  readonly net: string;
  readonly reason: string;
  readonly detail: string;
  /** Date of issue, RFC 3339. */
  readonly since: string;
  readonly ageSeconds: number;
  /** Whether it waits for a tax service, which can be asked again. */
  readonly asked: boolean;
}

/** Held documents, the oldest first. @param nowMs for the ages */
export function heldDocuments(sources: readonly ReportSource[], nowMs: number): HeldDocumentRow[] {
  const rows = sources.flatMap(({ partition, engine }) => {
    const { catalog, invoices } = engine;
    const asked = new Set([...invoices.serviceTaxes.unanswered()].map(({ id }) => id));
    return invoices.book.held().flatMap(({ id, contract: key, issuedMs, subtotal, discounts, hold }) => {
      const contract = catalog?.contract(key);
      if (contract === undefined || hold === undefined) return [];
      const { currency, account, legalEntity } = contract;
      return {
        partition,
        id,
        legalEntity: legalEntity.key,
        contract: key,
        account,
        currency,
        net: formatMinorUnits(subtotal - discounts, currencyExponent(currency) ?? 0),
        reason: hold.reason,
        detail: hold.detail,
        since: new Date(issuedMs).toISOString(),
        ageSeconds: Math.max(0, Math.floor((nowMs - issuedMs) / 1000)),
        asked: asked.has(id),
      };
    });
  });
  return rows.sort((a, b) => (a.since === b.since ? (a.id < b.id ? -1 : 1) : a.since < b.since ? -1 : 1));
}
