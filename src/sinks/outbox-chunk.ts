import type { OutboxEntry } from "../model/outputs.ts";
import type { PartitionStore } from "../model/store.ts";
import type { DeliveryTarget } from "./delivery-target.ts";

/** How much is delivered at once. */
export interface ChunkLimits {
  readonly entriesMax: number;
  /** Bytes of the bodies. One entry above it still goes, alone. */
  readonly bytesMax: number;
  /** How long a chunk that is not full waits for more, in milliseconds. */
  readonly lingerMs: number;
}

/**
 * One message a chunk. A broker takes 1 MiB by default: half of it for the bodies leaves room for the envelopes
 * (500 × 350 bytes) and the headers.
 */
export const PUBLICATION_CHUNK: ChunkLimits = { entriesMax: 500, bytesMax: 512 * 1024, lingerMs: 0 };

/** One file a chunk: few enough files for a directory listing, fresh enough for an analyst. */
export const FILE_CHUNK: ChunkLimits = { entriesMax: 10_000, bytesMax: 8 * 1024 * 1024, lingerMs: 5_000 };

/** Entries read at a time: bounds what is read beyond the byte limit where bodies are large. */
const FETCH_ENTRIES = 100;

export interface OutboxChunk {
  readonly entries: readonly OutboxEntry[];
  /** True where a limit ended it; false where the outbox did. */
  readonly full: boolean;
}

/** The next chunk of committed entries after `position`; empty where there are none. */
export function nextChunk(
  store: Pick<PartitionStore, "outboxAfter">,
  target: Pick<DeliveryTarget, "channel">,
  position: number,
  limits: ChunkLimits,
): OutboxChunk {
  const entries: OutboxEntry[] = [];
  let bytes = 0;
  let after = position;
  for (;;) {
    const found = store.outboxAfter(target.channel, after, FETCH_ENTRIES);
    for (const entry of found) {
      bytes += Buffer.byteLength(entry.body);
      if (entries.length > 0 && bytes > limits.bytesMax) return { entries, full: true };
      entries.push(entry);
      after = entry.ordinal;
      if (entries.length === limits.entriesMax) return { entries, full: true };
    }
    if (found.length < FETCH_ENTRIES) return { entries, full: false };
  }
}
