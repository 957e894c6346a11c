import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { encodeNumberedBatch, type NumberedRow } from "../../../src/ingest/wire/columnar-encoder.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { encodeManifest } from "../../../src/ingest/wire/manifest-body.ts";
import { COLUMNAR_TYPE, MANIFEST_TYPE } from "../../../src/model/content-types.ts";
import type { BatchIdentity, ProducerManifest } from "../../../src/model/numbered-batch.ts";
import { decode, KEY, message } from "./messages.ts";

/** Vectors for producers in other languages, of numbered batches and manifests. */
interface Vectors {
  readonly batches: readonly {
    readonly name: string;
    readonly subject: string;
    readonly identity: BatchIdentity;
    /** What the encoder here takes to give these bytes. */
    readonly input: readonly NumberedRow[];
    readonly hex: string;
    /** First 64 bits of the SHA-256 of the body: what a repetition is compared by. */
    readonly content: string;
    /** The rows as CloudEvents, as they leave the partition. */
    readonly events: readonly string[];
  }[];
  readonly manifests: readonly {
    readonly name: string;
    readonly identity: BatchIdentity;
    readonly manifest: Partial<ProducerManifest>;
    readonly body: string;
    readonly content: string;
  }[];
}

const file = new URL("numbered-vectors.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, "utf8"));
const guide = readFileSync(new URL("../../../docs/wire.md", import.meta.url), "utf8");

function contentOf(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}

describe.each(vectors.batches)("batch: $name", ({ subject, identity, input, hex, content, events }) => {
  const data = Buffer.from(hex, "hex");
  const stored = message(COLUMNAR_TYPE, data, { subject });

  test("decodes to its number and events", () => {
    const { batch, undecodable } = decode(stored);
    expect([batch.count, undecodable]).toEqual([events.length, []]);
    expect(batch.numbered).toMatchObject([identity]);
    expect(contentOf(data)).toBe(content);
    events.forEach((event, row) => {
      expect(new WireDecoder(KEY).eventText(stored, row)).toBe(event);
    });
  });

  test("is what the encoder writes", () => {
    expect(Buffer.from(encodeNumberedBatch(identity, input)).toString("hex")).toBe(hex);
  });
});

describe.each(vectors.manifests)("manifest: $name", ({ identity, manifest, body, content }) => {
  test("is read as it says, and what the encoder writes", () => {
    const whole: ProducerManifest = { completeUpToMs: undefined, counts: [], isLast: false, ...manifest };
    const { batch } = decode(message(MANIFEST_TYPE, body));
    expect(batch.numbered).toMatchObject([{ ...identity, manifest: whole }]);
    expect(contentOf(Buffer.from(body))).toBe(content);
    expect(Buffer.from(encodeManifest(identity, whole)).toString()).toBe(body);
  });
});

test("the guide shows the first batch byte for byte, and a manifest", () => {
  const example = /<!-- numbered vector -->\s*```text\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
  const shown = example
    .split("\n")
    .map((line) => /^((?:[0-9a-f]{2} )*[0-9a-f]{2})(?: {2}|$)/.exec(line)?.[1] ?? "")
    .join("")
    .replaceAll(" ", "");
  expect(shown).toBe(vectors.batches[0]?.hex);
  const manifest = /<!-- manifest vector -->\s*```json\n([\s\S]*?)```/.exec(guide)?.[1] ?? "{}";
  expect(JSON.parse(manifest)).toEqual(JSON.parse(vectors.manifests[1]?.body ?? ""));
});
