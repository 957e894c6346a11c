import { z } from "zod";
import type { BatchIdentity, ProducerManifest } from "../../model/numbered-batch.ts";
import { bodyText } from "./json-body.ts";
import { MAX_IDENTITY_BYTES, MAX_MANIFEST_COUNTS } from "./limits.ts";
import { isProducerName } from "./producer-name.ts";
import { parseTimestamp } from "./timestamp.ts";

/** The version of a manifest's body that is read and written. */
const MANIFEST_VERSION = 1;
const HOUR_MS = 3_600_000;

export interface ManifestBody extends BatchIdentity {
  readonly manifest: ProducerManifest;
}

const number = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const time = z
  .string()
  .transform((text) => parseTimestamp(text))
  .refine((timeMs) => !Number.isNaN(timeMs));
const schema = z.strictObject({
  v: z.literal(MANIFEST_VERSION),
  producer: z.string().refine(isProducerName),
  epoch: number,
  sequence: number,
  completeUpTo: time.optional(),
  counts: z
    .array(
      z.strictObject({
        source: z
          .string()
          .min(1)
          .refine((source) => Buffer.byteLength(source) <= MAX_IDENTITY_BYTES),
        hour: time.refine((timeMs) => timeMs % HOUR_MS === 0),
        events: number,
      }),
    )
    .max(MAX_MANIFEST_COUNTS)
    .optional(),
  last: z.boolean().optional(),
});

/** Reads a manifest (docs/wire.md); undefined where it is none. */
export function parseManifestBody(data: Uint8Array): ManifestBody | undefined {
  const text = bodyText(data);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) return undefined;
  const { producer, epoch, sequence, completeUpTo, counts = [], last = false } = parsed.data;
  return {
    producer,
    epoch,
    sequence,
    manifest: {
      completeUpToMs: completeUpTo,
      counts: counts.map(({ source, hour, events }) => ({ source, hourMs: hour, events })),
      isLast: last,
    },
  };
}

/** Writes a manifest as `parseManifestBody` reads it. */
export function encodeManifest(identity: BatchIdentity, manifest: ProducerManifest): Uint8Array {
  const { producer, epoch, sequence } = identity;
  const { completeUpToMs, counts, isLast } = manifest;
  const body = {
    v: MANIFEST_VERSION,
    producer,
    epoch,
    sequence,
    ...(completeUpToMs === undefined ? {} : { completeUpTo: new Date(completeUpToMs).toISOString() }),
    ...(counts.length === 0
      ? {}
      : {
          counts: counts.map(({ source, hourMs, events }) => ({
            source,
            hour: new Date(hourMs).toISOString(),
            events,
          })),
        }),
    ...(isLast ? { last: true } : {}),
  };
  return new TextEncoder().encode(JSON.stringify(body));
}
