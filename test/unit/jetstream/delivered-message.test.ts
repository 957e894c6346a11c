import { headers } from "nats";
import type { Msg } from "nats";
import { describe, expect, test } from "vitest";
import { AckReplies } from "../../../src/ingest/jetstream/ack-replies.ts";
import { DeliveryParser, isDelivery } from "../../../src/ingest/jetstream/delivered-message.ts";
import { RunQueue } from "../../../src/ingest/jetstream/run-queue.ts";
import { normaliseContentType, timestampMs } from "../../../src/ingest/jetstream/stored-message.ts";
import type { LogMessage } from "../../../src/model/log.ts";

/** A message as its public interface shows it, without the client's inner fields. */
function delivered(reply: string, contentType?: string): Msg {
  const message: Msg = {
    subject: "usage.0.eu",
    sid: 1,
    reply,
    data: new Uint8Array([1]),
    respond: () => false,
    json: () => {
      throw new Error("not JSON");
    },
    string: () => "",
  };
  if (contentType === undefined) return message;
  const withHeader = headers();
  withHeader.set("content-type", contentType);
  return { ...message, headers: withHeader };
}

describe("reading a delivery", () => {
  const parser = new DeliveryParser("USAGE_0", "tributary-0");

  test.each([
    ["old", "$JS.ACK.USAGE_0.tributary-0.1.4711.17.1700000000123999999.42"],
    ["new", "$JS.ACK._.hash.USAGE_0.tributary-0.1.4711.17.1700000000123999999.42.random"],
    ["with a domain", "$JS.ACK.hub.hash.USAGE_0.tributary-0.1.4711.17.1700000000123999999.42"],
  ])("the %s form of the reply subject", (_, reply) => {
    const { message, pendingCount } = parser.parse(delivered(reply));
    // 999999 ns do not round the millisecond up.
    expect(message).toMatchObject({ sequence: 4711, arrivalMs: 1_700_000_000_123 });
    expect(pendingCount).toBe(42);
    expect(timestampMs("2023-11-14T22:13:20.123999999Z")).toBe(1_700_000_000_123);
  });

  test.each(["$JS.ACK.USAGE_0.other.1.2.3.4.5", "$JS.ACK.USAGE_0.tributary-0.1.x.17.1700.42", "_INBOX.a.b"])(
    "what is not a delivery of the consumer is refused: %s",
    (reply) => {
      expect(() => parser.parse(delivered(reply))).toThrow(RangeError);
    },
  );

  test("without the client's inner fields the public ones are used", () => {
    const reply = "$JS.ACK.USAGE_0.tributary-0.1.1.1.1700000000000000000.0";
    const message = delivered(reply, "Text/JSON; q=1");
    expect(isDelivery(message)).toBe(true);
    expect(isDelivery(delivered(""))).toBe(false);
    expect(parser.parse(message).message.contentType).toBe("text/json");
  });

  test("content types are compared without case, parameters and blanks", () => {
    expect(normaliseContentType(" A/b ; c")).toBe("a/b");
    expect(normaliseContentType("")).toBe("");
  });

  test("timestamps keep what is written, to the millisecond", () => {
    expect(timestampMs("2024-02-29T23:59:59Z")).toBe(Date.UTC(2024, 1, 29, 23, 59, 59));
    expect(timestampMs("2024-02-29T23:59:59.5Z")).toBe(Date.UTC(2024, 1, 29, 23, 59, 59, 500));
    expect(timestampMs("2024-02-29T23:59:59.0019+01:00")).toBe(Date.UTC(2024, 1, 29, 22, 59, 59, 1));
    expect(() => timestampMs("yesterday")).toThrow(RangeError);
  });
});

describe("runs and acknowledgements", () => {
  const message = (sequence: number, bytes: number): LogMessage => ({
    sequence,
    subject: "usage.0.eu",
    contentType: "",
    arrivalMs: 0,
    data: new Uint8Array(bytes),
  });

  test("a run is bounded by messages and bytes, and holds at least one message", () => {
    const queue = new RunQueue({ maxMessages: 3, maxBytes: 100 });
    for (const [i, bytes] of [10, 10, 10, 10, 90, 500, 1].entries())
      queue.push(message(i + 1, bytes), new TextEncoder().encode(`r${i + 1}`));
    const runs = [];
    while (queue.length > 0) {
      const run = queue.take();
      runs.push([run.messages.map(({ sequence }) => sequence), run.lastReply]);
    }
    expect(runs).toEqual([
      [[1, 2, 3], "r3"],
      [[4, 5], "r5"],
      [[6], "r6"],
      [[7], "r7"],
    ]);
  });

  test("an acknowledgement uses the newest run at or before it", () => {
    const acks = new AckReplies();
    for (const sequence of [10, 20, 30]) acks.add(sequence, `r${sequence}`);
    expect(acks.take(9)).toBeUndefined();
    expect(acks.take(25)).toBe("r20");
    expect(acks.take(25)).toBeUndefined();
    expect(acks.take(30)).toBe("r30");
  });

  test("without acknowledgements memory stays bounded and the newest is kept", () => {
    const acks = new AckReplies();
    for (let sequence = 1; sequence <= 100_000; sequence++) acks.add(sequence, `r${sequence}`);
    expect(acks.take(100_000)).toBe("r100000");
  });
});
