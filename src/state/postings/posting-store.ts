import type { Database, Statement } from "better-sqlite3";
import { join } from "node:path";
import { TributaryError } from "../../model/errors.ts";
import type { PostingCommand, PostingResult, PostingState } from "../../model/posting.ts";
import type {
  BacklogRow,
  BudgetDay,
  CommandMessage,
  NewerCommand,
  PostingDocument,
  PostingPosition,
  PostingStore,
  RecordMessage,
} from "../../model/posting-store.ts";
import { assertIntact } from "../integrity.ts";
import { IN_MEMORY, makeDurableFolder, openForWriting } from "../open-database.ts";
import { assertSchemaKnown, migrate, schemaVersion } from "../schema/migrate.ts";
import { stateFault, translatingFaults } from "../sqlite-faults.ts";
import { lockState, type StateLock } from "../state-lock.ts";
import { boundWal, setWalLimits, truncateWal } from "../wal-policy.ts";
import { CommandWriter } from "./command-writer.ts";
import { DocumentOrder } from "./document-order.ts";
import { dumpPostings } from "./dump-postings.ts";
import { PostingQueries } from "./posting-queries.ts";
import { RecordWriter } from "./record-writer.ts";
import { POSTING_MIGRATIONS } from "./schema.ts";
import { PostingTotals } from "./totals.ts";

export const POSTINGS_FILE = "postings.sqlite";
const LOCK_FILE = "postings.lock";

/** The folder of a connection below the worker's state directory. */
export function postingsFolder(stateDirectory: string, connection: string): string {
  // A connection's key may hold what a file's name can't.
  return join(stateDirectory, `erp-${encodeURIComponent(connection)}`);
}

const START: PostingPosition = {
  commandSequence: 0,
  commandsCreatedAt: "",
  postingSequence: 0,
  postingsCreatedAt: "",
  lastHash: "",
  epoch: 0,
};

/** The view of a connection's logs in SQLite: one writer, one transaction for what one message or run of messages says. */
class SqlitePostingStore implements PostingStore {
  readonly #database: Database;
  readonly #file: string;
  readonly #lock: StateLock | undefined;
  readonly #queries: PostingQueries;
  readonly #totals: PostingTotals;
  readonly #commands: CommandWriter;
  readonly #records: RecordWriter;
  readonly #setPosition: Statement<[number, string, number, string, string, number]>;
  #position: PostingPosition;

  constructor(
    database: Database,
    file: string,
    lock: StateLock | undefined,
    { connection, isReadBack }: { readonly connection: string; readonly isReadBack: boolean },
  ) {
    this.#database = database;
    this.#file = file;
    this.#lock = lock;
    this.#queries = new PostingQueries(database);
    const order = new DocumentOrder(database);
    const totals = new PostingTotals(database);
    this.#totals = totals;
    this.#commands = new CommandWriter(database, order, totals);
    this.#records = new RecordWriter(database, {
      connection,
      isReadBack,
      order,
      totals,
      commands: this.#commands,
    });
    this.#setPosition = database.prepare("INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?, ?, ?, ?)");
    this.#position = this.#queries.position() ?? START;
  }

  position(): PostingPosition {
    return this.#position;
  }

  addCommands(messages: readonly CommandMessage[], createdAt: string): void {
    const last = messages.at(-1);
    if (last === undefined) return;
    this.#advance(
      "taking in commands",
      { commandSequence: last.sequence, commandsCreatedAt: createdAt },
      () => {
        let before = this.#position.commandSequence;
        for (const message of messages) {
          assertNext("commands", before, message.sequence);
          this.#commands.add(message);
          before = message.sequence;
        }
      },
    );
  }

  applyRecords({ sequence, records, lastHash }: RecordMessage, createdAt: string): void {
    assertNext("records", this.#position.postingSequence, sequence);
    const epoch = records.findLast(({ kind }) => kind === "acquired")?.epoch ?? this.#position.epoch;
    const after = { postingSequence: sequence, postingsCreatedAt: createdAt, lastHash, epoch };
    this.#advance("applying records", after, () => {
      for (const record of records) this.#records.apply(record, sequence);
    });
  }

  document(key: string): PostingDocument | undefined {
    return this.#queries.document(key);
  }
  command(key: string): PostingCommand {
    return this.#commands.command(key);
  }
  newerCommands(
    limit: number,
  ): readonly { readonly document: PostingDocument; readonly newer: NewerCommand }[] {
    return this.#queries.newerCommands(limit);
  }
  ready(nowMs: number, limit: number): readonly PostingDocument[] {
    return this.#queries.ready(nowMs, limit);
  }
  due(state: PostingState, nowMs: number, limit: number): readonly PostingDocument[] {
    return this.#queries.due(state, nowMs, limit);
  }
  inState(state: PostingState, afterPosition: number, limit: number): readonly PostingDocument[] {
    return this.#queries.inState(state, afterPosition, limit);
  }
  nextDueMs(nowMs: number): number | undefined {
    return this.#queries.nextDueMs(nowMs);
  }
  paymentsDue(nowMs: number, limit: number): readonly PostingDocument[] {
    return this.#queries.paymentsDue(nowMs, limit);
  }
  nextPaymentMs(): number | undefined {
    return this.#queries.nextPaymentMs();
  }
  openPayments(afterPosition: number, limit: number): readonly PostingDocument[] {
    return this.#queries.openPayments(afterPosition, limit);
  }
  documentsOfErpId(id: string): readonly PostingDocument[] {
    return this.#queries.documentsOfErpId(id);
  }
  keysOfExternalId(externalId: string): readonly string[] {
    return this.#queries.keysOfExternalId(externalId);
  }
  isStrayKnown(finding: string, key: string): boolean {
    return this.#queries.isStrayKnown(finding, key);
  }
  strayCount(): number {
    return this.#queries.strayCount();
  }
  isDecided(request: string): boolean {
    return this.#queries.isDecided(request);
  }
  resultPartitions(): readonly number[] {
    return this.#queries.resultPartitions();
  }
  results(partition: number, limit: number): readonly PostingResult[] {
    return this.#queries.results(partition, limit);
  }
  resultsPending(): number {
    return this.#queries.resultsPending();
  }
  backlog(): readonly BacklogRow[] {
    return this.#totals.all();
  }
  oldestSinceMs(state: PostingState): number | undefined {
    return this.#queries.oldestSinceMs(state);
  }
  requestsOn(day: string): number {
    return this.#queries.requestsOn(day);
  }
  budget(): BudgetDay | undefined {
    return this.#queries.budget();
  }

  defer(keys: readonly string[], dueMs: number): void {
    // Delays have jitter, columns whole milliseconds.
    this.#write("putting documents off", () => {
      for (const key of keys) this.#queries.defer(key, Math.ceil(dueMs));
    });
  }
  deferPayments(keys: readonly string[], dueMs: number): void {
    this.#write("putting payments off", () => {
      for (const key of keys) this.#queries.deferPayment(key, Math.ceil(dueMs));
    });
  }
  resultsTaken(partition: number, results: readonly Pick<PostingResult, "key" | "posting">[]): void {
    this.#write("noting results", () => {
      for (const { key, posting } of results) this.#queries.resultTaken(partition, key, posting);
    });
  }
  setBudget(budget: BudgetDay): void {
    this.#write("counting requests", () => {
      this.#queries.setBudget(budget);
    });
  }

  /** See `dumpPostings`. */
  dump(): string {
    return dumpPostings(this.#database);
  }

  close(): void {
    this.#database.close();
    this.#lock?.release();
  }

  /** One transaction with the position that it leads to. */
  #advance(action: string, change: Partial<PostingPosition>, work: () => void): void {
    const after = { ...this.#position, ...change };
    this.#write(action, () => {
      work();
      this.#setPosition.run(
        after.commandSequence,
        after.commandsCreatedAt,
        after.postingSequence,
        after.postingsCreatedAt,
        after.lastHash,
        after.epoch,
      );
    });
    this.#position = after;
  }

  #write(action: string, work: () => void): void {
    translatingFaults(action, this.#file, () => {
      this.#database.transaction(work).immediate();
    });
    if (this.#file !== IN_MEMORY) boundWal(this.#database, this.#file);
  }
}

