import { TributaryError } from "../../model/errors.ts";
import type { ParkedEvent } from "../../model/outputs.ts";
import { KEY_SPACES, SEGMENT_SPACES } from "../../model/segment-identity.ts";
import type { PartitionStore, StateRow } from "../../model/store.ts";
import { BILLING_SPACES } from "../invoice/billing-book.ts";
import { HELD_ENTRIES_SPACE } from "../invoice/held-entries.ts";
import { POSTING_SPACES } from "../posting/posting-book.ts";
import { MANIFESTS_SPACE, withoutCounts } from "../producers/manifest-ledger.ts";
import { placeOfWaiting, WAITING_RETRACTIONS_SPACE } from "../retract/waiting-retractions.ts";
import { FORMER_SERIES_SPACE, SERIES_SPACE } from "../series-table.ts";
import { CELL_EXTRAS_SPACE } from "../window/cell-extras.ts";
import { CELLS_SPACE } from "../window/cell-table.ts";
import { EVENT_CHARGES_SPACE } from "../window/event-charges.ts";
import { METER_TOTALS_SPACE } from "../window/meter-totals.ts";
import { ARCHIVE_SPACE } from "../window/window-archive.ts";
import type { AccountShare } from "./account-share.ts";
import { keptRows } from "./kept-rows.ts";
import { splitBilling } from "./split-billing.ts";
import { splitPostings } from "./split-postings.ts";
import { splitUsage } from "./split-rating.ts";

/**
 * What becomes of a space when a partition's state is divided.
 * - `shared`: each part has all of it. Nothing in it is counted, and it says of no account alone what it says.
 * - `kept`: it stays with the partition whose state is divided, as it belongs to no account.
 * - `divided`: each row goes with its account, or a figure is divided so that the parts add up to it.
 */
type Division = "shared" | "kept" | "divided";

const DIVISIONS: Readonly<Record<string, Division>> = {
  about: "shared",
  watermark: "shared",
  "meter-readings": "shared",
  "meter-epochs": "shared",
  "retraction-targets": "shared",
  "retraction-counters": "shared",
  "retractions-waiting-counter": "shared",
  "periods-signed-off": "shared",
  "close-explanations": "shared",
  [BILLING_SPACES.counters]: "shared",
  [POSTING_SPACES.counters]: "shared",
  producers: "kept",
  "rejected-hours": "kept",
  // They name records of that partition's control log.
  "operator-requests": "kept",
  // Sums over accounts, and how many were made of them under the partition's number.
  "journal-blocks": "kept",
  "journal-counts": "kept",
  [MANIFESTS_SPACE]: "divided",
  [WAITING_RETRACTIONS_SPACE]: "divided",
  [SERIES_SPACE]: "divided",
  [FORMER_SERIES_SPACE]: "divided",
  [CELLS_SPACE]: "divided",
  [CELL_EXTRAS_SPACE]: "divided",
  [EVENT_CHARGES_SPACE]: "divided",
  [ARCHIVE_SPACE]: "divided",
  [METER_TOTALS_SPACE]: "divided",
  "price-periods": "divided",
  "series-periods": "divided",
  "window-amounts": "divided",
  "watched-usage": "divided",
  "watched-commitments": "divided",
  "watched-credits": "divided",
  "billed-contracts": "divided",
  "billed-periods": "divided",
  "credit-ledgers": "divided",
  [BILLING_SPACES.creditEntries]: "divided",
  [BILLING_SPACES.documents]: "divided",
  [BILLING_SPACES.frozen]: "divided",
  [BILLING_SPACES.journal]: "divided",
  "ledger-balances": "divided",
  [HELD_ENTRIES_SPACE]: "divided",
  "corrected-documents": "divided",
  postings: "divided",
  [POSTING_SPACES.contents]: "divided",
  "posted-since": "divided",
};

function divisionOf(space: string): Division {
  // An id is a hash that tells no account, so each part has to know all of them.
  if (space.startsWith(KEY_SPACES) || space.startsWith(SEGMENT_SPACES)) return "shared";
  const division = DIVISIONS[space];
  if (division !== undefined) return division;
  throw new TributaryError("internal-fault", `It is not known how rows of ${space} are divided.`, {
    details: { space },
  });
}

/** What changes in a copy of a state that becomes the part of one partition. */
export interface StatePart {
  /** Spaces that are emptied before `rows` are written. */
  readonly clearedSpaces: readonly string[];
  /** Gone through once, while the state that is divided is open. */
  readonly rows: Iterable<StateRow>;
  /** Parked events of other partitions: they leave the copy. */
  readonly parkedElsewhere: readonly ParkedEvent[];
  /** Parked events of the partition. */
  readonly parkedHere: readonly ParkedEvent[];
}

/** The part that a partition has of a state. Throws `internal-fault` for a state that holds what is not known here. */
export function partOfState(
  source: Pick<PartitionStore, "rows" | "spaces" | "parked">,
  share: AccountShare,
): StatePart {
  const clearedSpaces = source.spaces("").filter((space) => {
    const division = divisionOf(space);
    return division === "divided" || (division === "kept" && !share.isFormer);
  });
  const parkedHere: ParkedEvent[] = [];
  const parkedElsewhere: ParkedEvent[] = [];
  for (const event of source.parked())
    (share.ownsAccount(event.account) ? parkedHere : parkedElsewhere).push(event);
  return { clearedSpaces, rows: dividedRows(source, share, parkedHere), parkedHere, parkedElsewhere };
}

function* dividedRows(
  source: Pick<PartitionStore, "rows">,
  share: AccountShare,
  parkedHere: readonly ParkedEvent[],
): Generator<StateRow> {
  yield* splitUsage(source, share);
  const totals = yield* splitBilling(source, share);
  yield* splitPostings(source, share, totals);
  // A retraction that waits for its event is parked.
  const places = new Set(parkedHere.map(placeName));
  yield* keptRows(source, WAITING_RETRACTIONS_SPACE, (_key, value) =>
    places.has(placeName(placeOfWaiting(value))),
  );
  for (const { key, value } of source.rows(MANIFESTS_SPACE))
    yield { space: MANIFESTS_SPACE, key, value: share.isFormer ? value : withoutCounts(key, value) };
}

function placeName({ sequence, index }: { readonly sequence: number; readonly index: number }): string {
  return `${sequence}/${index}`;
}
