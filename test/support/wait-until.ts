import { setTimeout as delay } from "node:timers/promises";

/** Far more than anything takes that tests wait for: only a fault is to end a wait, not a busy machine. */
export const DEADLINE_MS = 120_000;

/** Waits for a condition; throws with `what` when it does not hold in time. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(10);
  }
}
