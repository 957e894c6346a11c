import type { StateRow } from "../../model/store.ts";
import { creditLedgerCodec, ledgerEntryCodec } from "../../billing/credits/ledger-codec.ts";
import { BILLING_SPACES, readDocument } from "../invoice/billing-book.ts";
import { billedContractCodec, billedPeriodCodec } from "../invoice/billing-rows.ts";
import { correctedDocumentCodec } from "../invoice/corrected-documents.ts";
import { decodeFrozen } from "../invoice/document-codec.ts";
import { decodeEntry } from "../invoice/entry-codec.ts";
import { contractOfHeld, HELD_ENTRIES_SPACE } from "../invoice/held-entries.ts";
import { LedgerTotals } from "../invoice/ledger-totals.ts";
import type { AccountShare } from "./account-share.ts";
import { keptEntries, keptRows, type RowSource } from "./kept-rows.ts";

/**
 * What billing keeps of a partition's contracts, history included: documents and entries under the ordinals that they have,
 * balances added up anew out of the entries. Returns the balances.
 */
export function* splitBilling(source: RowSource, share: AccountShare): Generator<StateRow, LedgerTotals> {
  const ownsContract = ({ contract }: { readonly contract: string }): boolean => share.ownsContract(contract);
  yield* keptEntries(source, "billed-contracts", billedContractCodec, ownsContract);
  yield* keptEntries(source, "billed-periods", billedPeriodCodec, ownsContract);
  yield* keptEntries(source, "credit-ledgers", creditLedgerCodec, ({ id }) => share.ownsLedger(id));
  yield* keptRows(source, BILLING_SPACES.creditEntries, (_key, value) => {
    const { id } = ledgerEntryCodec.decode(value);
    // The ledger's id and the entry's ordinal in it.
    return share.ownsLedger(id.slice(0, id.lastIndexOf("/")));
  });
  const corrected = new Map<string, boolean>();
  for (const { value } of source.rows("corrected-documents"))
    corrected.set(correctedDocumentCodec.decode(value).document, share.isFormer);
  const keepsDocument = ({ id, contract }: { readonly id: string; readonly contract: string }): boolean => {
    const owns = share.ownsContract(contract);
    if (corrected.has(id)) corrected.set(id, owns);
    return owns;
  };
  yield* keptRows(source, BILLING_SPACES.documents, (key, value) =>
    keepsDocument(readDocument(key, value).document),
  );
  yield* keptRows(source, BILLING_SPACES.frozen, (_key, value) => keepsDocument(decodeFrozen(value)));
  yield* keptEntries(
    source,
    "corrected-documents",
    correctedDocumentCodec,
    ({ document }) => corrected.get(document) ?? share.isFormer,
  );
  const totals = new LedgerTotals();
  yield* keptRows(source, BILLING_SPACES.journal, (_key, value) => {
    const entry = decodeEntry(value);
    const owns = share.ownsContract(entry.contract);
    if (owns) totals.add(entry);
    return owns;
  });
  const balances: StateRow[] = [];
  totals.collectChanges(balances);
  yield* balances;
  yield* keptRows(source, HELD_ENTRIES_SPACE, (key, value) => {
    const contract = contractOfHeld(key, value);
    return contract === undefined || share.ownsContract(contract);
  });
  return totals;
}
