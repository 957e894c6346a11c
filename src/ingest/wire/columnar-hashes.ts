import type { KeyHasher } from "../../model/hash.ts";
import { reasonCode } from "../../model/outcome.ts";
import type { BatchBuilder } from "./batch-builder.ts";
import type { ColumnarBody } from "./columnar-body.ts";
import { MAX_IDENTITY_BYTES } from "./limits.ts";
import type { ColumnKernels } from "./simd/column-kernels.ts";
import { KERNEL_ID_BYTES, KERNEL_ROWS } from "./simd/layout.ts";

const ID_MISSING = reasonCode("id-missing");
const ID_TOO_LONG = reasonCode("id-too-long");
const SOURCE_MISSING = reasonCode("source-missing");

/** With fewer rows, what a call of the kernels costs would be more than what they save. */
const LEAST_ROWS = 32;

/**
 * Keys and payload checksums of the rows of columnar messages, by the kernels where there are enough rows and nothing unusual
 * in them, else row by row. Both ways give the same.
 */
export class ColumnarHashes {
  readonly #hasher: KeyHasher;
  readonly #kernels: ColumnKernels | undefined;

  /** @param kernels undefined: row by row */
  constructor(hasher: KeyHasher, kernels: ColumnKernels | undefined) {
    this.#hasher = hasher;
    this.#kernels = kernels;
  }

  /** Writes the key of each row with a sound source and id; gives the others their faults. */
  writeKeys(builder: BatchBuilder, body: ColumnarBody, base: number, faults: Uint8Array): void {
    const kernels = body.count < LEAST_ROWS || body.source !== undefined ? undefined : this.#kernels;
    const sourceLength = body.sources.ends[0]! - body.sources.starts[0]!;
    const isSound = kernels !== undefined && isSoundSource(body, 0) && sourceLength <= MAX_IDENTITY_BYTES;
    if (kernels === undefined || !isSound) {
      this.#writeRows(builder, body, base, faults, 0, body.count);
      return;
    }
    const { bytes, starts, ends } = body.sources;
    this.#hasher.setSource(bytes, starts[0]!, ends[0]!);
    for (let from = 0; from < body.count; from += KERNEL_ROWS) {
      const to = Math.min(from + KERNEL_ROWS, body.count);
      if (!this.#writeChunk(kernels, builder, body, base, faults, from, to, sourceLength))
        this.#writeRows(builder, body, base, faults, from, to);
    }
  }

  /** Writes the checksum of each row without a fault, from account, type, time, and the lane-wise sums of its properties'. */
  writeChecksums(builder: BatchBuilder, base: number, faults: Uint8Array, sums: Int32Array): void {
    const kernels = faults.length < LEAST_ROWS ? undefined : this.#kernels;
    if (kernels === undefined) {
      for (let row = 0; row < faults.length; row++)
        if (faults[row] === 0) builder.setChecksum(base + row, sums[2 * row]!, sums[2 * row + 1]!);
      return;
    }
    const { accounts, types, account, type, timeMs, checksum } = builder;
    for (let from = 0; from < faults.length; from += KERNEL_ROWS) {
      const rows = Math.min(KERNEL_ROWS, faults.length - from);
      const first = base + from;
      accounts.copyLanes(account, first, rows, kernels.accountLow, kernels.accountHigh);
      types.copyLanes(type, first, rows, kernels.typeLow, kernels.typeHigh);
      kernels.times.set(timeMs.subarray(first, first + rows));
      kernels.sums.set(sums.subarray(2 * from, 2 * (from + rows)));
      kernels.checkChunk(rows);
      checksum.set(kernels.checksums.subarray(0, 2 * rows), 2 * first);
    }
    for (let row = 0; row < faults.length; row++)
      if (faults[row] !== 0) checksum.fill(0, 2 * (base + row), 2 * (base + row + 1));
  }

  /** False, and nothing done, where the ids are too many bytes, or one of them is too long. */
  #writeChunk(
    kernels: ColumnKernels,
    { key }: BatchBuilder,
    body: ColumnarBody,
    base: number,
    faults: Uint8Array,
    from: number,
    to: number,
    sourceLength: number,
  ): boolean {
    const { ids, idEnds, idWidth } = body;
    const rows = to - from;
    const first = idStart(body, from);
    const end = idStart(body, to);
    if (end - first > KERNEL_ID_BYTES) return false;
    const { starts } = kernels;
    let longest = idWidth;
    let shortest = idWidth;
    starts[0] = 0;
    if (idWidth > 0) for (let row = 1; row <= rows; row++) starts[row] = row * idWidth;
    else {
      shortest = KERNEL_ID_BYTES;
      for (let row = 0; row < rows; row++) {
        const idEnd = idEnds[from + row]! - first;
        const length = idEnd - starts[row]!;
        longest = Math.max(longest, length);
        shortest = Math.min(shortest, length);
        starts[row + 1] = idEnd;
      }
    }
    if (longest + sourceLength > MAX_IDENTITY_BYTES) return false;
    kernels.hashChunk(this.#hasher, { ids, first, end }, rows);
    key.set(kernels.keys.subarray(0, rows * 4), (base + from) * 4);
    if (shortest > 0) return true;
    for (let row = 0; row < rows; row++) {
      if (starts[row + 1]! > starts[row]!) continue;
      faults[from + row] = ID_MISSING;
      key.fill(0, (base + from + row) * 4, (base + from + row + 1) * 4);
    }
    return true;
  }

  #writeRows(
    { key }: BatchBuilder,
    body: ColumnarBody,
    base: number,
    faults: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { ids, idEnds, idWidth, source } = body;
    const hasher = this.#hasher;
    const { bytes: sources, starts, ends } = body.sources;
    let current = -1;
    let sourceLength = 0;
    let isSound = false;
    let start = idStart(body, from);
    for (let row = from; row < to; row++) {
      const end = idWidth > 0 ? start + idWidth : idEnds[row]!;
      const next = source === undefined ? 0 : source[row]!;
      if (next !== current) {
        current = next;
        sourceLength = ends[next]! - starts[next]!;
        isSound = isSoundSource(body, next);
        if (sourceLength <= MAX_IDENTITY_BYTES) hasher.setSource(sources, starts[next]!, ends[next]!);
      }
      if (end === start) faults[row] = ID_MISSING;
      else if (!isSound) faults[row] = SOURCE_MISSING;
      else if (end - start + sourceLength > MAX_IDENTITY_BYTES) faults[row] = ID_TOO_LONG;
      else hasher.hashId(ids, start, end, key, (base + row) * 4);
      start = end;
    }
  }
}

/** Where the id of a row begins. */
function idStart({ idWidth, idEnds }: ColumnarBody, row: number): number {
  if (idWidth > 0) return row * idWidth;
  return row === 0 ? 0 : idEnds[row - 1]!;
}

function isSoundSource({ sources: { bytes, starts, ends } }: ColumnarBody, at: number): boolean {
  return ends[at]! > starts[at]! && !bytes.subarray(starts[at], ends[at]).includes(0);
}
