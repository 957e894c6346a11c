import { expect, test } from "vitest";
import { HotKeys } from "../../../../src/operators/deduplicate/hot-keys.ts";
import { MessagePlace } from "../../../../src/operators/deduplicate/key-records.ts";
import { RecordChunks } from "../../../../src/operators/deduplicate/record-chunks.ts";
import { scrambledKey } from "./key-model.ts";

const CHECKSUMS = new Uint32Array(2);

function insert(keys: HotKeys, number: number): void {
  const key = new Uint32Array(4);
  scrambledKey(number, key, 0);
  expect(keys.find(key, 0)).toBe(-1);
  keys.insertMissing(key, CHECKSUMS, 0, new MessagePlace(), 0);
}

test("keys that were restored take the room that they have when they have grown, with one more too", () => {
  const grown = new HotKeys(new RecordChunks());
  const sizes = [];
  for (let count = 0; count < 12_000; count++) {
    if (count % 1_153 === 0 && count > 0) {
      const restored = new HotKeys(new RecordChunks());
      for (const bytes of grown.records.bytesSince(0)) restored.load(bytes);
      restored.buildIndex();
      const { bytes } = restored;
      insert(restored, count);
      sizes.push({ count, bytes, withOneMore: restored.bytes, grown: grown.bytes });
    }
    insert(grown, count);
  }
  expect(sizes).toHaveLength(10);
  expect(sizes).toEqual(sizes.map((each) => ({ ...each, bytes: each.grown, withOneMore: each.grown })));
});
