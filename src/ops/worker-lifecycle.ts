import { BehaviorSubject, type Observable } from "rxjs";
import type { Clock } from "../model/clock.ts";
import { messageOf, TributaryError } from "../model/errors.ts";

/**
 * Life of a worker.
 * - `starting`: reads its configuration, connects, opens its partitions.
 * - `running`: partitions are read and committed.
 * - `draining`: not ready any more; nothing new is pulled, what was delivered is finished, committed and published.
 * - `stopped`: ended in order; everything is committed.
 * - `failed`: ended by a fault; the last checkpoints stand.
 */
export const WORKER_STATES = ["starting", "running", "draining", "stopped", "failed"] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

const TRANSITIONS: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ["running", "draining", "failed"],
  running: ["draining", "failed"],
  draining: ["stopped", "failed"],
  stopped: [],
  failed: [],
};

/** Holds the worker's state; a transition that is not in the table is a fault of ours. */
export class WorkerLifecycle {
  readonly #state = new BehaviorSubject<WorkerState>("starting");
  readonly #onTransition: (from: WorkerState, to: WorkerState) => void;

  /** @param onTransition told of each transition, for the log */
  constructor(onTransition: (from: WorkerState, to: WorkerState) => void = () => undefined) {
    this.#onTransition = onTransition;
  }

  get state(): WorkerState {
    return this.#state.value;
  }

  /** The state now and each one after it. */
  get states(): Observable<WorkerState> {
    return this.#state.asObservable();
  }

  /** Throws TributaryError `internal-fault` for a transition that does not exist. */
  enter(state: WorkerState): void {
    const from = this.#state.value;
    if (!TRANSITIONS[from].includes(state)) {
      throw new TributaryError("internal-fault", `A worker that is ${from} can't become ${state}.`);
    }
    this.#state.next(state);
    this.#onTransition(from, state);
  }
}

/** Exit codes of a worker that a signal ended. */
export const SIGNAL_EXIT = {
  /** Drained in time. */
  drained: 0,
  /** Draining failed. */
  fault: 1,
  /** The deadline passed; what was committed stands, the rest is read again. */
  deadline: 3,
  /** A second signal: 128 + its number, as shells report it. */
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export type StopSignal = "SIGTERM" | "SIGINT";
const STOP_SIGNALS: readonly StopSignal[] = ["SIGTERM", "SIGINT"];

/** The part of the process that signals need. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

export interface SignalOptions {
  readonly source: SignalSource;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Drains the worker; resolves when everything is committed. */
  readonly onDrain: (signal: StopSignal) => Promise<void>;
  readonly exit: (code: number) => void;
  /** Told what happens, for the log. */
  readonly report?: (text: string) => void;
}

/**
 * The first SIGTERM or SIGINT drains and exits with 0, with 1 when draining failed, or with 3 when the deadline passed
 * first. A second one exits at once with 130 or 143: acknowledgements follow checkpoints, so that is safe at any time.
 * Returns a function that takes the handlers away.
 */
export function handleSignals(options: SignalOptions): () => void {
  const { source, clock, deadlineMs, exit, report = () => undefined } = options;
  let draining = false;
  let exited = false;
  const leave = (code: number, text: string): void => {
    if (exited) return;
    exited = true;
    report(text);
    exit(code);
  };
  const drain = async (signal: StopSignal, cancelDeadline: () => void): Promise<void> => {
    try {
      await options.onDrain(signal);
      cancelDeadline();
      leave(SIGNAL_EXIT.drained, "Drained.");
    } catch (fault) {
      cancelDeadline();
      leave(SIGNAL_EXIT.fault, `Draining failed: ${messageOf(fault)}`);
    }
  };
  const listener = (signal: StopSignal): void => {
    if (draining) {
      leave(SIGNAL_EXIT[signal], `${signal} again: ends at once.`);
      return;
    }
    draining = true;
    report(`${signal}: drains within ${deadlineMs} ms.`);
    const cancel = clock.schedule(deadlineMs, () => {
      leave(SIGNAL_EXIT.deadline, `Not drained within ${deadlineMs} ms.`);
    });
    void drain(signal, cancel);
  };
  for (const signal of STOP_SIGNALS) source.on(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) source.off(signal, listener);
  };
}
