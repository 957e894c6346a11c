import { setTimeout as delay } from "node:timers/promises";

/** Far more than anything takes that tests wait for: only a fault is to end a wait, not a busy machine. */
export const DEADLINE_MS = 120_000;
/** Looks come closely at first and then less often: what is looked at costs processor time, of a worker and a broker too. */
const FIRST_PAUSE_MS = 5;
const PAUSE_GROWTH = 1.4;
const LONGEST_PAUSE_MS = 50;

/** Waits for a condition; throws with `what` when it does not hold in time. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  let pauseMs = FIRST_PAUSE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS);
  }
}
