/** Rows that a kernel is called for at most; a multiple of 4. All that they need stays in the processor's caches. */
export const KERNEL_ROWS = 1_024;
/** Bytes of ids of so many rows, at most; a chunk with more goes the other way. */
export const KERNEL_ID_BYTES = 64 * 1_024;
/** A kernel reads up to three bytes beyond what it is given. */
const SLACK = 16;

/** Where things stand in the kernels' memory, in bytes; multiples of 16. */
export const State = 0;
/** Eight vectors: the states of both instances behind the source, each word four times; then its tail, four times. */
export const Tail = State + 8 * 16;
/** Where each id begins among `Ids`, and where the last one ends. */
export const Starts = Tail + 16;
export const Ids = Starts + KERNEL_ROWS * 4 + SLACK;
/** Four words a row. */
export const Keys = Ids + KERNEL_ID_BYTES + SLACK;
/** Lanes of the checksums of account and type: a word a row each. */
export const AccountLow = Keys + KERNEL_ROWS * 16;
export const AccountHigh = AccountLow + KERNEL_ROWS * 4;
export const TypeLow = AccountHigh + KERNEL_ROWS * 4;
export const TypeHigh = TypeLow + KERNEL_ROWS * 4;
/** Floats. */
export const Times = TypeHigh + KERNEL_ROWS * 4;
/** Sums of the checksums of properties: two words a row. */
export const Sums = Times + KERNEL_ROWS * 8;
/** Two words a row. */
export const Checksums = Sums + KERNEL_ROWS * 8;
const END = Checksums + KERNEL_ROWS * 8;

const PAGE_BYTES = 65_536;
export const MEMORY_PAGES = Math.ceil(END / PAGE_BYTES);
