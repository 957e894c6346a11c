import type { CheckpointChanges, PartitionStore, StateRow } from "../../src/model/store.ts";
import { KeyTable, KeyVerdict } from "../../src/operators/deduplicate/key-table.ts";
import type { SealingLimits } from "../../src/operators/deduplicate/sealing-policy.ts";
import { CellTable } from "../../src/operators/window/cell-table.ts";
import { checksumOf, writeKey } from "./numbered-keys.ts";

const HOUR_MS = 3_600_000;
/** One generation: as bad as it gets for the number of its segments. */
export const HORIZON_MS = 37 * 24 * HOUR_MS;
export const ARRIVAL_MS = Date.parse("2026-11-19T12:20:00Z");
/** Rows that are prepared at once, as the operator does it. */
const BATCH_ROWS = 1_000;
/** Keys between two checkpoints: those of a second. */
const CHECKPOINT_KEYS = 1_000_000;
const CELLS_PER_SERIES = 4;
/** Looks at the thread that writes segments. */
const POLL_MS = 5;

/** A partition's keys and cells on a store, committed as the pipeline does it. */
export class BenchPartition {
  readonly keys: KeyTable;
  readonly cells = new CellTable({ windowMs: HOUR_MS });
  readonly #store: PartitionStore;
  #sequence = 0;

  /** @param sealing as in a worker where left out */
  constructor(store: PartitionStore, sealing?: SealingLimits) {
    this.#store = store;
    this.#sequence = store.load()?.position.usageSequence ?? 0;
    this.keys = new KeyTable({ horizonMs: HORIZON_MS, segments: store.segments, sealing });
  }

  createCells(count: number): void {
    for (let cell = 0; cell < count; cell++)
      this.cells.create(Math.floor(cell / CELLS_PER_SERIES), (cell % CELLS_PER_SERIES) * HOUR_MS);
  }

  restore(): void {
    this.cells.restore(this.#store);
    this.keys.restore(this.#store);
  }

  async commit(): Promise<void> {
    const rows: StateRow[] = [];
    const clearedSpaces: string[] = [];
    this.keys.collectChanges(rows, clearedSpaces);
    const cells = this.cells.freezeChanges();
    this.#sequence += 1;
    await this.#store.commit(checkpointOf(this.#sequence, [rows, cells], clearedSpaces));
  }

  /** Remembers the keys [from, to), which are new; commits on the way. RangeError where one was known. */
  async remember(from: number, to: number): Promise<void> {
    for (let first = from; first < to; first += CHECKPOINT_KEYS) {
      const end = Math.min(to, first + CHECKPOINT_KEYS);
      const known = probe(this.keys, numbersFrom(first, end - first));
      if (known.duplicates + known.conflicts > 0) throw new RangeError("a new key was known");
      await this.commit();
    }
  }

  /** Commits until no segment is under way and none is due. */
  async settle(): Promise<void> {
    for (let quiet = 0, last = ""; quiet < 20;) {
      await this.commit();
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS * 10);
      });
      const now = `${this.keys.sealedSize} ${this.keys.segmentCount}`;
      quiet = now === last ? quiet + 1 : 0;
      last = now;
    }
  }
}

/** Rows to probe: numbers of keys, each with the checksum of its payload or another one. */
export interface Probes {
  readonly numbers: Uint32Array;
  readonly checksums: Uint32Array;
}

export interface ProbeCounts {
  fresh: number;
  duplicates: number;
  conflicts: number;
  /** Processor time in the table, nanoseconds: the keys are made outside of it. */
  spentNs: number;
}

export function numbersFrom(first: number, count: number): Probes {
  const numbers = Uint32Array.from({ length: count }, (_, at) => first + at);
  return { numbers, checksums: numbers.map(checksumOf) };
}

/**
 * New keys from `first` on, of which so many percent are known ones instead, spread over [0, knownKeys); every tenth of
 * these has another payload.
 */
export function mixedProbes(first: number, count: number, knownKeys: number, percent: number): Probes {
  const probes = numbersFrom(first, count);
  let known = 0;
  for (let at = 0; at < count; at++) {
    if ((at * percent) % 100 >= percent) continue;
    // A step without a common factor with the count visits all keys, far from each other.
    const number = (at * 514_229) % knownKeys;
    probes.numbers[at] = number;
    probes.checksums[at] = checksumOf(number) ^ (++known % 10 === 0 ? 1 : 0);
  }
  return probes;
}

export function probe(table: KeyTable, { numbers, checksums }: Probes): ProbeCounts {
  const counts: ProbeCounts = { fresh: 0, duplicates: 0, conflicts: 0, spentNs: 0 };
  const column = new Uint32Array(BATCH_ROWS * 4);
  const pairs = new Uint32Array(BATCH_ROWS * 2);
  for (let first = 0; first < numbers.length; first += BATCH_ROWS) {
    const rows = Math.min(BATCH_ROWS, numbers.length - first);
    for (let row = 0; row < rows; row++) writeKey(numbers[first + row]!, column, row);
    for (let row = 0; row < rows; row++) {
      pairs[row * 2] = checksums[first + row]!;
      pairs[row * 2 + 1] = 7;
    }
    const started = process.cpuUsage();
    table.prepare(column, 0, rows);
    for (let row = 0; row < rows; row++) {
      table.beginMessage(ARRIVAL_MS, numbers[first + row]!);
      const verdict = table.probeAndInsert(column, pairs, row, 0);
      if (verdict === KeyVerdict.new) counts.fresh += 1;
      else if (verdict === KeyVerdict.samePayload) counts.duplicates += 1;
      else counts.conflicts += 1;
    }
    const { user, system } = process.cpuUsage(started);
    counts.spentNs += (user + system) * 1_000;
  }
  return counts;
}

/** What `probe` must have counted; RangeError where it did not. */
export function verify(counts: ProbeCounts, probes: Probes, knownKeys: number): void {
  const expected = { fresh: 0, duplicates: 0, conflicts: 0 };
  for (const [at, number] of probes.numbers.entries()) {
    if (number >= knownKeys) expected.fresh += 1;
    else if (probes.checksums[at] === checksumOf(number)) expected.duplicates += 1;
    else expected.conflicts += 1;
  }
  const { fresh, duplicates, conflicts } = counts;
  if (fresh === expected.fresh && duplicates === expected.duplicates && conflicts === expected.conflicts)
    return;
  throw new RangeError(
    `the table's verdicts are wrong: ${JSON.stringify({ fresh, duplicates, conflicts })}, expected ${JSON.stringify(expected)}`,
  );
}

function checkpointOf(
  sequence: number,
  parts: readonly Iterable<StateRow>[],
  clearedSpaces: readonly string[],
): CheckpointChanges {
  return {
    position: {
      usageSequence: sequence,
      usageFingerprint: new Uint8Array(32),
      controlSequence: 0,
      controlFingerprint: new Uint8Array(0),
      usageCreatedAt: "",
      controlCreatedAt: "",
    },
    regionCounts: [],
    messageCounts: { messages: sequence, undecodable: 0, probes: 0 },
    rows: rowsOf(parts),
    clearedSpaces,
    parkedAdded: [],
    parkedRemoved: [],
    exceptionsAdded: [],
    eventOutcomes: [],
    outbox: [],
  };
}

function* rowsOf(parts: readonly Iterable<StateRow>[]): Generator<StateRow> {
  for (const part of parts) yield* part;
}
