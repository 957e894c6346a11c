// @ts-check
import { randomNumbers } from "./disturbance.mjs";

const SINGLE = "application/cloudevents+json";
const BATCH = "application/cloudevents-batch+json";
/** Events that are looked at together to fill batches. It adds to the disorder, so it is small. */
const CHUNK_EVENTS = 120;
/** One event in ten goes alone, so that both forms are seen. */
const SINGLE_RATIO = 0.1;

/** @typedef {import("./disturbance.mjs").Delivery} Delivery */
/** @typedef {{ subject: string, contentType: string, body: string, events: number }} Message */

/**
 * Deliveries as messages. All events of a message must belong to one partition, so they share an account, or the
 * partition where the partition count is known.
 * @param {readonly Delivery[]} deliveries
 * @param {number} seed chooses the events that go alone
 * @param {number | undefined} partitions
 * @returns {Generator<Message>}
 */
export function* messagesOf(deliveries, seed, partitions) {
  const random = randomNumbers(seed);
  for (let start = 0; start < deliveries.length; start += CHUNK_EVENTS) {
    /** @type {Map<string, unknown[]>} */
    const batches = new Map();
    for (const { account, region, event, broken } of deliveries.slice(start, start + CHUNK_EVENTS)) {
      const subject = subjectOf(account, region, partitions);
      if (event === undefined) yield { subject, contentType: SINGLE, body: broken ?? "", events: 0 };
      else if (random() < SINGLE_RATIO) {
        yield { subject, contentType: SINGLE, body: JSON.stringify(event), events: 1 };
      } else {
        const batch = batches.get(subject);
        if (batch === undefined) batches.set(subject, [event]);
        else batch.push(event);
      }
    }
    for (const [subject, events] of batches) {
      yield { subject, contentType: BATCH, body: JSON.stringify(events), events: events.length };
    }
  }
}

/**
 * @param {string} account
 * @param {string} region
 * @param {number | undefined} partitions
 * @returns {string}
 */
function subjectOf(account, region, partitions) {
  const token = accountToken(account);
  return partitions === undefined
    ? `usage.in.${token}.${region}`
    : `usage.${partitionOf(token, partitions)}.${region}`;
}

/**
 * The account as one token of a subject: bytes other than letters, digits, `_` and `-` become %XX.
 * @param {string} account
 * @returns {string}
 */
export function accountToken(account) {
  return [...Buffer.from(account, "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (byte < 128 && /[A-Za-z0-9_-]/.test(character)) return character;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

/**
 * The partition that the server's subject mapping places a token on: FNV-1a, 32 bit, modulo the partition count.
 * @param {string} token
 * @param {number} partitionCount
 * @returns {number}
 */
export function partitionOf(token, partitionCount) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(token, "ascii")) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % partitionCount;
}
