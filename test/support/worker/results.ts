import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import {
  ALERT_STREAM,
  DEAD_LETTER_STREAM,
  DOCUMENT_STREAM,
  ORDINALS_HEADER,
  RATED_STREAM,
} from "../../../src/ingest/jetstream/names.ts";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import type { Alert, RatedAggregate } from "../../../src/model/outputs.ts";

/** What went out by one channel of one partition, in the order of the stream, with the border of messages forgotten. */
export interface Publication<Body> {
  readonly ordinal: number;
  readonly body: Body;
}

export interface PublishedDeadLetter {
  readonly stage: string;
  readonly reason: string;
  readonly partition: number;
  readonly sequence: number;
  readonly index: number;
  readonly payloadOmittedBytes?: number;
}

interface PublishedEvent<Body> {
  readonly id: string;
  readonly data: Body;
}

/** Reads a stream from its first message to its last, without a consumer; by partition. */
async function readStream<Body>(
  connection: BrokerConnection,
  stream: string,
  parse: (text: string) => readonly PublishedEvent<Body>[],
): Promise<Map<number, Publication<Body>[]>> {
  const { state } = await connection.manager.streams.info(stream);
  const byPartition = new Map<number, Publication<Body>[]>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await connection.manager.streams.getMessage(stream, { seq });
    const partition = Number(message.subject.split(".")[1]);
    const publications = byPartition.get(partition) ?? [];
    const events = parse(Buffer.from(message.data).toString("utf8"));
    const [first, last] = (message.header.get(ORDINALS_HEADER) ?? "").split("-").map(Number);
    if (first !== publications.length + 1 || last !== publications.length + events.length)
      throw new Error(
        `${stream} message ${seq}: ordinals ${first}-${last} behind ${publications.length} with ${events.length} events`,
      );
    // A message without events is an owner's that takes the partition: it refuses the one before.
    if (events.length > 0) byPartition.set(partition, publications);
    for (const { id, data } of events) {
      const ordinal = publications.length + 1;
      if (stream !== DOCUMENT_STREAM && id !== `${partition}-${ordinal}`)
        throw new Error(`${stream} message ${seq}: ${id} at ${ordinal}`);
      publications.push({ ordinal, body: data });
    }
  }
  return byPartition;
}

/** All of RATED by partition; throws where ordinals are not 1 … n, each once. */
export async function readRated(
  connection: BrokerConnection,
): Promise<Map<number, Publication<RatedAggregate>[]>> {
  return readStream<RatedAggregate>(connection, RATED_STREAM, (text) => JSON.parse(text));
}

/** All of ALERTS by partition; throws as `readRated` does. */
export async function readAlerts(connection: BrokerConnection): Promise<Map<number, Publication<Alert>[]>> {
  return readStream<Alert>(connection, ALERT_STREAM, (text) => JSON.parse(text));
}

/** All of DOCUMENTS by partition; throws as `readRated` does. Events have the documents' own ids. */
export async function readDocuments(
  connection: BrokerConnection,
): Promise<Map<number, Publication<PublishedDocument>[]>> {
  return readStream<PublishedDocument>(connection, DOCUMENT_STREAM, (text) => JSON.parse(text));
}

/** All of DLQ by partition; throws as `readRated` does. */
export async function readDeadLetters(
  connection: BrokerConnection,
): Promise<Map<number, Publication<PublishedDeadLetter>[]>> {
  return readStream<PublishedDeadLetter>(connection, DEAD_LETTER_STREAM, (text) => JSON.parse(text));
}

const FILE_NAME = /^rated-p(\d+)-(\d+)-(\d+)\.(ndjson|csv)$/;

/** The lines of the NDJSON files by partition, in the order of ordinals; throws where these are not 1 … n, each once. */
export function readFiles(folder: string): Map<number, Publication<RatedAggregate>[]> {
  const byPartition = new Map<number, Publication<RatedAggregate>[]>();
  const csvLines = new Map<number, number>();
  for (const name of readdirSync(folder).sort()) {
    const [, partitionText, first, last, format] = FILE_NAME.exec(name) ?? [];
    const partition = Number(partitionText);
    if (format === undefined) throw new Error(`a file of another name: ${name}`);
    const text = readFileSync(join(folder, name), "utf8");
    if (format === "csv") {
      const expected = (csvLines.get(partition) ?? 0) + 1;
      if (Number(first) !== expected) throw new Error(`${name} where ${expected} was to follow`);
      const rows = text.trimEnd().split("\r\n").length - 1;
      if (rows !== Number(last) - expected + 1) throw new Error(`${name} holds ${rows} rows`);
      csvLines.set(partition, Number(last));
      continue;
    }
    const publications = byPartition.get(partition) ?? [];
    byPartition.set(partition, publications);
    for (const line of text.trimEnd().split("\n")) {
      const parsed: RatedAggregate & { readonly ordinal: number } = JSON.parse(line);
      const { ordinal, ...body } = parsed;
      if (ordinal !== publications.length + 1)
        throw new Error(`${name}: ${ordinal} behind ${publications.length}`);
      publications.push({ ordinal, body });
    }
    if (publications.length !== Number(last)) throw new Error(`${name} ends at ${publications.length}`);
  }
  for (const [partition, publications] of byPartition)
    if (csvLines.get(partition) !== publications.length)
      throw new Error(
        `partition ${partition}: ${publications.length} lines, ${csvLines.get(partition)} rows`,
      );
  return byPartition;
}
