/** The bodies that a usage message may have, by its Content-Type header (docs/wire.md). */
export const CLOUD_EVENT_TYPE = "application/cloudevents+json";
export const CLOUD_EVENT_BATCH_TYPE = "application/cloudevents-batch+json";
export const COLUMNAR_TYPE = "application/vnd.tributary.usage+msgpack";
/** A list of commands to an ERP connection, or of records about them. */
export const JSON_TYPE = "application/json";
/** What a producer of numbered batches says of what it has sent. */
export const MANIFEST_TYPE = "application/vnd.tributary.manifest+json";
/** A message by which `tributary doctor` tests the way to a partition; it holds no events. */
export const PROBE_TYPE = "application/vnd.tributary.probe";

const SUBJECT = /^usage\.([0-9]+)\.([^.\s]+)$/;

/** The region of `usage.<partition>.<region>`; undefined for a subject of another shape. */
export function regionOf(subject: string): string | undefined {
  return SUBJECT.exec(subject)?.[2];
}

/** The partition of `usage.<partition>.<region>`, in decimal; undefined for a subject of another shape. */
export function partitionTextOf(subject: string): string | undefined {
  return SUBJECT.exec(subject)?.[1];
}

/** `type` of a CloudEvent that takes back another event, which it carries in `data.event`. */
export const RETRACTION_TYPE = "io.tributary.retraction.v1";
