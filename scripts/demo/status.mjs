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
