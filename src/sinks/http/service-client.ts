import {
  bulkhead,
  BulkheadRejectedError,
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  wrap,
} from "cockatiel";
import { Agent, request } from "undici";
import type { Clock } from "../../model/clock.ts";
import { messageOf } from "../../model/errors.ts";
import { boundedText } from "./bounded-text.ts";
import { retryAfterMs } from "./retry-after.ts";
import { type RequestOutcome, ServiceFailure } from "./service-failure.ts";

/** A request is tried so often before whoever asked for it is told; what takes longer is an outage. */
const MAX_RETRIES = 2;
const FIRST_RETRY_MS = 200;
/** A retry waits no longer than this within a request; beyond it the caller is told how long to wait. */
const LONGEST_RETRY_MS = 2_000;
/** Requests in a row without an answer after which the service counts as down, and how long it is then left alone. */
const FAILURES_UNTIL_BREAK = 10;
const BREAK_MS = 5_000;
/** Where a service has had enough and does not say for how long. */
const DEFAULT_THROTTLE_MS = 1_000;
/** Where it refuses who asks: nothing changes until somebody has changed the configuration. */
const UNAUTHORIZED_WAIT_MS = 30_000;
/** Requests that may wait for their turn: callers bound their own far below. */
const MAX_WAITING = 10_000;
/** Far above any reply that is meant. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

export interface ServiceClientOptions {
  /** Name for messages: "AvaTax". */
  readonly name: string;
  /** Origin, without a slash at its end. */
  readonly url: string;
  /** Sent with each request; may hold secrets, and is named in no message. */
  readonly headers: Readonly<Record<string, string>>;
  /** From the beginning of an attempt to the last byte of its reply. */
  readonly deadlineMs: number;
  readonly maxInFlight: number;
  readonly clock: Clock;
  /** Gives [0, 1); spreads retries. */
  readonly random: () => number;
  /** Told of each attempt. */
  readonly onAttempt: (operation: string, outcome: RequestOutcome, elapsedMs: number) => void;
}

export interface ServiceRequest {
  /** Name for metrics. */
  readonly operation: string;
  readonly method: "GET" | "POST";
  /** Path with its query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

export interface ServiceReply {
  /** 2xx, or another one that says no. */
  readonly status: number;
  readonly text: string;
}

/** Statuses by which a service says no to what is asked, and not to being asked. */
const REFUSALS: ReadonlySet<number> = new Set([400, 404, 405, 409, 410, 413, 415, 422]);
const THROTTLED: ReadonlySet<number> = new Set([429, 503]);
const UNAUTHORIZED: ReadonlySet<number> = new Set([401, 402, 403, 407]);

/**
 * Requests to one service by HTTP: a deadline each, few at a time, passing faults tried again with a growing wait, none for
 * a while after many in a row, none before the time that a `Retry-After` names. What is asked must be safe to repeat: an
 * attempt without an answer may have been worked on.
 */
export class ServiceClient {
  readonly #options: ServiceClientOptions;
  readonly #agent: Agent;
  readonly #policy;
  #closedUntilMs = 0;

