import type { Database } from "better-sqlite3";
import { CHANNELS } from "../model/outputs.ts";
import { TributaryError } from "../model/errors.ts";
import { SEGMENT_SPACES } from "../model/segment-identity.ts";
import type { PartitionReader } from "./partition-reader.ts";

/** Findings asked for: one is enough to stop, a few help to see how far the damage goes. */
const FINDINGS_MAX = 10;
/** Outbox entries read at a time. */
const FETCH_ENTRIES = 256;

/** Checks the structure of the database; throws `state-corrupt` with the first findings. */
export function assertIntact(database: Database): void {
  const findings = database.prepare<[], string>(`PRAGMA quick_check(${FINDINGS_MAX})`).pluck().all();
  if (findings.length === 1 && findings[0] === "ok") return;
  throw new TributaryError("state-corrupt", `The state file is damaged: ${findings.join("; ")}`, {
    details: { findings },
  });
}

/** Reads all content that carries a checksum; throws `state-corrupt` at the first that differs. */
export function assertContentIntact(reader: PartitionReader): void {
  for (const space of reader.spaces("")) {
    for (const row of reader.rows(space)) void row.key;
  }
  for (const space of reader.spaces(SEGMENT_SPACES)) {
    for (const record of reader.segmentRecords(space)) void record;
  }
  for (const channel of CHANNELS) {
    for (let after = 0; ;) {
      const entries = reader.outboxAfter(channel, after, FETCH_ENTRIES);
      const last = entries.at(-1);
      if (last === undefined) break;
      after = last.ordinal;
    }
  }
}
