import { beforeEach, describe, expect, test } from "vitest";
import type { UsagePublisher } from "../../../src/model/log.ts";
import type { OutboxEntry } from "../../../src/model/outputs.ts";
import type { DeliveryTarget } from "../../../src/sinks/delivery-target.ts";
import { DEAD_LETTER_BYTES_MAX } from "../../../src/sinks/cloud-events.ts";
import { deadLetterTarget, ratedTarget } from "../../../src/sinks/publication-target.ts";
import { rerouteTarget } from "../../../src/sinks/reroute-target.ts";
import { ratedEntries } from "../../support/checkpoints.ts";
import { MemoryPublicationLog } from "../../support/memory-publication-log.ts";

let log: MemoryPublicationLog;
let target: DeliveryTarget;

beforeEach(() => {
  log = new MemoryPublicationLog();
  target = ratedTarget({ partition: 3, log });
});

function ranges(): [string, number, number][] {
  return log.stored.map((message) => [message.subject, message.firstOrdinal, message.lastOrdinal]);
}

describe("rated aggregates", () => {
  test("a fence refuses the former owner, whether or not the new one has anything to publish", async () => {
    const former = ratedTarget({ partition: 3, log });
    expect(await former.fence?.("former")).toBe(0);
    await former.deliver(ratedEntries(1, 2));
    expect(await target.fence?.("new")).toBe(2);
    expect(await target.lastDelivered()).toBe(2);
    await expect(former.deliver(ratedEntries(3, 3))).rejects.toMatchObject({ code: "publication-fenced" });
    await target.deliver(ratedEntries(3, 4));
    expect(ranges()).toEqual([
      ["rated.3", 1, 0],
      ["rated.3", 1, 2],
      ["rated.3", 3, 2],
      ["rated.3", 3, 4],
    ]);
    expect(log.stored[2]?.body).toBe("[]");
  });

  test("go as one CloudEvents batch a chunk, in a chain of sequences", async () => {
    const other = ratedTarget({ partition: 4, log });
    expect(await target.lastDelivered()).toBe(0);
    await target.deliver(ratedEntries(1, 2));
    await other.deliver(ratedEntries(1, 1));
    await target.deliver(ratedEntries(3, 3));
    expect(log.stored.map(({ body: _body, ...message }) => message)).toEqual([
      {
        subject: "rated.3",
        sequence: 1,
        contentType: "application/cloudevents-batch+json",
        messageId: "rated-3-1-2",
        firstOrdinal: 1,
        lastOrdinal: 2,
        expectedSequence: 0,
      },
      expect.objectContaining({ subject: "rated.4", expectedSequence: 0 }),
      expect.objectContaining({ messageId: "rated-3-3-3", expectedSequence: 1, sequence: 3 }),
    ]);
    const [entry] = ratedEntries(2, 2);
    expect(JSON.parse(log.stored[0]?.body ?? "")).toEqual([
      expect.objectContaining({ id: "3-1" }),
      {
        specversion: "1.0",
        id: "3-2",
        source: "tributary/partition/3",
        type: "io.tributary.rated.window.v1",
        subject: "acct-2",
        time: "2026-01-01T01:00:00Z",
        datacontenttype: "application/json",
        data: JSON.parse(entry?.body ?? ""),
      },
    ]);
    // Character by character, so that no digit is read and written again.
    expect(log.stored[0]?.body).toContain(`"data":${entry?.body}}`);
    expect(await ratedTarget({ partition: 3, log }).lastDelivered()).toBe(3);
  });

  test("a publication whose acknowledgement was lost is found and not repeated", async () => {
    await target.lastDelivered();
    log.trouble = "acknowledgement-lost";
    await expect(target.deliver(ratedEntries(1, 5))).rejects.toMatchObject({ code: "publish-failed" });
    log.trouble = "none";
    log.forgetWindow();
    await target.deliver(ratedEntries(1, 5));
    expect(log.attempts).toBe(1);
    await target.deliver(ratedEntries(6, 7));
    expect(ranges()).toEqual([
      ["rated.3", 1, 5],
      ["rated.3", 6, 7],
    ]);
  });

  test("what was found of a larger chunk is left out of it", async () => {
    await target.lastDelivered();
    log.trouble = "acknowledgement-lost";
    await expect(target.deliver(ratedEntries(1, 5))).rejects.toThrow("no acknowledgement");
    log.trouble = "none";
    await target.deliver(ratedEntries(1, 9));
    expect(ranges()).toEqual([
      ["rated.3", 1, 5],
      ["rated.3", 6, 9],
    ]);
  });

  test("a try that arrives after its retry was begun is no other owner", async () => {
    await target.lastDelivered();
    log.trouble = "not-arrived";
    await expect(target.deliver(ratedEntries(1, 5))).rejects.toThrow("no acknowledgement");
    log.trouble = "none";
    // Between the look and the retry the first try arrives, and the broker has forgotten its id.
    const publish: typeof log.publish = log.publish.bind(log);
    log.publish = async (subject, body, options) => {
      await publish(subject, body, options);
      log.forgetWindow();
      log.publish = publish;
      return publish(subject, body, options);
    };
    await expect(target.deliver(ratedEntries(1, 5))).rejects.toMatchObject({ code: "publish-failed" });
    await target.deliver(ratedEntries(1, 5));
    expect(ranges()).toEqual([["rated.3", 1, 5]]);
  });

  test("another owner's publication ends it, also after a try with unknown outcome", async () => {
    const successor = ratedTarget({ partition: 3, log });
    await target.lastDelivered();
    await successor.deliver(ratedEntries(1, 4));
    await expect(target.deliver(ratedEntries(1, 2))).rejects.toMatchObject({ code: "publication-fenced" });

    const late = ratedTarget({ partition: 3, log });
    expect(await late.lastDelivered()).toBe(4);
    log.trouble = "not-arrived";
    await expect(late.deliver(ratedEntries(5, 6))).rejects.toMatchObject({ code: "publish-failed" });
    log.trouble = "none";
    await successor.deliver(ratedEntries(5, 9));
    await expect(late.deliver(ratedEntries(5, 6))).rejects.toMatchObject({ code: "publication-fenced" });
    expect(ranges()).toEqual([
      ["rated.3", 1, 4],
      ["rated.3", 5, 9],
    ]);
  });
});

