import type { RepartitionedRecord } from "../../model/control.ts";
import { noEvents, type ParkedEvent, type RegionCounts } from "../../model/outputs.ts";
import type { CheckpointChanges, PartitionStore, Position, StateRow } from "../../model/store.ts";
import { TributaryError } from "../../model/errors.ts";
import { type AccountShare } from "../../operators/split/account-share.ts";
import { partOfState } from "../../operators/split/split-state.ts";
import { gapsRow } from "../stored-about.ts";

/** Where a part stands in the two logs of its partition. */
export interface PartPlace {
  /** Sequence of the partition's own `repartitioned` record, and the SHA-256 of its bytes. */
  readonly controlSequence: number;
  readonly controlFingerprint: Uint8Array;
  /** Creation times of its streams. */
  readonly usageCreatedAt: string;
  readonly controlCreatedAt: string;
}

/** What the outputs of a checkpoint are where nothing is put out. */
const NO_OUTPUTS = { parkedAdded: [], exceptionsAdded: [], eventOutcomes: [], outbox: [] } as const;

/**
 * What changes in a copy of a state that is divided, so that it becomes the part of one partition. Parked events of other
 * partitions count as misrouted where they were read, as those do that come in behind the change, and as read where they go.
 * @param source the state that is divided, open while the rows are gone through
 */
export function partChanges(
  source: Pick<PartitionStore, "load" | "rows" | "spaces" | "parked">,
  share: AccountShare,
  place: PartPlace,
  record: Pick<RepartitionedRecord, "from" | "actor" | "reason" | "decidedAt">,
): CheckpointChanges {
  const stored = source.load();
  if (stored === undefined)
    throw new TributaryError("state-mismatch", "A state without a checkpoint can't be divided.");
  const { clearedSpaces, rows, parkedElsewhere, parkedHere } = partOfState(source, share);
  const { controlSequence, controlFingerprint, usageCreatedAt, controlCreatedAt } = place;
  const outputs = { ...NO_OUTPUTS, clearedSpaces, parkedRemoved: parkedElsewhere };
  const control = { controlSequence, controlFingerprint, usageCreatedAt, controlCreatedAt };
  if (share.isFormer)
    return {
      ...outputs,
      position: { ...stored.position, ...control },
      regionCounts: withMisrouted(stored.regionCounts, parkedElsewhere),
      messageCounts: stored.messageCounts,
      rows,
    };
  const { usageSequence } = stored.position;
  // The message before the first one is in another stream: there is nothing to compare.
  const position: Position = { ...control, usageSequence, usageFingerprint: new Uint8Array(0) };
  const { from, actor, reason, decidedAt } = record;
  const inherited = { partition: from.partition, messages: usageSequence };
  const numbering = { resumeAt: usageSequence + 1, lostMessages: 0, numberingOffset: usageSequence };
  const gap = { ...numbering, actor, reason, decidedAt, inherited };
  return {
    ...outputs,
    position,
    regionCounts: countsOfParked(parkedHere),
    messageCounts: { messages: 0, undecodable: 0, probes: 0 },
    rows: withRow(rows, gapsRow([gap])),
  };
}

function* withRow(rows: Iterable<StateRow>, row: StateRow): Generator<StateRow> {
  yield* rows;
  yield row;
}

function withMisrouted(counts: readonly RegionCounts[], moved: readonly ParkedEvent[]): RegionCounts[] {
  const byRegion = parkedByRegion(moved);
  return counts.map((each) => {
    const events = byRegion.get(each.region) ?? 0;
    return { ...each, parked: each.parked - events, misrouted: each.misrouted + events };
  });
}

function countsOfParked(parked: readonly ParkedEvent[]): RegionCounts[] {
  return [...parkedByRegion(parked)].map(([region, events]) => ({
    ...noEvents(),
    region,
    read: events,
    parked: events,
  }));
}

function parkedByRegion(parked: readonly ParkedEvent[]): ReadonlyMap<string, number> {
  const events = new Map<string, number>();
  for (const { region } of parked) events.set(region, (events.get(region) ?? 0) + 1);
  return events;
}
