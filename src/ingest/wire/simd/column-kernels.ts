import { endianness } from "node:os";
import type { KeyHasher } from "../../../model/hash.ts";
import { assemble } from "./assemble.ts";
import { checkEvents } from "./checksum-kernel.ts";
import { hashIds } from "./hash-kernel.ts";
import {
  AccountHigh,
  AccountLow,
  Checksums,
  Ids,
  KERNEL_ID_BYTES,
  KERNEL_ROWS,
  Keys,
  MEMORY_PAGES,
  Starts,
  State,
  Sums,
  Tail,
  Times,
  TypeHigh,
  TypeLow,
} from "./layout.ts";

type Kernel = (...integers: number[]) => number;

/** Where the rows of a chunk stand among a message's ids: row i's in [starts[i], starts[i + 1]). */
export interface IdChunk {
  readonly ids: Uint8Array;
  readonly first: number;
  readonly end: number;
}

/**
 * Keys and checksums of many rows of a columnar message by WebAssembly's vectors: the chains of operations of four rows run side by
 * side. Results are those of `KeyHasher` and `PayloadChecksum`. A chunk has `KERNEL_ROWS` rows at most.
 */
export class ColumnKernels {
  readonly #hashIds: Kernel;
  readonly #checkEvents: Kernel;
  readonly #state: Int32Array;
  readonly #tail: Int32Array;
  readonly #ids: Uint8Array;
  /** Where each id of a chunk begins among `ids`, relative to the first; one more behind the last one. */
  readonly starts: Uint32Array;
  readonly keys: Uint32Array;
  readonly accountLow: Int32Array;
  readonly accountHigh: Int32Array;
  readonly typeLow: Int32Array;
  readonly typeHigh: Int32Array;
  readonly times: Float64Array;
  /** Two words a row. */
  readonly sums: Int32Array;
  /** Two words a row. */
  readonly checksums: Uint32Array;

  constructor(module: WebAssembly.Module) {
    const { exports } = new WebAssembly.Instance(module);
    const { memory } = exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("a module without a memory");
    const { buffer } = memory;
    this.#hashIds = kernel(exports["hashIds"]);
    this.#checkEvents = kernel(exports["checkEvents"]);
    this.#state = new Int32Array(buffer, State, 8 * 4);
    this.#tail = new Int32Array(buffer, Tail, 4);
    this.#ids = new Uint8Array(buffer, Ids, KERNEL_ID_BYTES);
    this.starts = new Uint32Array(buffer, Starts, KERNEL_ROWS + 1);
    this.keys = new Uint32Array(buffer, Keys, KERNEL_ROWS * 4);
    this.accountLow = new Int32Array(buffer, AccountLow, KERNEL_ROWS);
    this.accountHigh = new Int32Array(buffer, AccountHigh, KERNEL_ROWS);
    this.typeLow = new Int32Array(buffer, TypeLow, KERNEL_ROWS);
    this.typeHigh = new Int32Array(buffer, TypeHigh, KERNEL_ROWS);
    this.times = new Float64Array(buffer, Times, KERNEL_ROWS);
    this.sums = new Int32Array(buffer, Sums, KERNEL_ROWS * 2);
    this.checksums = new Uint32Array(buffer, Checksums, KERNEL_ROWS * 2);
  }

  /**
   * The kernels of this thread, which all its decoders use: each of these is done with them before the next begins. Undefined where
   * the processor has no such vectors, or another order of bytes: results are the same without.
   */
  static shared(): ColumnKernels | undefined {
    shared ??= { kernels: create() };
    return shared.kernels;
  }

  /**
   * Writes the keys of a chunk to `keys`, from the source that was set in the hasher. `starts` must hold the places; the ids
   * have `KERNEL_ID_BYTES` bytes at most. An id of no bytes has no key: what stands in `keys` for it is of no use.
   */
  hashChunk(hasher: KeyHasher, { ids, first, end }: IdChunk, rows: number): void {
    const { starts, keys } = this;
    this.#ids.set(ids.subarray(first, end));
    const { tailBytes, prefixLength } = hasher.spread(this.#state, this.#tail);
    const inFours = rows - (rows % 4);
    for (let row = 0; row < rows;) {
      if (row < inFours) row = this.#hashIds(row, inFours, tailBytes, prefixLength);
      // Ids of different lengths, or behind the last four.
      for (const to = Math.min(row + 4, rows); row < to; row++)
        if (starts[row + 1]! > starts[row]!)
          hasher.hashId(ids, first + starts[row]!, first + starts[row + 1]!, keys, row * 4);
    }
  }

  /** Writes the checksums of the first rows to `checksums`, from the columns. */
  checkChunk(rows: number): void {
    this.#checkEvents(rows);
  }
}

let shared: { readonly kernels: ColumnKernels | undefined } | undefined;

function create(): ColumnKernels | undefined {
  const bytes = assemble([hashIds, checkEvents], MEMORY_PAGES);
  if (endianness() !== "LE" || !WebAssembly.validate(bytes)) return undefined;
  return new ColumnKernels(new WebAssembly.Module(bytes));
}

function kernel(exported: unknown): Kernel {
  if (typeof exported !== "function") throw new TypeError("a module without a kernel");
  return (...integers) => Number(exported(...integers));
}
