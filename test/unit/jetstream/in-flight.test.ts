import type { PubAck } from "nats";
import { expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { openPublicationLog } from "../../../src/ingest/jetstream/publication-log.ts";
import { openUsagePublisher } from "../../../src/ingest/jetstream/usage-publisher.ts";

/**
 * A cluster's answers to a message that is sent again while it is in flight, as servers before 2.11 give them: they can't be had at will of a real one,
 * which `test/long/in-flight.test.ts` asks until it gives them.
 */
function brokerThatAnswers(answers: PubAck[]): BrokerConnection {
  const connection: BrokerConnection = Object.assign(Object.create(null), {
    jetstream: {
      publish: () => {
        const answer = answers.shift();
        return answer === undefined ? Promise.reject(new Error("no more answers")) : Promise.resolve(answer);
      },
    },
  });
  return connection;
}

const inFlight = (): PubAck => ({ stream: "RATED", seq: 0, duplicate: true, domain: "" });
const stored = (seq: number): PubAck => ({ stream: "RATED", seq, duplicate: true, domain: "" });

test("a publication that is in flight is asked about until it has its sequence", async () => {
  const answers = [inFlight(), inFlight(), stored(57)];
  const log = openPublicationLog(brokerThatAnswers(answers), "RATED");
  const sequence = await log.publish("rated.1", Buffer.from("[]"), {
    contentType: "application/json",
    messageId: "m",
    firstOrdinal: 1,
    lastOrdinal: 1,
    expectedSequence: 12,
  });
  expect([sequence, answers.length]).toEqual([57, 0]);
});

test("usage that is in flight counts as stored when it is, and not before", async () => {
  const answers = [inFlight(), stored(8)];
  await openUsagePublisher(brokerThatAnswers(answers)).publish("usage.0.eu", "", Buffer.from("{}"), "m");
  expect(answers).toEqual([]);
  const impatient = openUsagePublisher(brokerThatAnswers([inFlight(), stored(8)]), { publishDeadlineMs: 1 });
  await expect(impatient.publish("usage.0.eu", "", Buffer.from("{}"), "m")).rejects.toMatchObject({
    code: "publish-failed",
    message: expect.stringContaining("in flight"),
  });
});
