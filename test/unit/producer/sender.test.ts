import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { TributaryError } from "../../../src/model/errors.ts";
import type { UsagePublisher } from "../../../src/model/log.ts";
import type { CommittedMessage } from "../../../src/producer/commit.ts";
import { Sender } from "../../../src/producer/sender.ts";
import { waitUntil } from "../../support/wait-until.ts";

function committed(partition: number, sequence: number, isBarrier: boolean): CommittedMessage {
  return { partition, sequence, contentType: "t", data: Uint8Array.of(partition, sequence), isBarrier };
}

/** Publications that the test lets end in any order, stored or not. */
class HeldPublisher implements UsagePublisher {
  readonly open: { readonly id: string; readonly end: (isStored: boolean) => void }[] = [];
  readonly stored: string[] = [];
  readonly published: string[] = [];
  most = 0;

  publish(subject: string, contentType: string, body: Uint8Array, messageId: string): Promise<void> {
    this.published.push([subject, contentType, messageId].join(" "));
    return new Promise((resolve, reject) => {
      const publication = {
        id: body.join("/"),
        end: (isStored: boolean) => {
          this.open.splice(this.open.indexOf(publication), 1);
          if (isStored) {
            this.stored.push(publication.id);
            resolve();
          } else reject(new TributaryError("publish-failed", "lost"));
        },
      };
      this.open.push(publication);
      this.most = Math.max(this.most, this.open.length);
    });
  }
}

function senderOf(
  publisher: UsagePublisher,
  window: number,
  onRetry: (fault: Error) => void = () => undefined,
): Sender {
  return new Sender({ publisher, producer: "p/1", epoch: 3, region: "eu", window, onRetry });
}

/** Lets what the last ending began come to its next publication. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe("a sender", () => {
  test("stores all, few at a time, in any order but about barriers", async () => {
    const lanes = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.boolean()), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(
        lanes,
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(99)),
        async (script, window, dice) => {
          const publisher = new HeldPublisher();
          const sender = senderOf(publisher, window);
          const next = [1, 1, 1];
          const messages = script.map(([partition, isBarrier]) =>
            committed(partition, next[partition]!++, isBarrier),
          );
          let isDone = false;
          const done = sender.send(messages).then(() => (isDone = true));
          while (publisher.open.length > 0) {
            publisher.open[dice.next().value % publisher.open.length]!.end(true);
            await settled();
          }
          await done;
          expect(isDone).toBe(true);
          expect(publisher.most).toBeLessThanOrEqual(window);
          expect(publisher.stored.toSorted()).toEqual(messages.map(({ data }) => data.join("/")).toSorted());
          for (const { partition, sequence, isBarrier } of messages) {
            const lane = publisher.stored
              .filter((id) => id.startsWith(`${partition}/`))
              .map((id) => Number(id.slice(2)));
            // Whatever its place, all before a barrier and none behind it are stored before it.
            const before = isBarrier ? lane.slice(0, lane.indexOf(sequence)) : [];
            expect(before.toSorted((a, b) => a - b)).toEqual(
              isBarrier ? Array.from({ length: sequence - 1 }, (_, at) => at + 1) : [],
            );
          }
          await sender.close();
        },
      ),
      { numRuns: 50 },
    );
  });

  test("tries again until a message is stored, with the same bytes under the same id", async () => {
    const publisher = new HeldPublisher();
    const retries: Error[] = [];
    const sender = senderOf(publisher, 4, (fault) => retries.push(fault));
    const done = sender.send([committed(1, 1, false)]);
    for (const isStored of [false, false, true]) {
      await waitUntil("a publication is under way", () => publisher.open.length === 1);
      publisher.open[0]!.end(isStored);
    }
    await done;
    expect(retries).toHaveLength(2);
    expect(publisher.stored).toEqual(["1/1"]);
    expect(publisher.published).toEqual(Array.from({ length: 3 }, () => "usage.1.eu t p%2F1/3/1/1"));
  });

  test("closed, it begins nothing more and waits for what is under way", async () => {
    const publisher = new HeldPublisher();
    const sender = senderOf(publisher, 1);
    void sender.send([committed(0, 1, false), committed(0, 2, false)]);
    let isClosed = false;
    const closed = sender.close().then(() => (isClosed = true));
    await settled();
    expect([isClosed, publisher.open.length]).toEqual([false, 1]);
    publisher.open[0]!.end(false);
    await closed;
    expect([publisher.open, publisher.stored]).toEqual([[], []]);
  });

  test("has nothing to wait for where there is nothing to send", async () => {
    const publisher = new HeldPublisher();
    await senderOf(publisher, 1).send([]);
    expect(publisher.published).toEqual([]);
  });
});
