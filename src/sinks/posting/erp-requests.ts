import type { Clock } from "../../model/clock.ts";
import type { Lease } from "../../model/lease.ts";
import type { ErpFaultKind } from "../../model/posting.ts";
import { paced } from "../erp/common/request-pace.ts";
import { ErpFault, type RequestContext } from "../erp/erp-sink.ts";
import type { BreakerTicket, ConnectionBreaker } from "./connection-breaker.ts";
import type { Permit, RequestGate } from "./request-gate.ts";

/** A right to one request, by quota and breaker. */
export interface RequestSlot {
  readonly permit: Permit;
  readonly ticket: BreakerTicket;
}

/** What came of a request. */
export type RequestOutcome<Answer> =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "fault"; readonly fault: ErpFault }
  /** The lease would not have outlasted it, or the breaker has opened: nothing was sent. */
  | { readonly kind: "not-sent" };

/** How soon a lease that is too short is looked at again: its renewal is told to nobody. */
const LEASE_LOOK_MS = 250;

/** Faults by which an ERP shows that it works: it has read the request and says no. */
const ANSWERS: ReadonlySet<ErpFaultKind> = new Set([
  "duplicate",
  "mapping",
  "validation",
  "period-closed",
  "version-conflict",
  "permission",
]);

export interface ErpRequestsOptions {
  readonly gate: RequestGate;
  readonly breaker: ConnectionBreaker;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly requestDeadlineMs: number;
  /** Ends all requests. */
  readonly signal: AbortSignal;
}

/**
 * The one way to the ERP. A request starts only if the quota has room, the breaker lets it through, and the lease outlasts the request's
 * deadline: so when another runner gets the lease, no request of this one is under way any more.
 */
export class ErpRequests {
  readonly #options: ErpRequestsOptions;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #answeredMs = Number.NEGATIVE_INFINITY;

  constructor(options: ErpRequestsOptions) {
    this.#options = options;
  }

  /** No request starts for so long: those of a former runner may be under way. */
  keepQuiet(ms: number): void {
    this.#quietUntilMs = this.#options.clock.monotonicMs() + ms;
  }

  /** Whether the ERP has answered any request since a time (milliseconds since the epoch): then it is not down as a whole. */
  hasAnsweredSince(ms: number): boolean {
    return this.#answeredMs > ms;
  }

  /** Milliseconds until a request may be chosen; Infinity: not before another one has ended. */
  waitMs(): number {
    const { gate, breaker, clock } = this.#options;
    return Math.max(
      gate.waitMs(),
      breaker.waitMs(),
      this.#outlasts() ? 0 : LEASE_LOOK_MS,
      this.#quietUntilMs - clock.monotonicMs(),
    );
  }

  /** Only where `waitMs` is 0. */
  take(): RequestSlot {
    const { gate, breaker } = this.#options;
    return { permit: gate.take(), ticket: breaker.take() };
  }

  /** Ends a slot that no request was made with. */
  giveBack({ permit, ticket }: RequestSlot): void {
    permit.end();
    this.#options.breaker.giveBack(ticket);
  }

  /** @param throttledBy the throttle that an answer tells of, where it may: of one document of several */
  async send<Answer>(
    slot: RequestSlot,
    attempt: number,
    request: (context: RequestContext) => Promise<Answer>,
    throttledBy: (answer: Answer) => ErpFault | undefined = () => undefined,
  ): Promise<RequestOutcome<Answer>> {
    const { breaker, gate, signal, clock, requestDeadlineMs } = this.#options;
    const { permit, ticket } = slot;
    if (signal.aborted || !this.#outlasts() || !breaker.allows(ticket)) {
      this.giveBack(slot);
      return { kind: "not-sent" };
    }
    permit.start();
    const startedMs = clock.monotonicMs();
    try {
      const answer = await breaker.run(ticket, () =>
        paced(
          (ended) => gate.further(ended),
          () => this.#withDeadline(attempt, request),
        ),
      );
      const throttle = throttledBy(answer);
      if (throttle === undefined) permit.end();
      else permit.throttled(throttle.retryAfterMs);
      this.#answeredMs = this.#options.clock.nowMs();
      return { kind: "answered", answer };
    } catch (error) {
      const fault = asFault(error);
      const tookMs = clock.monotonicMs() - startedMs;
      if (fault.kind === "throttle") permit.throttled(fault.retryAfterMs);
      // What was given up at its deadline may still be under way in the ERP, and counts there.
      else if (fault.kind === "unknown" && tookMs >= requestDeadlineMs) permit.unanswered(requestDeadlineMs);
      else permit.end();
      if (ANSWERS.has(fault.kind)) this.#answeredMs = this.#options.clock.nowMs();
      return { kind: "fault", fault };
    }
  }

  /** The sink is held to its deadline, whatever it does. */
  async #withDeadline<Answer>(
    attempt: number,
    request: (context: RequestContext) => Promise<Answer>,
  ): Promise<Answer> {
    const { clock, requestDeadlineMs, signal } = this.#options;
    const controller = new AbortController();
    const abort = (): void => {
      controller.abort();
    };
    let cancel: (() => void) | undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      const fail = (message: string): void => {
        controller.abort();
        reject(new ErpFault("unknown", message));
      };
      cancel = clock.schedule(requestDeadlineMs, () => {
        fail(`No answer within ${requestDeadlineMs} ms.`);
      });
    });
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([attempted(request, { signal: controller.signal, attempt }), ended]);
    } finally {
      cancel?.();
      signal.removeEventListener("abort", abort);
    }
  }

  #outlasts(): boolean {
    const { lease, clock, requestDeadlineMs } = this.#options;
    return lease.validUntilMs - clock.monotonicMs() > requestDeadlineMs;
  }
}

async function attempted<Answer>(
  request: (context: RequestContext) => Promise<Answer>,
  context: RequestContext,
): Promise<Answer> {
  try {
    return await request(context);
  } catch (error) {
    throw asFault(error);
  }
}

/** A sink rejects with `ErpFault` alone. What else it throws may hold anything, so only its name is told; what was sent is not known. */
function asFault(error: unknown): ErpFault {
  if (error instanceof ErpFault) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new ErpFault("unknown", `The adapter failed (${name}).`, { cause: error });
}
