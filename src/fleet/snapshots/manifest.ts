import { createHash } from "node:crypto";
import { z } from "zod";
import { messageOf, TributaryError } from "../../model/errors.ts";
import {
  CHUNK_BYTES,
  MAX_CHUNKS,
  SNAPSHOT_SCHEMA_VERSION,
  type SnapshotManifest,
} from "../../model/snapshot.ts";

/** A name in the partition's folder and in no other one. */
const FILE_NAME = /^(?:partition\.sqlite|segment-[1-9]\d{0,15}\.keys)$/;
const HASH = /^[0-9a-f]{64}$/;

const sequence = z.int().min(0);
const manifestSchema = z.strictObject({
  schemaVersion: z.literal(SNAPSHOT_SCHEMA_VERSION),
  partition: z.int().min(0),
  partitionCount: z.int().min(1),
  usageSequence: sequence,
  controlSequence: sequence,
  takenAt: z.iso.datetime(),
  takenBy: z.string().max(200),
  files: z
    .array(
      z
        .strictObject({
          name: z.string().regex(FILE_NAME),
          bytes: sequence,
          chunks: z.array(z.string().regex(HASH)).max(MAX_CHUNKS),
        })
        .refine(({ bytes, chunks }) => chunks.length === Math.ceil(bytes / CHUNK_BYTES), {
          error: "has another number of chunks than its bytes need",
        }),
    )
    .min(1)
    .refine((files) => new Set(files.map(({ name }) => name)).size === files.length, {
      error: "names a file twice",
    }),
});

const HASH_BYTES = 32;

/** The manifest as it is kept: its SHA-256, and JSON. */
export function encodeManifest(manifest: SnapshotManifest): Uint8Array {
  const json = Buffer.from(JSON.stringify(manifestSchema.parse(manifest)));
  return Buffer.concat([createHash("sha256").update(json).digest(), json]);
}

/** @throws TributaryError `snapshot-corrupt` */
export function decodeManifest(id: string, bytes: Uint8Array): SnapshotManifest {
  const json = bytes.subarray(HASH_BYTES);
  const digest = createHash("sha256").update(json).digest();
  if (bytes.length <= HASH_BYTES || !digest.equals(bytes.subarray(0, HASH_BYTES)))
    throw new TributaryError("snapshot-corrupt", `The manifest of snapshot ${id} was changed or cut.`, {
      details: { snapshot: id },
    });
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(json).toString("utf8")));
  } catch (error) {
    throw new TributaryError(
      "snapshot-corrupt",
      `The manifest of snapshot ${id} can't be read: ${messageOf(error)}`,
      { details: { snapshot: id }, cause: error },
    );
  }
}

export function bytesOf(manifest: SnapshotManifest): number {
  return manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
}

export function chunksOf(manifest: SnapshotManifest): Set<string> {
  return new Set(manifest.files.flatMap(({ chunks }) => chunks));
}
