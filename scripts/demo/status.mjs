// @ts-check

/** Outcomes of events in the order in which they are shown; `late` are among the accepted. */
export const OUTCOMES = /** @type {const} */ ([
  "accepted",
  "late",
  "duplicate",
  "conflicting",
  "rejected",
  "parked",
  "misrouted",
]);

/** @typedef {Record<"read" | typeof OUTCOMES[number], number>} Counts */

/**
 * @typedef {object} WorkerStatus
 * @property {Counts} counts of all partitions
 * @property {ReadonlyMap<number, number>} positions last processed sequence by partition
 * @property {number} pending results that a sink does not have yet
 * @property {string | undefined} fault of a partition that does not run
 */

/**
 * Reads the answer of `/status`.
 * @param {any} answer
 * @returns {WorkerStatus}
 */
export function readStatus(answer) {
  /** @type {{ partition: number, position: number | null, state: string, fault: { message: string } | null, sinks: { pending: number }[] }[]} */
  const partitions = answer.partitions;
  const failed = partitions.find(({ state }) => state === "failed");
  return {
    counts: answer.totals,
    positions: new Map(partitions.map(({ partition, position }) => [partition, position ?? 0])),
    pending: partitions.flatMap(({ sinks }) => sinks).reduce((sum, { pending }) => sum + pending, 0),
    fault: failed && `partition ${failed.partition}: ${failed.fault?.message ?? "failed"}`,
  };
}

/** States of a document that the ERP has. */
export const POSTED_STATES = ["confirmed", "reconciled"];
/** A line such as `tributary_documents{sink="netsuite",state="confirmed"} 12`. */
const DOCUMENTS = /^tributary_documents\{sink="([^"]+)",state="([^"]+)"\} (\d+)$/gm;

/** @typedef {{ posted: number, documents: number }} PostedCount documents that the ERP has, of those that were queued */

/**
 * Reads the answer of `/metrics`.
 * @param {string} text
 * @returns {Map<string, PostedCount>} by connection
 */
export function readPosted(text) {
  /** @type {Map<string, PostedCount>} */
  const connections = new Map();
  for (const [, connection = "", state = "", value] of text.matchAll(DOCUMENTS)) {
    const count = connections.get(connection) ?? { posted: 0, documents: 0 };
    count.documents += Number(value);
    if (POSTED_STATES.includes(state)) count.posted += Number(value);
    connections.set(connection, count);
  }
  return connections;
}
