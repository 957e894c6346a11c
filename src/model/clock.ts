/** Time and timers as a port: the core never reads the machine's clock itself, so that it runs in a simulation. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  nowMs(): number;
  /** A clock that never goes back, in milliseconds, for measuring durations. */
  monotonicMs(): number;
  /** Calls `task` once after `delayMs`; the returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
  /** Resolves in a later turn of the event loop, after pending I/O had its chance. */
  yieldTurn(): Promise<void>;
}

/**
 * Who waits for a turn of the event loop. Immediates all run in one turn, and so many partitions' slices one after the
 * other would block it together: each gets a turn of its own, and pending I/O its chance between two.
 */
const waitingForTurn: (() => void)[] = [];

function giveTurn(): void {
  waitingForTurn.shift()?.();
  if (waitingForTurn.length > 0) setImmediate(giveTurn);
}

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
  yieldTurn: () =>
    new Promise((resolve) => {
      waitingForTurn.push(resolve);
      if (waitingForTurn.length === 1) setImmediate(giveTurn);
    }),
};
