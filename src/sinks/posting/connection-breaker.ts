import {
  circuitBreaker,
  CircuitState,
  handleWhen,
  type CircuitBreakerPolicy,
  type IBreaker,
} from "cockatiel";
import type { Clock } from "../../model/clock.ts";
import type { ErpFaultKind } from "../../model/posting.ts";
import { ErpFault } from "../erp/erp-sink.ts";

/** Requests in a row without a proper answer after which the ERP counts as down. */
const FAILURES_UNTIL_OPEN = 5;
/** Refused credentials in a row: fewer, since ERPs lock accounts, and more than one, since some refuse when they have too much to do. */
const REFUSALS_UNTIL_OPEN = 3;
/** How long it is left alone at first, and at most; doubling while the single probes fail. */
const FIRST_OPEN_MS = 5_000;
const LONGEST_OPEN_MS = 60_000;
const DOUBLINGS_MAX = 6;

const COUNTED: ReadonlySet<ErpFaultKind> = new Set(["transient", "unknown", "authentication"]);

export type BreakerState = "closed" | "open" | "half-open";

/** A right to one request: one that comes while the breaker is not closed is its probe. */
export interface BreakerTicket {
  readonly isProbe: boolean;
}

/** Counts failures by kind; cockatiel asks it whether to open. */
class FailureCount implements IBreaker {
  state: unknown = undefined;
  #failures = 0;
  #refusals = 0;

  note(kind: ErpFaultKind): void {
    // Anything else is an answer: the ERP is there.
    if (!COUNTED.has(kind)) {
      this.success();
      return;
    }
    this.#failures += 1;
    this.#refusals = kind === "authentication" ? this.#refusals + 1 : 0;
  }

  success(): void {
    this.#failures = 0;
    this.#refusals = 0;
  }

  failure(): boolean {
    return this.#failures >= FAILURES_UNTIL_OPEN || this.#refusals >= REFUSALS_UNTIL_OPEN;
  }
}

/**
 * Leaves an ERP alone that is down: opens after failures in a row, lets one probe through after a while, closes when that is answered.
 * Throttles and refusals of a document are answers. While it is open documents stay as they are and lose nothing.
 */
export class ConnectionBreaker {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #count = new FailureCount();
  readonly #policy: CircuitBreakerPolicy;
  #openUntilMs = 0;
  #openings = 0;
  #isProbing = false;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#policy = circuitBreaker(
      handleWhen((fault) => fault instanceof ErpFault && COUNTED.has(fault.kind)),
      // How long it stays open is told by our clock, which tests move; cockatiel reads the machine's.
      { halfOpenAfter: 0, breaker: this.#count },
    );
    this.#policy.onBreak(() => {
      const bound = Math.min(LONGEST_OPEN_MS, FIRST_OPEN_MS * 2 ** Math.min(this.#openings, DOUBLINGS_MAX));
      this.#openings += 1;
      this.#openUntilMs = this.#clock.monotonicMs() + bound / 2 + (this.#random() * bound) / 2;
    });
    this.#policy.onReset(() => {
      this.#openings = 0;
    });
  }

  get state(): BreakerState {
    if (this.#policy.state === CircuitState.Closed) return "closed";
    return this.#isProbing ? "half-open" : "open";
  }

  /** Milliseconds until a request may be chosen; Infinity: not before the probe has ended. */
  waitMs(): number {
    if (this.#policy.state === CircuitState.Closed) return 0;
    return this.#isProbing
      ? Number.POSITIVE_INFINITY
      : Math.max(0, this.#openUntilMs - this.#clock.monotonicMs());
  }

  take(): BreakerTicket {
    const isProbe = this.#policy.state !== CircuitState.Closed;
    if (isProbe) this.#isProbing = true;
    return { isProbe };
  }

  /** Ends a ticket that no request was made with. */
  giveBack({ isProbe }: BreakerTicket): void {
    if (isProbe) this.#isProbing = false;
  }

  /** True where the request may be sent: the breaker may have opened since the ticket was taken. */
  allows({ isProbe }: BreakerTicket): boolean {
    return isProbe || this.#policy.state === CircuitState.Closed;
  }

  /** Makes the request of a ticket; rejects as it does. */
  async run<Answer>(ticket: BreakerTicket, request: () => Promise<Answer>): Promise<Answer> {
    try {
      return await this.#policy.execute(async () => {
        try {
          return await request();
        } catch (fault) {
          if (fault instanceof ErpFault) this.#count.note(fault.kind);
          throw fault;
        }
      });
    } finally {
      this.giveBack(ticket);
    }
  }
}
