/** Slots by the time at which something is due for them: a bucket a time, and a binary heap of the times. */
export class DueSlots {
  readonly #buckets = new Map<number, number[]>();
  readonly #heap: number[] = [];

  /** The earliest due time, Infinity where nothing is due. */
  get nextMs(): number {
    return this.#heap[0] ?? Infinity;
  }

  add(dueMs: number, slot: number): void {
    const bucket = this.#buckets.get(dueMs);
    if (bucket !== undefined) {
      bucket.push(slot);
      return;
    }
    this.#buckets.set(dueMs, [slot]);
    this.#push(dueMs);
  }

  /** Takes the slots that are due at exactly `dueMs`, which must not be later than the earliest time. */
  take(dueMs: number): number[] {
    if (dueMs !== this.#heap[0]) return [];
    const bucket = this.#buckets.get(dueMs) ?? [];
    this.#buckets.delete(dueMs);
    this.#pop();
    return bucket;
  }

  clear(): void {
    this.#buckets.clear();
    this.#heap.length = 0;
  }

  #push(time: number): void {
    const heap = this.#heap;
    let at = heap.push(time) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= time) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = time;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1] ?? Infinity) < (heap[child] ?? Infinity)) child++;
      const below = heap[child] ?? Infinity;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
