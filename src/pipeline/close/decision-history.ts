import type { ControlRecord } from "../../model/control.ts";
import { hexOfBytes } from "../accepted-gaps.ts";
import type { OperatorRequests } from "../../operators/requests/operator-requests.ts";
import type { ReadRecord } from "../verify-logs.ts";

/** A decision that somebody made, as it stands in a control log. */
export interface HistoryEntry {
  readonly partition: number;
  readonly controlSequence: number;
  readonly kind: ControlRecord["kind"];
  readonly decidedAt: string;
  readonly actor: string;
  readonly reason: string;
  /** Id of the request; null for decisions that came another way (`recover`). */
  readonly request: string | null;
  /** The whole record. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Where a control log does not say what was decided. */
export interface HistoryFault {
  readonly partition: number;
  readonly controlSequence: number;
  readonly message: string;
}

export interface PartitionHistory {
  readonly entries: readonly HistoryEntry[];
  readonly faults: readonly HistoryFault[];
}

/**
 * Decisions of people in a partition's control log, and whether the log still says what was decided: each request's record
 * names the hash of the one before, and the state keeps the hashes apart from the log.
 * @param records the whole log
 * @param known what the partition's state remembers; undefined where it is not there
 */
export function decisionHistory(
  partition: number,
  records: readonly ReadRecord[],
  known: Pick<OperatorRequests, "entries"> | undefined,
  sha256: (...parts: readonly Uint8Array[]) => Uint8Array,
): PartitionHistory {
  const entries: HistoryEntry[] = [];
  const faults: HistoryFault[] = [];
  const hashes = new Map<number, string>();
  let previous = "";
  for (const { placed, data } of records) {
    const { record, sequence } = placed;
    // What a runner tells is nobody's decision.
    if (!("actor" in record) || record.kind === "posting-result") continue;
    const request = "request" in record ? (record.request ?? null) : null;
    const { kind, decidedAt, actor, reason } = record;
    entries.push({
      partition,
      controlSequence: sequence,
      kind,
      decidedAt,
      actor,
      reason,
      request,
      record: { ...record },
    });
    if (request === null) continue;
    if ("previous" in record && record.previous !== previous)
      faults.push({
        partition,
        controlSequence: sequence,
        message: `request ${request} does not follow the one before it in the log: a record was changed, taken out or put in`,
      });
    previous = hexOfBytes(sha256(data));
    hashes.set(sequence, previous);
  }
  for (const [request, { sequence, fingerprint }] of known?.entries() ?? []) {
    if (hashes.get(sequence) === hexOfBytes(fingerprint)) continue;
    faults.push({
      partition,
      controlSequence: sequence,
      message: `the state decided request ${request} by another record than the log holds there`,
    });
  }
  return { entries, faults };
}
