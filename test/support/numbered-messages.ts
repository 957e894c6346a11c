import { encodeNumberedBatch, type NumberedRow } from "../../src/ingest/wire/columnar-encoder.ts";
import { encodeManifest } from "../../src/ingest/wire/manifest-body.ts";
import { COLUMNAR_TYPE, MANIFEST_TYPE } from "../../src/model/content-types.ts";
import type { LogMessage } from "../../src/model/log.ts";
import type { BatchIdentity, ProducerManifest } from "../../src/model/numbered-batch.ts";

/** Where a message stands in a usage log. */
export interface MessagePlace {
  readonly sequence: number;
  readonly arrivalMs: number;
  readonly region: string;
}

/** A numbered batch as partition 0 stores it. */
export function batchMessage(
  place: MessagePlace,
  identity: BatchIdentity,
  rows: readonly NumberedRow[],
): LogMessage {
  return messageAt(place, COLUMNAR_TYPE, encodeNumberedBatch(identity, rows));
}

/** A manifest as partition 0 stores it. */
export function manifestMessage(
  place: MessagePlace,
  identity: BatchIdentity,
  manifest: Partial<ProducerManifest>,
): LogMessage {
  const whole = { completeUpToMs: undefined, counts: [], isLast: false, ...manifest };
  return messageAt(place, MANIFEST_TYPE, encodeManifest(identity, whole));
}

function messageAt(
  { sequence, arrivalMs, region }: MessagePlace,
  contentType: string,
  data: Uint8Array,
): LogMessage {
  return { sequence, subject: `usage.0.${region}`, contentType, arrivalMs, data };
}
