import type { OutboxEntry, RegionCounts } from "../../src/model/outputs.ts";
import type { CheckpointChanges, Position } from "../../src/model/store.ts";

export function positionAt(usageSequence: number, controlSequence = 0): Position {
  return {
    usageSequence,
    usageFingerprint: new Uint8Array(32).fill(usageSequence % 251),
    controlSequence,
    controlFingerprint: new Uint8Array(0),
    usageCreatedAt: "2026-01-01T00:00:00.000000001Z",
    controlCreatedAt: "2026-01-01T00:00:00.000000002Z",
  };
}

/** Counts of a region where everything read was accepted. */
export function allAccepted(region: string, read: number): RegionCounts {
  return {
    region,
    read,
    accepted: read,
    duplicate: 0,
    conflicting: 0,
    rejected: 0,
    parked: 0,
    misrouted: 0,
    late: 0,
  };
}

/** A checkpoint at a usage sequence that changes nothing but what is given. */
export function checkpointAt(
  usageSequence: number,
  changes: Partial<CheckpointChanges> = {},
): CheckpointChanges {
  return {
    position: positionAt(usageSequence),
    regionCounts: [allAccepted("eu", usageSequence)],
    messageCounts: { messages: usageSequence, undecodable: 0, probes: 0 },
    rows: [],
    clearedSpaces: [],
    parkedAdded: [],
    parkedRemoved: [],
    exceptionsAdded: [],
    eventOutcomes: [],
    outbox: [],
    ...changes,
  };
}

/** Body of a rated aggregate whose account and amount tell the ordinal. */
export function ratedBody(ordinal: number): string {
  return JSON.stringify({
    kind: "window",
    account: `acct-${ordinal}`,
    meter: "calls",
    group: { tier: "gold" },
    start: "2026-01-01T00:00:00Z",
    end: "2026-01-01T01:00:00Z",
    value: `${ordinal}.5`,
    events: ordinal,
    revision: 1,
    contract: "c-1",
    periodStart: "2026-01-01T00:00:00Z",
    periodEnd: "2026-02-01T00:00:00Z",
    price: "p-1",
    catalogVersion: "v1",
    currency: "EUR",
    amount: `-${ordinal}.25`,
    amountToDate: `${ordinal}.25`,
    quantityToDate: `${ordinal}.5`,
  });
}

export function ratedEntries(first: number, last: number): OutboxEntry[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    channel: "rated" as const,
    ordinal: first + index,
    body: ratedBody(first + index),
  }));
}
