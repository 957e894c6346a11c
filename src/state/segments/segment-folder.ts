import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TributaryError } from "../../model/errors.ts";
import type {
  KeySegment,
  KeySegments,
  PendingSegment,
  SegmentIdentity,
  SegmentWriter,
} from "../../model/key-segments.ts";
import { stateFault } from "../sqlite-faults.ts";
import { FileSegment } from "./file-segment.ts";
import { runHere, type SegmentOutcome, type SegmentRunner } from "./segment-runner.ts";
import type { SegmentJob } from "./write-segment.ts";

const FILE_PATTERN = /^segment-(\d+)\.keys$/;

export function segmentName(number: number): string {
  return `segment-${number}.keys`;
}

export function segmentPath(folder: string, number: number): string {
  return join(folder, segmentName(number));
}

/** Segments of a partition's folder, for reading. Files stay open until `close`. */
export class SegmentFiles implements KeySegments {
  protected readonly folder: string;
  protected readonly opened = new Map<number, FileSegment>();

  constructor(folder: string) {
    this.folder = folder;
  }

  get writer(): SegmentWriter | undefined {
    return undefined;
  }

  open(identity: SegmentIdentity): FileSegment {
    const known = this.opened.get(identity.number);
    if (known?.count === identity.count && known.checksum === identity.checksum) return known;
    const segment = FileSegment.open(segmentPath(this.folder, identity.number), identity);
    this.opened.set(identity.number, segment);
    return segment;
  }

  close(): void {
    for (const segment of this.opened.values()) segment.close();
    this.opened.clear();
  }
}

/**
 * The segments of a partition for its one writer. A file gets its number when it is begun; one that no checkpoint names is
 * removed by `keepOnly`, one that a checkpoint names no more after the commit of the next one that says so.
 */
export class SegmentFolder extends SegmentFiles implements SegmentWriter {
  readonly #runner: SegmentRunner;
  readonly #underWay = new Set<PendingFile>();
  #dropped: number[] = [];
  #nextNumber: number;
  #isClosed = false;

  constructor(folder: string, runner: SegmentRunner = runHere) {
    super(folder);
    this.#runner = runner;
    this.#nextNumber = Math.max(0, ...this.#numbers()) + 1;
  }

  override get writer(): SegmentWriter {
    return this;
  }

  seal(chunks: readonly Uint32Array[], count: number): PendingSegment {
    return this.#begin((path) => ({ kind: "seal", path, chunks, count }));
  }

  merge(segments: readonly KeySegment[]): PendingSegment {
    const inputs = segments.map(({ number, count }) => ({ path: segmentPath(this.folder, number), count }));
    return this.#begin((path) => ({ kind: "merge", path, inputs }));
  }

  drop({ number }: KeySegment): void {
    this.#dropped.push(number);
  }

  keepOnly(numbers: ReadonlySet<number>): void {
    for (const pending of this.#underWay) pending.discard();
    this.#dropped = [];
    const writing = new Set([...this.#underWay].map(({ number }) => number));
    for (const number of this.#numbers())
      if (!numbers.has(number) && !writing.has(number)) this.#remove(number);
  }

  /** What the checkpoint that is about to be committed drops. */
  takeDropped(): readonly number[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }

  /** Removes files that the committed checkpoint does not name. */
  removeDropped(numbers: readonly number[]): void {
    for (const number of numbers) this.#remove(number);
  }

  override close(): void {
    this.#isClosed = true;
    super.close();
  }

  #begin(jobOf: (path: string) => SegmentJob): PendingSegment {
    const number = this.#nextNumber++;
    const path = segmentPath(this.folder, number);
    const pending = new PendingFile(number, () => {
      this.#remove(number);
    });
    this.#underWay.add(pending);
    this.#runner.run(jobOf(path), (outcome) => {
      this.#underWay.delete(pending);
      // The folder may be another one's by now; what is left in it goes at the next start.
      if (this.#isClosed) return;
      if (pending.isDiscarded) this.#remove(number);
      else pending.settle(this.#adopt(number, path, outcome));
    });
    return pending;
  }

  #adopt(number: number, path: string, outcome: SegmentOutcome): KeySegment | Error {
    try {
      if (!outcome.ok) throw outcome.fault;
      const segment = FileSegment.ofWritten(number, path, outcome.written);
      this.opened.set(number, segment);
      return segment;
    } catch (fault) {
      const translated = stateFault(fault, "writing a segment of keys", path);
      if (translated instanceof Error) return translated;
      return new TributaryError("internal-fault", "A segment of keys could not be written.", {
        cause: fault,
      });
    }
  }

  #remove(number: number): void {
    this.opened.get(number)?.closeForGood();
    this.opened.delete(number);
    try {
      rmSync(segmentPath(this.folder, number), { force: true });
    } catch {
      // What can't be removed now costs disk space until a start can: no reason to stop.
    }
  }

  #numbers(): number[] {
    return readdirSync(this.folder).flatMap((name) => {
      const match = FILE_PATTERN.exec(name);
      return match === null ? [] : [Number(match[1])];
    });
  }
}

class PendingFile implements PendingSegment {
  readonly number: number;
  readonly #remove: () => void;
  #settled: KeySegment | Error | undefined;
  #isDiscarded = false;

  constructor(number: number, remove: () => void) {
    this.number = number;
    this.#remove = remove;
  }

  get isDiscarded(): boolean {
    return this.#isDiscarded;
  }

  settle(outcome: KeySegment | Error): void {
    this.#settled = outcome;
  }

  take(): KeySegment | undefined {
    if (this.#settled instanceof Error) throw this.#settled;
    return this.#settled;
  }

  discard(): void {
    this.#isDiscarded = true;
    if (this.#settled !== undefined) this.#remove();
  }
}
