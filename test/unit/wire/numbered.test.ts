import { createHash } from "node:crypto";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { encodeColumnarBatch, encodeNumberedBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { encodeManifest } from "../../../src/ingest/wire/manifest-body.ts";
import { COLUMNAR, decode, KEY, message, rowOf, verdictOf } from "./messages.ts";

const MANIFEST = "application/vnd.tributary.manifest+json";
const TIME_MS = Date.UTC(2026, 10, 19, 12);
const HOUR_MS = 3_600_000;
const packr = new Packr({ useRecords: false, variableMapSize: true });
const IDENTITY = { producer: "meter-7", epoch: 1_795_000_000_000, sequence: 42 };

function rows(count: number) {
  return Array.from({ length: count }, (_, row) => ({
    source: row < 2 ? "gateway" : "proxy",
    type: "api.request",
    account: `a-${row}`,
    timeMs: TIME_MS + row * (HOUR_MS / 2),
    data: { gb: row + 0.5, cached: true, zone: "x" },
  }));
}

/** The body of a numbered batch as a map, with what `more` changes (undefined: taken away). */
function changed(more: Record<string, unknown>): Uint8Array {
  const whole: Record<string, unknown> = packr.unpack(encodeNumberedBatch(IDENTITY, rows(3)));
  return packr.pack(
    Object.fromEntries(Object.entries({ ...whole, ...more }).filter(([, value]) => value !== undefined)),
  );
}

describe("a numbered batch", () => {
  test("gives the rows of the same batch without a number, without hashes", () => {
    const plain = decode(
      message(COLUMNAR, encodeColumnarBatch(rows(4).map((row, at) => ({ ...row, id: `e-${at}` })))),
    ).batch;
    const sent = message(COLUMNAR, encodeNumberedBatch(IDENTITY, rows(4)));
    const { batch } = decode(sent);
    expect(batch.count).toBe(4);
    for (let row = 0; row < 4; row++)
      expect(rowOf(batch, row)).toEqual({ ...rowOf(plain, row), key: [0, 0, 0, 0], checksum: [0, 0] });
    const digest = createHash("sha256").update(sent.data).digest();
    expect(batch.numbered).toEqual([
      {
        ...IDENTITY,
        message: sent,
        region: "eu-west",
        contentLow: digest.readUInt32LE(0),
        contentHigh: digest.readUInt32LE(4),
        firstRow: 0,
        endRow: 4,
        manifest: undefined,
        sourceHours: expect.any(Function),
      },
    ]);
    expect(batch.numbered[0]?.sourceHours()).toEqual([
      { source: "gateway", hourMs: TIME_MS, events: 2 },
      { source: "proxy", hourMs: TIME_MS + HOUR_MS, events: 2 },
    ]);
  });

  test("stands among others with its rows", () => {
    const plain = message(COLUMNAR, encodeColumnarBatch([{ ...rows(1)[0]!, id: "e" }]));
    const { batch } = decode(
      plain,
      message(COLUMNAR, encodeNumberedBatch(IDENTITY, rows(3)), { sequence: 2 }),
      message(COLUMNAR, encodeNumberedBatch({ ...IDENTITY, sequence: 43 }, []), { sequence: 3 }),
      plain,
    );
    expect(batch.count).toBe(5);
    expect(batch.numbered.map(({ sequence, firstRow, endRow }) => [sequence, firstRow, endRow])).toEqual([
      [42, 1, 4],
      [43, 4, 4],
    ]);
  });

  test("tells its hours after others were decoded in the same memory", () => {
    const others = message(
      COLUMNAR,
      encodeColumnarBatch(rows(4).map((row, at) => ({ ...row, id: `e-${at}`, source: `s-${at}` }))),
    );
    const sent = message(COLUMNAR, encodeNumberedBatch(IDENTITY, rows(4)), { sequence: 3 });
    const { batch } = decode(others, others, sent, others, others);
    expect(batch.numbered[0]?.sourceHours()).toEqual([
      { source: "gateway", hourMs: TIME_MS, events: 2 },
      { source: "proxy", hourMs: TIME_MS + HOUR_MS, events: 2 },
    ]);
  });

  test("identifies events by their place where they leave it, and keeps ids of their own", () => {
    const text = (body: Uint8Array): unknown =>
      JSON.parse(new WireDecoder(KEY).eventText(message(COLUMNAR, body), 1));
    expect(text(encodeNumberedBatch(IDENTITY, rows(2)))).toEqual({
      id: "3/meter-7/1795000000000/42/1",
      source: "gateway",
      specversion: "1.0",
      type: "api.request",
      subject: "a-1",
      time: "2026-11-19T12:30:00.000Z",
      data: { gb: 1.5, cached: true, zone: "x" },
    });
    const withIds = rows(2).map((row, at) => ({ ...row, id: `e-${at}` }));
    expect(text(encodeNumberedBatch(IDENTITY, withIds))).toMatchObject({
      id: "3/meter-7/1795000000000/42/1",
      eventid: "e-1",
    });
    expect(() => encodeNumberedBatch(IDENTITY, [withIds[0]!, rows(1)[0]!])).toThrow(RangeError);
  });

  test.each<[string, Record<string, unknown>]>([
    ["no producer", { producer: undefined }],
    ["no epoch", { epoch: undefined }],
    ["no sequence", { sequence: undefined }],
    ["an empty producer", { producer: "" }],
    ["a producer with a zero", { producer: "a\u0000b" }],
    ["a producer that is too long", { producer: "é".repeat(65) }],
    ["a producer that is no text", { producer: 7 }],
    ["epoch 0", { epoch: 0 }],
    ["an epoch that is no integer", { epoch: 1.5 }],
    ["an epoch beyond 2^53", { epoch: 2 ** 53 }],
    ["sequence 0", { sequence: 0 }],
    ["a negative sequence", { sequence: -1 }],
    ["a sequence that is no number", { sequence: "1" }],
    ["places of ids without ids", { idWidth: 1 }],
    ["ends of ids without ids", { idEnds: new Uint8Array(12) }],
    ["ids without places", { ids: new Uint8Array(3) }],
  ])("with %s is malformed", (_, more) => {
    expect(decode(message(COLUMNAR, changed(more))).undecodable.map(({ reason }) => reason)).toEqual([
      "batch-malformed",
    ]);
  });

  test("takes the longest name, and one with what is else a byte order mark", () => {
    for (const producer of ["é".repeat(64), "\uFEFFx"])
      expect(decode(message(COLUMNAR, changed({ producer }))).batch.numbered[0]?.producer).toBe(producer);
  });

  test("needs ids where it has no number", () => {
    const body = changed({ producer: undefined, epoch: undefined, sequence: undefined });
    expect(decode(message(COLUMNAR, body)).undecodable).toHaveLength(1);
  });

  test("rejects rows without an id where it has ids, and without a usable source", () => {
    const ids = {
      ids: new TextEncoder().encode("ab"),
      idEnds: new Uint8Array([1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]),
    };
    const verdicts = (more: Record<string, unknown>): string[] => {
      const { batch } = decode(message(COLUMNAR, changed(more)));
      return [0, 1, 2].map((row) => verdictOf(batch, row));
    };
    expect(verdicts(ids)).toEqual(["pending", "rejected id-missing", "pending"]);
    expect(verdicts({ sources: ["", "s"] })).toEqual([
      "rejected source-missing",
      "rejected source-missing",
      "pending",
    ]);
    expect(verdicts({ sources: ["s", "a\u0000"] })[2]).toBe("rejected source-missing");
    expect(verdicts({ sources: ["s".repeat(1_024), "s"] })[0]).toBe("rejected id-too-long");
  });
});

describe("a manifest", () => {
  const manifest = {
    completeUpToMs: TIME_MS,
    counts: [{ source: "gateway", hourMs: TIME_MS, events: 3 }],
    isLast: true,
  };

  test("is read as it was written", () => {
    for (const each of [manifest, { completeUpToMs: undefined, counts: [], isLast: false }]) {
      const { batch, undecodable } = decode(message(MANIFEST, encodeManifest(IDENTITY, each)));
      expect([batch.count, undecodable]).toEqual([0, []]);
      expect(batch.numbered).toMatchObject([{ ...IDENTITY, manifest: each, firstRow: 0, endRow: 0 }]);
    }
  });

  const whole = JSON.parse(new TextDecoder().decode(encodeManifest(IDENTITY, manifest)));
  test.each([
    ["another version", { ...whole, v: 2 }],
    ["a member that nobody knows", { ...whole, more: 1 }],
    ["no producer", { ...whole, producer: undefined }],
    ["half a surrogate pair", { ...whole, producer: "\ud800" }],
    ["no sequence", { ...whole, sequence: undefined }],
    ["a time that is none", { ...whole, completeUpTo: "yesterday" }],
    [
      "an hour that is not full",
      { ...whole, counts: [{ ...whole.counts[0], hour: "2026-11-19T12:30:00Z" }] },
    ],
    ["a count of 0", { ...whole, counts: [{ ...whole.counts[0], events: 0 }] }],
    ["a count that is no integer", { ...whole, counts: [{ ...whole.counts[0], events: 1.5 }] }],
    ["an empty source", { ...whole, counts: [{ ...whole.counts[0], source: "" }] }],
    ["no object", []],
  ])("with %s is invalid", (_, value) => {
    const { undecodable } = decode(message(MANIFEST, JSON.stringify(value)));
    expect(undecodable.map(({ reason }) => reason)).toEqual(["manifest-invalid"]);
  });

  test("of bytes that are no JSON is invalid", () => {
    expect(decode(message(MANIFEST, "{")).undecodable[0]?.reason).toBe("manifest-invalid");
    expect(decode(message(MANIFEST, Uint8Array.of(0xff))).undecodable[0]?.reason).toBe("manifest-invalid");
    const elsewhere = message(MANIFEST, encodeManifest(IDENTITY, manifest), { subject: "usage.x.eu" });
    expect(decode(elsewhere).undecodable[0]?.reason).toBe("subject-invalid");
  });
});