describe("dead letters", () => {
  function letter(ordinal: number, event: string): OutboxEntry {
    const body = {
      stage: "enrich",
      reason: "value-missing",
      partition: 3,
      sequence: 77,
      index: 0,
      region: "eu",
      arrival: "2026-01-01T00:00:00.123Z",
      contentType: "application/cloudevents+json",
      event,
    };
    return { channel: "dead-letter", ordinal, body: JSON.stringify(body) };
  }

  test("have a type and a source of their own", async () => {
    const letters = deadLetterTarget({ partition: 3, log });
    await letters.deliver([letter(1, "{}")]);
    expect(log.stored[0]).toMatchObject({ subject: "dlq.3", messageId: "dead-letter-3-1-1" });
    expect(JSON.parse(log.stored[0]?.body ?? "")).toEqual([
      {
        specversion: "1.0",
        id: "3-1",
        source: "tributary/partition/3/dead-letter",
        type: "io.tributary.dead-letter.v1",
        time: "2026-01-01T00:00:00.123Z",
        datacontenttype: "application/json",
        data: JSON.parse(letter(1, "{}").body),
      },
    ]);
  });

  test("one that no broker would take goes without its payload", async () => {
    const large = letter(1, "x".repeat(DEAD_LETTER_BYTES_MAX));
    await deadLetterTarget({ partition: 3, log }).deliver([large]);
    const bare = letter(1, "").body.replace('"event":""', `"payloadOmittedBytes":${large.body.length}`);
    expect(log.stored[0]?.body.endsWith(`"data":${bare}}]`)).toBe(true);
  });
});

test("misrouted events go one by one, in order, to their own partition", async () => {
  const published: unknown[] = [];
  let fail = true;
  const publisher: UsagePublisher = {
    publish: (subject, contentType, body, messageId) => {
      if (published.length === 1 && fail) return Promise.reject(new Error("down"));
      published.push([subject, contentType, Buffer.from(body).toString("utf8"), messageId]);
      return Promise.resolve();
    },
  };
  const reroute = rerouteTarget({ partition: 3, publisher });
  expect(reroute.provesDelivery).toBe(false);
  const entries: OutboxEntry[] = [1, 2].map((ordinal) => ({
    channel: "reroute",
    ordinal,
    body: JSON.stringify({ partition: 10 + ordinal, region: "eu", event: `{"id":"e${ordinal}","v":1.10}` }),
  }));
  await expect(reroute.deliver(entries)).rejects.toThrow("down");
  fail = false;
  await reroute.deliver(entries);
  const type = "application/cloudevents+json";
  const first = ["usage.11.eu", type, '{"id":"e1","v":1.10}', "reroute-3-1"];
  // At least once: the first is published again with the same id.
  expect(published).toEqual([first, first, ["usage.12.eu", type, '{"id":"e2","v":1.10}', "reroute-3-2"]]);
});
