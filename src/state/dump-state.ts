import { createHash, type Hash } from "node:crypto";
import { CHANNELS } from "../model/outputs.ts";
import type { PartitionStore } from "../model/store.ts";
import { PartitionReader } from "./partition-reader.ts";

/**
 * Spaces of dedupe keys: their rows are cut where a checkpoint fell, so only the concatenation of their values is a
 * function of the logs.
 */
const CUT_BY_CHECKPOINTS = "keys/";

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
  const cut = space.startsWith(CUT_BY_CHECKPOINTS);
  const digest = createHash("sha256");
  let rows = 0;
  let bytes = 0;
  for (const { key, value } of reader.rows(space)) {
    if (cut) digest.update(value);
    else {
      digest.update(`${key}:`);
      addFramed(digest, value);
    }
    rows += 1;
    bytes += value.length;
  }
  return line(`space ${space}`, cut ? bytes : rows, digest);
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
  for (const space of store.spaces("")) text += digestOfSpace(store, space);
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
