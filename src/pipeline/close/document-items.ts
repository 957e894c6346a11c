import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { FrozenDocument, PublishedDocument } from "../../billing/invoices/billing-document.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import type { PartitionStore } from "../../model/store.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

/** Outbox entries read at a time. */
const PAGE = 1_000;

/** Documents of a legal entity that wait, issued before the scope's end or of periods that ended by then. */
export function* waitingItems(
  documents: Iterable<FrozenDocument>,
  catalog: CompiledCatalog,
  scope: TimedScope,
): Generator<CloseItem> {
  for (const { id, contract: contractId, issuedMs, periodEndMs, total, hold } of documents) {
    const contract = catalog.contract(contractId);
    if (contract === undefined || contract.legalEntity.key !== scope.legalEntity) continue;
    if (Math.min(issuedMs, periodEndMs) > scope.toMs) continue;
    yield {
      id,
      sinceMs: issuedMs,
      amount: { currency: contract.currency, minorUnits: total },
      detail:
        hold === undefined
          ? `account ${contract.account}: waits for its number`
          : `account ${contract.account}: ${hold.reason}: ${hold.detail}`,
    };
  }
}

/** Final documents of a legal entity, issued before the scope's end, that a target has not got yet. */
export function* undeliveredItems(
  store: Pick<PartitionStore, "outboxAfter" | "deliveredOrdinal">,
  target: string,
  scope: TimedScope,
): Generator<CloseItem> {
  for (let after = store.deliveredOrdinal(target); ;) {
    const page = store.outboxAfter("document", after, PAGE);
    for (const { ordinal, body } of page) {
      after = ordinal;
      const document: PublishedDocument = JSON.parse(body);
      if (document.legalEntity !== scope.legalEntity || document.issueDate >= scope.to) continue;
      yield {
        id: document.id,
        sinceMs: Date.parse(`${document.issueDate}T00:00:00Z`),
        amount: { currency: document.currency, minorUnits: minorUnitsOfText(document.total) },
        detail: `${document.number ?? ""} of account ${document.account}: not delivered by ${target}`,
      };
    }
    if (page.length < PAGE) return;
  }
}
