import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "../../model/errors.ts";
import { isRefusal, isWithoutPeers } from "./broker-errors.ts";

/** A cluster that has lost nodes elects new leaders, and gets a majority back, within some seconds; one that is silent for longer is down. */
export const DEFAULT_AVAILABILITY_DEADLINE_MS = 60_000;
/** Wait between two attempts; doubled each time up to the longest. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;

export interface AvailabilityOptions {
  readonly deadlineMs?: number;
  /** Told of each attempt that is followed by another one. */
  readonly onRepeated?: (fault: unknown) => void;
}

/**
 * Does something at a start that only asks or only creates what is missing, and does it again while the broker does not answer (`broker-unreachable`):
 * a worker that is started while a cluster chooses its leaders waits for them. Rejects with the last fault at the deadline, with a refusal or any other
 * fault at once.
 */
export async function whenAvailable<Result>(
  act: () => Promise<Result>,
  { deadlineMs = DEFAULT_AVAILABILITY_DEADLINE_MS, onRepeated }: AvailabilityOptions = {},
): Promise<Result> {
  const deadline = performance.now() + deadlineMs;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return await act();
    } catch (fault) {
      if (!mayPass(fault) || performance.now() + waitMs > deadline) throw fault;
      onRepeated?.(fault);
    }
    // Jitter, so that a fleet that is started at once does not ask at once.
    await delay(waitMs * (0.5 + Math.random() / 2));
  }
}

function mayPass(fault: unknown): boolean {
  if (codeOf(fault) !== "broker-unreachable") return false;
  const cause: unknown = fault instanceof Error ? fault.cause : undefined;
  return !isRefusal(cause) || isWithoutPeers(cause);
}
