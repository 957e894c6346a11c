import { accountToken } from "../../model/partition.ts";

/** Every stream, subject, consumer and header name that Tributary uses on the broker (docs/wire.md names the same). */

/** Streams that exist once, whatever the partition count. */
export const RATED_STREAM = "RATED";
export const DEAD_LETTER_STREAM = "DLQ";
export const ALERT_STREAM = "ALERTS";
export const REFERENCE_STREAM = "REFERENCE";
export const DOCUMENT_STREAM = "DOCUMENTS";

/** Object store with the snapshots of a partition's state. */
export function snapshotBucket(partition: number): string {
  return `TRIBUTARY_SNAPSHOTS_${partition}`;
}

export function usageStream(partition: number): string {
  return `USAGE_${partition}`;
}

export function controlStream(partition: number): string {
  return `CONTROL_${partition}`;
}

/** The durable consumer on a partition's usage stream; it exists so that lag shows in the standard tools. */
export function consumerName(partition: number): string {
  return `tributary-${partition}`;
}

/** Where a producer that knows partitions publishes; `region` is one subject token. */
export function usageSubject(partition: number, region: string): string {
  return `usage.${partition}.${region}`;
}

const REGIONAL_PREFIX = "USAGE_IN_";

/** Takes in the usage of all partitions in a region with a broker of its own; `USAGE_<p>` gets it from there. */
export function regionalStream(region: string): string {
  return `${REGIONAL_PREFIX}${region}`;
}

/** The region whose stream it is; undefined for another stream. */
export function regionOfStream(stream: string): string | undefined {
  return stream.startsWith(REGIONAL_PREFIX) ? stream.slice(REGIONAL_PREFIX.length) : undefined;
}

/** Where a producer that doesn't know partitions publishes; the server's subject mapping places it. */
export function unplacedUsageSubject(accountToken: string, region: string): string {
  return `usage.in.${accountToken}.${region}`;
}

export function controlSubject(partition: number): string {
  return `control.${partition}`;
}

/** Where the owner of a partition takes operators' requests: core NATS, nothing is stored. */
export function operatorSubject(partition: number): string {
  return `tributary.operate.${partition}`;
}

/** Numbers the documents of a legal entity; its key is encoded like an account. */
export function numberingStream(legalEntity: string): string {
  return `NUMBERING_${accountToken(legalEntity)}`;
}

/** Names a document; `*` for all of the legal entity's. */
export function numberingSubject(legalEntity: string, document: string): string {
  return `numbering.${accountToken(legalEntity)}.${document === "*" ? "*" : accountToken(document)}`;
}

/**
 * Key of an ERP connection in names of streams and of the bucket's entries: encoded like an account, with "=" for "%". A bucket's keys
 * take no "%", and the server (2.10.27) formats the acknowledgement subject of a consumer with the stream's name as a part of the
 * format, so that nothing of a stream with "%" in its name is delivered.
 */
function connectionToken(erpConnection: string): string {
  return accountToken(erpConnection).replaceAll("%", "=");
}

/** What partitions have queued for an ERP connection. */
export function commandStream(erpConnection: string): string {
  return `COMMANDS_${connectionToken(erpConnection)}`;
}

/** Where a partition publishes its commands; `*` for all partitions. */
export function commandSubject(erpConnection: string, partition: number | "*"): string {
  return `commands.${connectionToken(erpConnection)}.${partition}`;
}

/** Intent and outcome of each request to an ERP connection. */
export function postingStream(erpConnection: string): string {
  return `POSTINGS_${connectionToken(erpConnection)}`;
}

export function postingSubject(erpConnection: string): string {
  return `postings.${connectionToken(erpConnection)}`;
}

/** Where the process that runs an ERP connection takes operators' requests: core NATS, nothing is stored. */
export function runnerOperatorSubject(erpConnection: string): string {
  return `tributary.operate-erp.${connectionToken(erpConnection)}`;
}

/** Where it is handed what another process has received from the ERP: core NATS, nothing is stored. */
export function runnerNotificationSubject(erpConnection: string): string {
  return `tributary.notify-erp.${connectionToken(erpConnection)}`;
}

/** The durable consumer of a connection's runner on its commands; it exists so that lag shows in the standard tools. */
export const POSTING_CONSUMER = "tributary-runner";

/** Key-value bucket of the leases. */
export const LEASE_BUCKET = "TRIBUTARY_LEASES";

/** Name of the lease of an ERP connection's runner. */
export function runnerLease(erpConnection: string): string {
  return `runner.${connectionToken(erpConnection)}`;
}

export function referenceSubject(kind: string, hash: string, chunk: number): string {
  return `reference.${kind}.${hash}.${chunk}`;
}

export const CONTENT_TYPE_HEADER = "Content-Type";
/** `<first>-<last>`: the outbox ordinals that a publication covers. */
export const ORDINALS_HEADER = "Tributary-Ordinals";
/** Chooses one append among equal records, so that a writer recognises its own after an unclear outcome. */
export const APPEND_ID_HEADER = "Tributary-Append-Id";
/** Number of chunks that a reference object consists of. */
export const CHUNK_COUNT_HEADER = "Tributary-Chunks";
