import { describe, expect, test } from "vitest";
import { encodeNumberedBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import { checkEvent, type UsageEvent } from "../../../src/producer/events.ts";
import { COLUMNAR, decode, message, verdictOf } from "../wire/messages.ts";

const EVENT: UsageEvent = {
  source: "gateway",
  type: "t",
  account: "a",
  timeMs: Date.UTC(2026, 0, 1),
  data: { gb: 1.5, cached: true, zone: "x", big: 12n, exact: { decimal: "1.10" } },
};

describe("an event", () => {
  test.each<[string, Partial<UsageEvent>]>([
    ["as it stands", {}],
    ["with the longest names", { id: "i".repeat(512), source: "é".repeat(256), account: "a".repeat(256) }],
    ["of the first moment", { timeMs: -62_167_219_200_000 }],
    ["without data", { data: {} }],
  ])("%s is taken, and by a worker too", (_, more) => {
    const event = { ...EVENT, ...more };
    checkEvent(event);
    const identity = {
      producer: "p".repeat(128),
      epoch: Number.MAX_SAFE_INTEGER,
      sequence: Number.MAX_SAFE_INTEGER,
    };
    const { batch } = decode(message(COLUMNAR, encodeNumberedBatch(identity, [event])));
    expect(verdictOf(batch, 0)).toBe("pending");
  });

  test.each<[string, Record<string, unknown>]>([
    ["an empty id", { id: "" }],
    ["an id that is too long", { id: "é".repeat(257) }],
    ["no source", { source: undefined }],
    ["a source with a zero", { source: "a\u0000" }],
    ["an empty type", { type: "" }],
    ["an account that is too long", { account: "a".repeat(257) }],
    ["half a surrogate pair in the account", { account: "\ud800" }],
    ["a time that is no integer", { timeMs: 1.5 }],
    ["a time beyond year 9999", { timeMs: 253_402_300_800_000 }],
    ["a number that is not finite", { data: { x: Number.NaN } }],
    ["a number with too many digits", { data: { x: { decimal: "1".repeat(35) } } }],
    ["a decimal that is none", { data: { x: { decimal: "one" } } }],
    ["a value that can't be sent", { data: { x: null } }],
    ["a text that is no text", { data: { x: "\udc00" } }],
    ["a name that is too long", { data: { ["n".repeat(257)]: 1 } }],
    ["too many properties", { data: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, 1])) }],
    ["too many bytes", { data: { x: "x".repeat(65_536) } }],
  ])("with %s is refused", (_, more) => {
    const event: UsageEvent = Object.assign({ ...EVENT }, more);
    expect(() => {
      checkEvent(event);
    }).toThrow(expect.objectContaining({ code: "usage-invalid" }));
  });
});