function assertNext(what: string, before: number, sequence: number): void {
  if (sequence > before) return;
  throw new TributaryError("internal-fault", `Message ${sequence} of ${what} was taken in already.`, {
    details: { before, sequence },
  });
}

function claimConnection(database: Database, connection: string): void {
  database
    .prepare<[string]>("INSERT INTO identity VALUES (1, ?) ON CONFLICT (id) DO NOTHING")
    .run(connection);
  const stored = database.prepare<[], string>("SELECT connection FROM identity").pluck().get();
  if (stored === connection) return;
  throw new TributaryError(
    "state-mismatch",
    `The state file belongs to connection ${stored}, not ${connection}.`,
  );
}

export interface PostingStoreOptions {
  /**
   * Whether the ERP's documents are read back (`ErpDescription.canReadBack`; true where absent). Where they are not, a confirmed one is done
   * with and its command is not kept.
   */
  readonly isReadBack?: boolean;
}

/** What of a store follows from the logs, as text that is equal for two stores exactly where they are. */
export function dumpOf(store: PostingStore): string {
  if (!(store instanceof SqlitePostingStore)) throw new TypeError("Only postings in SQLite can be dumped.");
  return store.dump();
}

/**
 * Opens (and makes where absent) what the runner of a connection remembers, for its one writer. `folder` is the connection's own (see
 * `postingsFolder`), or ":memory:". Throws `state-locked`, `state-mismatch`, `state-schema-newer`, `state-corrupt`, and
 * `state-commit-failed` where the folder can't be written. A file that is lost or removed is built again from the logs.
 */
export function openPostingStore(
  folder: string,
  connection: string,
  { isReadBack = true }: PostingStoreOptions = {},
): PostingStore {
  const inMemory = folder === IN_MEMORY;
  const file = inMemory ? IN_MEMORY : join(folder, POSTINGS_FILE);
  let lock: StateLock | undefined;
  let database: Database | undefined;
  try {
    if (!inMemory) {
      makeDurableFolder(folder);
      lock = lockState(folder, LOCK_FILE);
    }
    database = openForWriting(file);
    assertSchemaKnown(schemaVersion(database), POSTING_MIGRATIONS);
    setWalLimits(database);
    if (!inMemory) assertIntact(database);
    migrate(database, POSTING_MIGRATIONS);
    claimConnection(database, connection);
    if (!inMemory) truncateWal(database);
    return new SqlitePostingStore(database, file, lock, { connection, isReadBack });
  } catch (error) {
    database?.close();
    lock?.release();
    throw stateFault(error, "opening the postings", file);
  }
}
