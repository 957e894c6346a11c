import type { Migration } from "../schema/migrate.ts";

/**
 * Version 1 of the file of a connection's postings.
 *
 * - `commands` holds the commands that are in effect or newer; a body goes when its document needs no request any more.
 * - `documents.lane`: 0 planned and able to go, 1 under way (submitting, accepted, unknown); null: holds nobody back.
 * - `documents.ready`: the one of its order key that may be sent now. Kept with each change, so that choosing is a look at an index.
 * - `waiting` counts the commands named in `after` that are not confirmed; `stuck` those among them that hold nobody
 *   else back: somebody has to look at them first, or they come behind.
 * - Amounts are decimal texts: sums over them are exact.
 */
const MIGRATION_001: Migration = `
CREATE TABLE identity (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  connection TEXT NOT NULL
) STRICT;

CREATE TABLE position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  command_sequence INTEGER NOT NULL,
  commands_created_at TEXT NOT NULL,
  posting_sequence INTEGER NOT NULL,
  postings_created_at TEXT NOT NULL,
  last_hash TEXT NOT NULL,
  epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE commands (
  position INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  revision INTEGER NOT NULL,
  partition INTEGER NOT NULL,
  order_key TEXT NOT NULL,
  after TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  currency TEXT,
  amount TEXT,
  crc INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX commands_of_key ON commands (key, position);

CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  partition INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  position INTEGER NOT NULL,
  order_key TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  currency TEXT,
  amount TEXT,
  state TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  reason TEXT,
  code TEXT,
  message TEXT,
  erp_id TEXT,
  erp_number TEXT,
  handle TEXT,
  due_ms INTEGER,
  last_fault TEXT,
  fault_count INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  stuck INTEGER NOT NULL,
  lane INTEGER,
  ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
  is_new INTEGER NOT NULL CHECK (is_new IN (0, 1)),
  told TEXT NOT NULL,
  payment_status TEXT,
  payment_total TEXT,
  payment_open TEXT,
  payment_due_ms INTEGER
) STRICT;
CREATE INDEX documents_in_lane ON documents (order_key, lane, position) WHERE lane IS NOT NULL;
CREATE INDEX documents_ready ON documents (position) WHERE ready = 1;
CREATE INDEX documents_ready_of_key ON documents (order_key) WHERE ready = 1;
CREATE INDEX documents_due ON documents (state, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX documents_in_state ON documents (state, position);
CREATE INDEX documents_since ON documents (state, since_ms);
CREATE INDEX documents_payment ON documents (payment_due_ms) WHERE payment_due_ms IS NOT NULL;

CREATE TABLE waits (
  key TEXT NOT NULL,
  after TEXT NOT NULL,
  PRIMARY KEY (key, after)
) STRICT, WITHOUT ROWID;
CREATE INDEX waits_for ON waits (after);

CREATE TABLE newer (
  key TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE listeners (
  key TEXT NOT NULL,
  partition INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (key, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE external_ids (
  external_id TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (external_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (
  partition INTEGER NOT NULL,
  key TEXT NOT NULL,
  posting INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (partition, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX results_in_order ON results (partition, posting);

CREATE TABLE strays (
  finding TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (finding, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
  request TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE totals (
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  currency TEXT NOT NULL,
  documents INTEGER NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (state, kind, currency)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
  day TEXT PRIMARY KEY,
  requests INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE budget (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  day TEXT NOT NULL,
  requests INTEGER NOT NULL
) STRICT;
`;

/** Version 2: documents are found by what the ERP calls them, and invoices that are not paid in the order of the log. No row changes. */
const MIGRATION_002: Migration = `
CREATE INDEX documents_of_erp_id ON documents (erp_id) WHERE erp_id IS NOT NULL;
CREATE INDEX documents_open_payment ON documents (position) WHERE payment_due_ms IS NOT NULL;
`;

export const POSTING_MIGRATIONS: readonly Migration[] = [MIGRATION_001, MIGRATION_002];
