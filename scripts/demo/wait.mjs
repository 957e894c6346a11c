// @ts-check
import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 100;

/** Ends the demo with one clear message; everything else that is thrown is a fault of the demo itself. */
export class DemoFault extends Error {}

/**
 * Asks until the answer is there.
 * @template Answer
 * @param {string} what is waited for, for the message when the deadline passes
 * @param {() => Promise<Answer | undefined> | Answer | undefined} ask undefined: not yet
 * @param {{ deadlineMs: number, signal: AbortSignal }} options
 * @returns {Promise<Answer>}
 * @throws {DemoFault} when the deadline passes, and the signal's reason when it is given
 */
export async function waitFor(what, ask, { deadlineMs, signal }) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new DemoFault(`Not within ${deadlineMs / 1000} s: ${what}.`);
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}
