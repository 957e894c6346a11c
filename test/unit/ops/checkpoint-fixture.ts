import type { LogMessage } from "../../../src/model/log.ts";
import { Outcome, reasonCode, type ReasonName } from "../../../src/model/outcome.ts";
import type { EventOutcomeRecord, RegionCounts } from "../../../src/model/outputs.ts";
export { noOrdinals } from "../../../src/model/outputs.ts";
import type { CheckpointChanges } from "../../../src/model/store.ts";

export const NO_CHANGES: CheckpointChanges = {
  position: {
    usageSequence: 0,
    usageFingerprint: new Uint8Array(0),
    controlSequence: 0,
    controlFingerprint: new Uint8Array(0),
    usageCreatedAt: "",
    controlCreatedAt: "",
  },
  regionCounts: [],
  messageCounts: { messages: 0, undecodable: 0, probes: 0 },
  rows: [],
  clearedSpaces: [],
  parkedAdded: [],
  parkedRemoved: [],
  exceptionsAdded: [],
  eventOutcomes: [],
  outbox: [],
};

/** Counts of a region; `read` is the sum of the outcomes unless given. */
export function regionCounts(region: string, counts: Partial<Omit<RegionCounts, "region">>): RegionCounts {
  const all = {
    accepted: 0,
    duplicate: 0,
    conflicting: 0,
    rejected: 0,
    parked: 0,
    misrouted: 0,
    late: 0,
    ...counts,
  };
  const read = all.accepted + all.duplicate + all.conflicting + all.rejected + all.parked + all.misrouted;
  return { region, read, ...all };
}

export function outcomeRecord(outcome: keyof typeof Outcome, reason: ReasonName): EventOutcomeRecord {
  return {
    key: new Uint8Array(16),
    sequence: 1,
    index: 0,
    outcome: Outcome[outcome],
    reason: reasonCode(reason),
    late: false,
  };
}

export function message(arrivalMs: number, more: Partial<LogMessage> = {}): LogMessage {
  return {
    sequence: 1,
    subject: "usage.0.eu",
    contentType: "application/cloudevents+json",
    arrivalMs,
    data: new Uint8Array(10),
    ...more,
  };
}
