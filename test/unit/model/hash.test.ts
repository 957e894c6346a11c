import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HalfSipHash, KeyHasher } from "../../../src/model/hash.ts";

/**
 * The 64 published vectors of HalfSipHash-2-4 with 64 bits of output (vectors_hsip64 of the reference
 * implementation): key 00 01 … 07, message i is the bytes 00 01 … i − 1.
 */
const VECTORS = `
  218d1f59b9b83cc8 be552412f8387315 064f39ef7c50eb57 ce0f1a45f7060679
  d5e78a175be52ea1 cb9d7c3f2f3db580 ce3e91358aa2bc25 ff202728b07bc684
  edfee820bce4858c 5b51cccc13888307 95b0469f06a6f2ee ae26333994ddcd48
  7bc71f9faef5c799 5a2352d75a0c3744 3bb1a870eae8e658 217d0bcb4e81c902
  7336aad25f7bf3b5 37adc0641c4c4f6a c9b2db2b9a3e42f9 f910e48020ab363c
  1bf52b0a6feea7db 00741dc269e8b3ef e20103fa1ba776ef 4c2210e54b681d73
  70741045ae3fa6f1 0c86403739714038 0d899ed8112923f0 226bf5fab81ee1b8
  2d925ffb1e0016b5 361958d52cee10f1 291aaf864898179d 863c7f155c34117c
  28709d46d811626c 248477681d28f89c 8324e4d7528f9830 f9efd4e13aea6bd8
  86d67a40ec4276dc 3f6292eccca97e35 cbd92ee724d42109 368df6808d403d79
  5b38c81c67c8ae4c 95ab7189d439acb3 a91a52c025327024 5b0087c69528acea
  1e30f3ad27dcb15a 697f5c9a90324ed4 495c0f995557dc38 9427202a3c29f94d
  a9eaa8c04ba93e3e eea4c1737d011218 912d568fd8f65a49 56919596b0ff5c97
  02445a7998f550e1 86ec466ce71d1fb2 359569e7d289e3bc 871b05ca62bb7c96
  a1a492f942f15f1d 12ec267ff6095b6e 5d1b5ea1b231d89d d8cfb4453f92ee54
  d6762890bf26e460 313563a4b7ed5cf3 f90b3ab572d46693 2ea63c71bf326087
`
  .trim()
  .split(/\s+/);

const bytes = Uint8Array.from({ length: 64 }, (_, i) => i);

function hex(words: Uint32Array): string {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString("hex");
}

describe("HalfSipHash", () => {
  const instance = () => new HalfSipHash(0x03020100, 0x07060504, { compression: 2, finalization: 4 });

  test("gives the published values", () => {
    expect(VECTORS).toHaveLength(64);
    VECTORS.forEach((expected, length) => {
      const out = new Uint32Array(2);
      instance().digest(bytes, 0, length, out, 0);
      expect(hex(out)).toBe(expected);
    });
  });

  test("gives the published values wherever a message is cut into prefix and rest", () => {
    VECTORS.forEach((expected, length) => {
      for (let cut = 0; cut <= length; cut++) {
        const hash = instance();
        hash.append(bytes, 0, cut);
        const out = new Uint32Array(2);
        hash.digest(bytes, cut, length, out, 0);
        expect(hex(out)).toBe(expected);
      }
    });
  });

  test("forgets a prefix on reset", () => {
    const hash = instance();
    hash.append(bytes, 0, 7);
    hash.reset();
    const out = new Uint32Array(2);
    hash.digest(bytes, 0, 5, out, 0);
    expect(hex(out)).toBe(VECTORS[5]);
  });
});

describe("KeyHasher", () => {
  const encoder = new TextEncoder();

  function keyOf(hexKey: string, source: string, id: string): string {
    const out = new Uint32Array(4);
    new KeyHasher(hexKey).hashIdentity(encoder.encode(source), encoder.encode(id), out, 0);
    return hex(out);
  }

  const KEY = "000102030405060708090a0b0c0d0e0f";

  test("hashes (source, id) as the bytes source, 0, id", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (source, id) => {
        const identity = encoder.encode(`xx${source}\0${id}yyy`);
        const out = new Uint32Array(6);
        new KeyHasher(KEY).hash(identity, 2, identity.length - 3, out, 1);
        expect(hex(out.slice(1, 5))).toBe(keyOf(KEY, source, id));
        expect([out[0], out[5]]).toEqual([0, 0]);
      }),
    );
  });

  test("stays the same from version to version: keys are stored", () => {
    expect(keyOf(KEY, "gateway", "a-1")).toBe("85b40f1f385408c13620a506b0675e01");
  });

  test("differs by source, by id, by where one ends, and by key", () => {
    const keys = [
      keyOf(KEY, "gateway", "a-1"),
      keyOf(KEY, "gateway", "a-2"),
      keyOf(KEY, "gateway2", "a-1"),
      keyOf(KEY, "gatewaya", "-1"),
      keyOf("100102030405060708090a0b0c0d0e0f", "gateway", "a-1"),
      keyOf("000102030405060708090a0b0c0d0e1f", "gateway", "a-1"),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("its halves differ under a key of equal halves", () => {
    const key = keyOf("00".repeat(16), "gateway", "a-1");
    expect(key.slice(0, 16)).not.toBe(key.slice(16));
  });

  test("has no collision in either half among 200,000 ids, as the halves are 64 bits", () => {
    const hasher = new KeyHasher(KEY);
    hasher.setSource(encoder.encode("s"), 0, 1);
    const halves: [Set<string>, Set<string>] = [new Set(), new Set()];
    const out = new Uint32Array(4);
    for (let i = 0; i < 200_000; i++) {
      const id = encoder.encode(String(i));
      hasher.hashId(id, 0, id.length, out, 0);
      halves[0].add(`${out[0]} ${out[1]}`);
      halves[1].add(`${out[2]} ${out[3]}`);
    }
    expect([halves[0].size, halves[1].size]).toEqual([200_000, 200_000]);
  });

  test("refuses a key that is not 32 hexadecimal digits", () => {
    for (const key of ["", "00", "0".repeat(31), "0".repeat(33), "g".repeat(32)])
      expect(() => new KeyHasher(key)).toThrow(RangeError);
  });
});
