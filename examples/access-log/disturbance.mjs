// @ts-check
/**
 * What goes wrong between a source and its consumer, on purpose and repeatably: events out of order, sent twice, sent
 * again with other contents, very late, and such that can't be read or placed. A real producer has no use for this file.
 */
import { EVENT_TYPE } from "./access-log.mjs";

/** Events keep their place up to so many positions: about an hour of the log. */
const SHUFFLE_WINDOW = 60;
const DUPLICATE_RATIO = 0.03;
/** A repetition follows within so many positions. */
const REPETITION_WINDOW = 800;
/** More than twice what the order of messages can differ by, so that the second payload always comes second. */
const CONFLICT_DELAY = 500;
const CONFLICTS = 3;
/** Events held back by so many positions, over ten hours of the log: later than the catalog's `disorder`. */
const LATE_DELAY = 1_500;
const LATE_EVENTS = 8;
/** A log shorter than this can't hold the delays above; it is sent with the repetitions only. */
const LEAST_EVENTS = 2 * LATE_DELAY;

/**
 * What is sent: an event, or (`broken`) the body of a message that no event can be read from.
 * @typedef {object} Delivery
 * @property {string} account whose subject it goes to
 * @property {string} region
 * @property {import("./access-log.mjs").UsageEvent | Record<string, unknown>} [event]
 * @property {string} [broken]
 */

/**
 * What a consumer must find, by outcome. `late` are among the accepted; `undecodable` counts messages, all others events.
 * @typedef {object} Expectation
 * @property {number} read
 * @property {number} accepted
 * @property {number} duplicate
 * @property {number} conflicting
 * @property {number} rejected
 * @property {number} parked
 * @property {number} misrouted
 * @property {number} late
 * @property {number} undecodable
 */

/** @typedef {Delivery & { event: import("./access-log.mjs").UsageEvent }} EventDelivery */

/**
 * @param {readonly EventDelivery[]} events in the order of the log
 * @param {number} seed the same seed gives the same deliveries
 * @returns {{ deliveries: Delivery[], expected: Expectation }}
 */
export function disturb(events, seed) {
  const random = randomNumbers(seed);
  const roomy = events.length >= LEAST_EVENTS;
  const late = roomy ? evenly(events.length / 2, LATE_EVENTS, random) : new Set();
  const conflicting = roomy ? evenly(events.length / 2, CONFLICTS, random) : new Set();
  /** @type {{ position: number, delivery: Delivery }[]} */
  const placed = [];
  let duplicates = 0;
  events.forEach((delivery, index) => {
    const position = index + random() * SHUFFLE_WINDOW;
    const delay = late.has(index) ? LATE_DELAY : 0;
    placed.push({ position: position + delay, delivery });
    if (random() < DUPLICATE_RATIO) {
      duplicates++;
      placed.push({ position: position + delay + random() * REPETITION_WINDOW, delivery });
    }
    if (conflicting.has(index)) {
      placed.push({ position: position + delay + CONFLICT_DELAY, delivery: withOtherBytes(delivery) });
    }
  });
  const poison = poisonOf(events);
  placed.push(...poison.placed);
  const { rejected, parked, undecodable } = poison;
  return {
    deliveries: placed.sort((a, b) => a.position - b.position).map(({ delivery }) => delivery),
    expected: {
      read: placed.length - undecodable,
      accepted: events.length,
      duplicate: duplicates,
      conflicting: conflicting.size,
      rejected,
      parked,
      misrouted: 0,
      late: late.size,
      undecodable,
    },
  };
}

/**
 * Messages and events with a fault, each with the outcome that it must have.
 * @param {readonly EventDelivery[]} events some of which lend them their account, time and position
 * @returns {{ placed: { position: number, delivery: Delivery }[], rejected: number, parked: number, undecodable: number }}
 */
function poisonOf(events) {
  /**
   * @param {number} part where in the log, from 0 to 1
   * @param {(event: import("./access-log.mjs").UsageEvent) => Partial<Delivery>} change
   */
  const at = (part, change) => {
    const position = Math.floor(events.length * part);
    const { event, account, region } = events[position] ?? noEvents();
    const delivery = { account, region, ...change({ ...event, id: `poison-${part}` }) };
    return { position, delivery };
  };
  const undecodable = [
    at(0.3, () => ({ broken: '{"specversion":"1.0","id":"poison' })),
    at(0.45, () => ({ broken: "" })),
  ];
  const rejected = [
    at(0.2, (event) => ({ event: { ...event, data: { method: "GET", status_class: "2xx" } } })),
    at(0.35, (event) => ({ event: { ...event, data: { ...event.data, bytes: "many" } } })),
    at(0.5, (event) => ({ event: { ...event, data: { ...event.data, bytes: 0.5 } } })),
    at(0.6, (event) => ({ event: { ...event, id: undefined } })),
    at(0.7, (event) => ({ event: { ...event, time: undefined } })),
  ];
  const parked = [
    at(0.25, (event) => ({ account: "nobody 1", event: { ...event, subject: "nobody 1" } })),
    at(0.4, (event) => ({ account: "nobody*2", event: { ...event, subject: "nobody*2" } })),
    at(0.8, (event) => ({ event: { ...event, type: `${EVENT_TYPE}.unheard-of` } })),
  ];
  return {
    placed: [...undecodable, ...rejected, ...parked],
    rejected: rejected.length,
    parked: parked.length,
    undecodable: undecodable.length,
  };
}

/** @returns {never} */
function noEvents() {
  throw new Error("the log is empty");
}

/**
 * @param {EventDelivery} delivery
 * @returns {Delivery} the same id with another value
 */
function withOtherBytes(delivery) {
  const { event } = delivery;
  return {
    ...delivery,
    event: { ...event, data: { ...event.data, bytes: Number(event.data["bytes"]) + 1 } },
  };
}

/**
 * @param {number} length
 * @param {number} count
 * @param {() => number} random
 * @returns {Set<number>} one index of each of `count` equal parts
 */
function evenly(length, count, random) {
  return new Set(
    Array.from({ length: count }, (_, part) => Math.floor(((part + random()) * length) / count)),
  );
}

/**
 * Mulberry32: small, and the same everywhere.
 * @param {number} seed
 * @returns {() => number} numbers from 0 up to 1, excluded
 */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
