/**
 * Version 1 of the state file.
 *
 * - Rows of `state` and `outbox` carry a CRC-32 of their value: SQLite checks the structure of its pages, not the
 *   content, and a flipped bit in a page of cells would be a wrong invoice.
 * - Both pack (space or channel, number) into one 64-bit rowid, the first in the upper bits. A 16 KiB page is then
 *   overwritten in place (only the database pages that differ are written), and a space is one range of the tree.
 * - `channel_ordinals.chain` is a hash over everything that the channel ever held, so that two runs can be compared
 *   after their outboxes were pruned.
 */
export const MIGRATION_001 = `
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  partition INTEGER NOT NULL,
  partition_count INTEGER NOT NULL
) STRICT;

CREATE TABLE position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  usage_sequence INTEGER NOT NULL,
  usage_fingerprint BLOB NOT NULL,
  control_sequence INTEGER NOT NULL,
  control_fingerprint BLOB NOT NULL,
  usage_created_at TEXT NOT NULL,
  control_created_at TEXT NOT NULL
) STRICT;

CREATE TABLE region_counts (
  region TEXT PRIMARY KEY,
  "read" INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  duplicate INTEGER NOT NULL,
  conflicting INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  parked INTEGER NOT NULL,
  misrouted INTEGER NOT NULL,
  late INTEGER NOT NULL,
  CHECK ("read" = accepted + duplicate + conflicting + rejected + parked + misrouted),
  CHECK (late <= accepted)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_counts (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  messages INTEGER NOT NULL,
  undecodable INTEGER NOT NULL,
  probes INTEGER NOT NULL
) STRICT;

CREATE TABLE spaces (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE state (
  id INTEGER PRIMARY KEY,
  crc INTEGER NOT NULL,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE parked (
  sequence INTEGER NOT NULL,
  "index" INTEGER NOT NULL,
  reason TEXT NOT NULL,
  account TEXT NOT NULL,
  type TEXT NOT NULL,
  region TEXT NOT NULL,
  arrival_ms INTEGER NOT NULL,
  event TEXT NOT NULL,
  UNIQUE (sequence, "index")
) STRICT;

CREATE TABLE exceptions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  stage TEXT NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  details TEXT NOT NULL
) STRICT;

CREATE TABLE event_outcomes (
  key BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  "index" INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  late INTEGER NOT NULL CHECK (late IN (0, 1)),
  PRIMARY KEY (key, sequence, "index")
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  crc INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE channel_ordinals (
  channel TEXT PRIMARY KEY,
  last_ordinal INTEGER NOT NULL,
  chain TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  target TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