  constructor(options: ServiceClientOptions) {
    this.#options = options;
    const { deadlineMs, maxInFlight, random } = options;
    this.#agent = new Agent({
      connections: maxInFlight,
      connect: { timeout: deadlineMs },
      headersTimeout: deadlineMs,
      bodyTimeout: deadlineMs,
    });
    const waitMs = (attempt: number): number =>
      Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1) * (0.5 + random()));
    this.#policy = wrap(
      retry(
        handleWhen((fault) => fault instanceof ServiceFailure && (fault.retryInMs ?? 0) <= LONGEST_RETRY_MS),
        {
          maxAttempts: MAX_RETRIES,
          backoff: new DelegateBackoff(({ attempt, result }) => {
            const fault = "error" in result ? result.error : undefined;
            const wanted = fault instanceof ServiceFailure ? fault.retryInMs : undefined;
            return Math.max(wanted ?? 0, waitMs(attempt));
          }),
        },
      ),
      circuitBreaker(
        // A service that throttles or refuses us is there.
        handleWhen(
          (fault) =>
            fault instanceof ServiceFailure && (fault.outcome === "failed" || fault.outcome === "timed-out"),
        ),
        { halfOpenAfter: BREAK_MS, breaker: new ConsecutiveBreaker(FAILURES_UNTIL_BREAK) },
      ),
      bulkhead(maxInFlight, MAX_WAITING),
    );
  }

  /** Rejects with `ServiceFailure` where there is no answer. */
  async send(wanted: ServiceRequest): Promise<ServiceReply> {
    try {
      return await this.#policy.execute(() => this.#attempt(wanted));
    } catch (fault) {
      if (fault instanceof BrokenCircuitError)
        throw new ServiceFailure("failed", `${this.#options.name} is down: it is left alone for a while`, {
          retryInMs: BREAK_MS,
        });
      if (fault instanceof BulkheadRejectedError)
        throw new ServiceFailure("failed", `too many requests wait for ${this.#options.name}`, {
          retryInMs: BREAK_MS,
        });
      throw fault;
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #attempt(wanted: ServiceRequest): Promise<ServiceReply> {
    const { clock, name, onAttempt } = this.#options;
    const startedMs = clock.monotonicMs();
    const closedMs = this.#closedUntilMs - startedMs;
    if (closedMs > 0)
      throw new ServiceFailure("throttled", `${name} wants no requests for ${Math.ceil(closedMs / 1000)} s`, {
        retryInMs: closedMs,
      });
    let outcome: RequestOutcome = "failed";
    try {
      const reply = await this.#exchange(wanted);
      outcome = reply.status < 300 ? "answered" : "refused";
      return reply;
    } catch (fault) {
      const failure = this.#failureOf(fault);
      ({ outcome } = failure);
      if (failure.retryInMs !== undefined)
        this.#closedUntilMs = Math.max(this.#closedUntilMs, clock.monotonicMs() + failure.retryInMs);
      throw failure;
    } finally {
      onAttempt(wanted.operation, outcome, clock.monotonicMs() - startedMs);
    }
  }

  async #exchange({ method, path, body }: ServiceRequest): Promise<ServiceReply> {
    const { url, headers, deadlineMs, clock, name } = this.#options;
    const reply = await request(`${url}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(deadlineMs),
    });
    const text = await boundedText(reply.body, MAX_REPLY_BYTES);
    if (text === undefined)
      throw new ServiceFailure("failed", `a reply is larger than ${MAX_REPLY_BYTES} bytes`);
    const status = reply.statusCode;
    if ((status >= 200 && status < 300) || REFUSALS.has(status)) return { status, text };
    if (UNAUTHORIZED.has(status))
      throw new ServiceFailure("failed", `${name} refuses the credentials (HTTP ${status})`, {
        retryInMs: UNAUTHORIZED_WAIT_MS,
      });
    const retryAfter = reply.headers["retry-after"];
    const wanted = retryAfterMs(typeof retryAfter === "string" ? retryAfter : undefined, clock.nowMs());
    if (THROTTLED.has(status))
      throw new ServiceFailure("throttled", `${name} has had enough requests (HTTP ${status})`, {
        retryInMs: wanted ?? DEFAULT_THROTTLE_MS,
      });
    throw new ServiceFailure(
      "failed",
      `${name} answered with HTTP ${status}`,
      wanted === undefined ? {} : { retryInMs: wanted },
    );
  }

  #failureOf(fault: unknown): ServiceFailure {
    if (fault instanceof ServiceFailure) return fault;
    const { name, deadlineMs } = this.#options;
    const code: unknown = fault instanceof Error ? Reflect.get(fault, "code") : undefined;
    const names = `${fault instanceof Error ? fault.name : ""} ${String(code)}`;
    if (/timeout/i.test(names))
      return new ServiceFailure("timed-out", `${name} gave no answer within ${deadlineMs} ms`);
    return new ServiceFailure("failed", `${name} can't be reached: ${messageOf(fault)}`);
  }
}
