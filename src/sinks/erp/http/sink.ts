import type { PostingCommand } from "../../../model/posting.ts";
import { HttpClient, HttpFailure } from "../common/http-client.ts";
import { NOTHING_COMPARED } from "../common/compared.ts";
import {
  type ConnectionFinding,
  ErpFault,
  type ErpSink,
  type ErpSinkEnvironment,
  type FoundDocument,
  type PlannedPosting,
  type PollAnswer,
  type RequestContext,
  type SubmitAnswer,
} from "../erp-sink.ts";
import { answerOf } from "./answer.ts";
import { httpDescription } from "./description.ts";
import { signatureHeaders } from "./signature.ts";

export interface HttpSinkOptions {
  readonly url: string;
  /** The first one signs for good; others while secrets are changed. */
  readonly secrets: readonly Uint8Array[];
  /** Sent with each request; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** What went unanswered is sent again behind this: the receiver may still work on it, and knows it by its id. */
  readonly settleDelayMs: number;
  readonly connections: number;
}

/** What is sent: made once, so that what is sent again is the same. */
class Webhook {
  readonly id: string;
  readonly body: string;

  constructor(id: string, body: string) {
    this.id = id;
    this.body = body;
  }
}

/**
 * A webhook a document (Standard Webhooks). The receiver knows one that comes again by its id, which follows from the key and the content, so what
 * went unanswered is sent again as it was: a crash at any point costs one more request.
 */
export class HttpSink implements ErpSink {
  readonly description = httpDescription;
  readonly maxReadBack = 1;
  readonly requestDeadlineMs: number;
  readonly settleDelayMs: number;
  readonly #options: HttpSinkOptions;
  readonly #environment: ErpSinkEnvironment;
  readonly #client: HttpClient;

  constructor(options: HttpSinkOptions, environment: ErpSinkEnvironment) {
    this.#options = options;
    this.#environment = environment;
    this.requestDeadlineMs = options.deadlineMs;
    this.settleDelayMs = options.settleDelayMs;
    this.#client = new HttpClient({ connections: options.connections, deadlineMs: options.deadlineMs });
  }

  plan(command: PostingCommand): PlannedPosting {
    const externalId = `${this.#environment.prefix}${command.key}`;
    return {
      command,
      kind: command.kind,
      externalId,
      expected: NOTHING_COMPARED,
      request: webhookOf(command, externalId),
    };
  }

  /** A receiver of webhooks can't be asked. */
  async lookUp(): Promise<readonly FoundDocument[]> {
    await Promise.resolve();
    return [];
  }

  async submit(plan: PlannedPosting, { signal }: RequestContext): Promise<SubmitAnswer> {
    const { clock, onRequest } = this.#environment;
    const { url, secrets, headers } = this.#options;
    if (!(plan.request instanceof Webhook)) throw new RangeError("not a plan of this adapter");
    const { id, body } = plan.request;
    const operation = `submit-${plan.kind}`;
    const startedMs = clock.monotonicMs();
    const timestampSeconds = Math.floor(clock.nowMs() / 1000);
    try {
      const reply = await this.#client.send({
        method: "POST",
        url,
        headers: {
          "content-type": "application/json",
          accept: "application/json",
          "idempotency-key": id,
          ...headers,
          ...signatureHeaders(id, timestampSeconds, body, secrets),
        },
        body,
        signal,
      });
      const erp = answerOf(reply, plan.externalId, clock.nowMs());
      onRequest(operation, "answered", clock.monotonicMs() - startedMs);
      return { status: "confirmed", erp };
    } catch (error) {
      const fault = faultOf(error);
      onRequest(operation, fault.kind, clock.monotonicMs() - startedMs);
      throw fault;
    }
  }

  async poll(): Promise<PollAnswer> {
    await Promise.resolve();
    throw new ErpFault("validation", "a receiver of webhooks is not polled");
  }

  async readBack(): Promise<readonly FoundDocument[]> {
    await Promise.resolve();
    return [];
  }

  async *scan(): AsyncIterable<readonly never[]> {}

  /** A request without a signature that can be right: a receiver that is there, and checks signatures, refuses it. */
  async check(_kinds: unknown, { signal }: RequestContext): Promise<readonly ConnectionFinding[]> {
    const { clock } = this.#environment;
    const { url, headers } = this.#options;
    const body = "{}";
    const forged = signatureHeaders("tributary-check", Math.floor(clock.nowMs() / 1000), body, [
      new Uint8Array(32),
    ]);
    try {
      const { status } = await this.#client.send({
        method: "POST",
        url,
        headers: { "content-type": "application/json", ...headers, ...forged },
        body,
        signal,
      });
      if (status >= 200 && status < 300)
        return [
          {
            problem: "configuration",
            message: "The receiver takes a webhook whose signature is wrong: it checks none.",
          },
        ];
      if (status === 404)
        return [
          { problem: "configuration", message: "The receiver has nothing at that address (HTTP 404)." },
        ];
      return [];
    } catch (error) {
      return [{ problem: "unreachable", message: `The receiver gave no answer: ${faultOf(error).message}.` }];
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function webhookOf(command: PostingCommand, externalId: string): Webhook {
  const { kind, key, connection, contentHash, document, references, revision, schemaVersion } = command;
  const body = JSON.stringify({
    type: `tributary.posting.${kind}`,
    schemaVersion,
    connection,
    key,
    externalId,
    contentHash,
    document,
    references,
  });
  // A customer comes again with another content under the same key, also with one that it had before: each revision is another message.
  const content = kind === "customer" ? `r${revision}-${contentHash.slice(0, 16)}` : contentHash.slice(0, 16);
  // A point would be taken for what separates id, time and body where they are signed.
  const id = `${encodeURIComponent(externalId).replaceAll(".", "%2E")}_${content}`;
  return new Webhook(id, body);
}

function faultOf(error: unknown): ErpFault {
  if (error instanceof ErpFault) return error;
  if (error instanceof HttpFailure)
    return new ErpFault(error.outcome === "not-sent" ? "transient" : "unknown", error.message, {
      cause: error,
    });
  throw error;
}
