import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { encodeColumnarBatch, type ColumnarRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import { COLUMNAR, decode, decodeText, KEY, message, rowOf, verdictOf } from "./messages.ts";

/** Vectors for producers in other languages; docs/wire.md says how to use them. */
interface Vectors {
  /** Key of the event hash under which `rows` were computed. */
  readonly hashKey: string;
  readonly vectors: readonly Vector[];
}
interface Vector {
  readonly name: string;
  /** The columnar body. */
  readonly hex: string;
  /** What the encoder here takes to give these bytes. */
  readonly input: readonly ColumnarRow[];
  /** The rows as CloudEvents. */
  readonly events: readonly string[];
  /** Identity hash and payload checksum of each row: 32-bit words, hexadecimal. */
  readonly rows: readonly { readonly key: string; readonly checksum: string }[];
}

const file = new URL("vectors.json", import.meta.url);
const { hashKey, vectors } = readVectors();
const guide = readFileSync(new URL("../../../docs/wire.md", import.meta.url), "utf8");

function readVectors(): Vectors {
  const value: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!isVectors(value)) throw new TypeError("vectors.json holds no vectors");
  return value;
}

function isVectors(value: unknown): value is Vectors {
  return typeof value === "object" && value !== null && "hashKey" in value && "vectors" in value;
}

function hexWords(words: Uint32Array): string {
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");
}

describe.each(vectors)("vector $name", ({ hex, input, events, rows }) => {
  const columnar = message(COLUMNAR, Buffer.from(hex, "hex"));
  const { batch, undecodable } = decode(columnar);

  test("decodes to its events", () => {
    expect([undecodable, batch.count]).toEqual([[], events.length]);
    events.forEach((event, row) => {
      expect(verdictOf(batch, row)).toBe("pending");
      expect(new WireDecoder(KEY).eventText(columnar, row)).toBe(event);
      expect(rowOf(batch, row)).toEqual(rowOf(decodeText(event), 0));
    });
  });

  test("has its hashes", () => {
    expect(hashKey).toBe(KEY);
    expect(
      rows.map((_, row) => ({
        key: hexWords(batch.key.subarray(row * 4, row * 4 + 4)),
        checksum: hexWords(batch.checksum.subarray(row * 2, row * 2 + 2)),
      })),
    ).toEqual(rows);
  });

  test("is what the encoder writes", () => {
    expect(Buffer.from(encodeColumnarBatch(input)).toString("hex")).toBe(hex);
  });
});

test("the guide's worked example is the first vector, byte for byte", () => {
  const example = /<!-- vector -->\s*```text\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
  const shown = example
    .split("\n")
    .map((line) => /^((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2}|$)/.exec(line)?.[1] ?? "")
    .join("")
    .replaceAll(" ", "");
  expect(shown).toBe(vectors[0]?.hex);
  for (const event of vectors[0]?.events ?? []) expect(guide).toContain(event);
});
