import { createHash, type Hash } from "node:crypto";
import { CHANNELS } from "../model/outputs.ts";
import { KEY_RECORD_BYTES } from "../model/key-segments.ts";
import { KEY_SPACES, SEGMENT_SPACES } from "../model/segment-identity.ts";
import type { PartitionStore } from "../model/store.ts";
import { PartitionReader } from "./partition-reader.ts";

/** Adds a value behind its length, so that the borders between values count. */
function addFramed(digest: Hash, value: Uint8Array | string): void {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  digest.update(`${bytes.length}:`).update(bytes);
}

function line(name: string, rows: number, digest: Hash): string {
  return `${name} ${rows} ${digest.digest("hex")}\n`;
}

function digestOfRecords(name: string, records: Iterable<unknown>): string {
  const digest = createHash("sha256");
  let rows = 0;
  for (const record of records) {
    const text = JSON.stringify(record, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    );
    addFramed(digest, text);
    rows += 1;
  }
  return line(name, rows, digest);
}

function digestOfSpace(reader: PartitionReader, space: string): string {
  const digest = createHash("sha256");
  let rows = 0;
  for (const { key, value } of reader.rows(space)) {
    digest.update(`${key}:`);
    addFramed(digest, value);
    rows += 1;
  }
  return line(`space ${space}`, rows, digest);
}

/**
 * A generation's dedupe keys: where its rows are cut depends on checkpoints, and which records are in segments on when other
 * threads had finished. So only all records together, in the order of arrival, are a function of the logs.
 */
function digestOfKeys(reader: PartitionReader, space: string): string {
  const values = Array.from(reader.rows(space), ({ value }) => value);
  const segments = SEGMENT_SPACES + space.slice(KEY_SPACES.length);
  const sealed = Array.from(reader.segmentRecords(segments), (record) => Buffer.from(record.slice().buffer));
  const bytes = sealed.length === 0 ? Buffer.concat(values) : inOrderOfArrival([...values, ...sealed]);
  return line(`space ${space}`, bytes.length, createHash("sha256").update(bytes));
}

/** Records sorted by their place in the log: the sequence's high bits, its low word, the index in the message. */
function inOrderOfArrival(values: readonly Uint8Array[]): Buffer {
  const all = Buffer.concat(values);
  const records = Array.from({ length: all.length / KEY_RECORD_BYTES }, (_, number) =>
    all.subarray(number * KEY_RECORD_BYTES, (number + 1) * KEY_RECORD_BYTES),
  );
  const place = (record: Buffer): readonly [number, number, number] => [
    record.readUInt16LE(30),
    record.readUInt32LE(24),
    record.readUInt16LE(28),
  ];
  records.sort((a, b) => {
    const [highA, lowA, indexA] = place(a);
    const [highB, lowB, indexB] = place(b);
    return highA - highB || lowA - lowB || indexA - indexB;
  });
  return Buffer.concat(records);
}

/** Spaces of a dump in order; what is sealed of a generation is shown with the rest of it. */
function dumpedSpaces(reader: PartitionReader): string[] {
  const names = reader
    .spaces("")
    .map((space) =>
      space.startsWith(SEGMENT_SPACES) ? KEY_SPACES + space.slice(SEGMENT_SPACES.length) : space,
    );
  return [...new Set(names)].sort();
}

/**
 * What a state holds, as text that is equal for two states exactly where they are: a line a table and space with
 * name, number of rows (bytes for `keys/…`) and SHA-256 of the rows in order. Two runs over the same logs must give
 * the same text, wherever they were interrupted; so what depends on delivery is left out (cursors, and which outbox
 * entries are pruned: the channels' hash chains stand for the entries).
 */
export function dumpState(store: PartitionStore | PartitionReader): string {
  if (!(store instanceof PartitionReader)) throw new TypeError("Only a state in SQLite can be dumped.");
  const checkpoint = store.load();
  let text = digestOfRecords("position", checkpoint === undefined ? [] : [checkpoint.position]);
  text += digestOfRecords("region-counts", checkpoint?.regionCounts ?? []);
  text += digestOfRecords("message-counts", checkpoint === undefined ? [] : [checkpoint.messageCounts]);
  for (const space of dumpedSpaces(store))
    text += space.startsWith(KEY_SPACES) ? digestOfKeys(store, space) : digestOfSpace(store, space);
  text += digestOfRecords("parked", store.parked());
  const exceptions = [...store.exceptions()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  text += digestOfRecords("exceptions", exceptions);
  text += digestOfRecords("event-outcomes", store.allEventOutcomes());
  for (const channel of CHANNELS) {
    const chain = { ordinal: store.lastOrdinals()[channel], chain: store.channelChain(channel) };
    text += digestOfRecords(`channel ${channel}`, [chain]);
  }
  return text;
}
