import { KEY_RECORD_WORDS } from "../../model/key-segments.ts";
import { compareKeys } from "./segment-layout.ts";

/** Records that fall into a bucket on average: as many as an insertion sort orders fastest. */
const BUCKET_RECORDS = 8;
/** From here on a bucket is sorted by comparisons n log n: keys are spread evenly, so that none is ever this large. */
const LARGE_BUCKET = 64;
const HASH_RANGE = 2 ** 32;

/** Numbers of the records in ascending order of their keys, none of which is there twice. */
export function sortedOrder(records: Uint32Array, count: number): Uint32Array {
  const buckets = Math.max(1, Math.ceil(count / BUCKET_RECORDS));
  const scale = buckets / HASH_RANGE;
  // ends[b + 1] counts bucket b, then becomes its end.
  const ends = new Uint32Array(buckets + 1);
  for (let number = 0; number < count; number += 1)
    ends[Math.floor(records[number * KEY_RECORD_WORDS]! * scale) + 1]! += 1;
  for (let bucket = 1; bucket <= buckets; bucket += 1) ends[bucket]! += ends[bucket - 1]!;
  const order = new Uint32Array(count);
  for (let number = 0; number < count; number += 1) {
    const bucket = Math.floor(records[number * KEY_RECORD_WORDS]! * scale);
    order[ends[bucket]!++] = number;
  }
  // Filling has moved each entry to the end of its bucket.
  for (let bucket = 0, start = 0; bucket < buckets; bucket += 1) {
    const end = ends[bucket]!;
    if (end - start > LARGE_BUCKET) sortLarge(records, order.subarray(start, end));
    else sortSmall(records, order, start, end);
    start = end;
  }
  return order;
}

function sortSmall(records: Uint32Array, order: Uint32Array, start: number, end: number): void {
  for (let at = start + 1; at < end; at += 1) {
    const number = order[at]!;
    let to = at;
    while (to > start && isBefore(records, number, order[to - 1]!)) {
      order[to] = order[to - 1]!;
      to -= 1;
    }
    order[to] = number;
  }
}

function sortLarge(records: Uint32Array, order: Uint32Array): void {
  order.sort((a, b) => compareKeys(records, a * KEY_RECORD_WORDS, records, b * KEY_RECORD_WORDS));
}

function isBefore(records: Uint32Array, a: number, b: number): boolean {
  const left = records[a * KEY_RECORD_WORDS]!;
  const right = records[b * KEY_RECORD_WORDS]!;
  if (left !== right) return left < right;
  return compareKeys(records, a * KEY_RECORD_WORDS, records, b * KEY_RECORD_WORDS) < 0;
}
