import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { LoopbackServer } from "../common/loopback-server.ts";
import { countRight, keyOf } from "./signatures.ts";

/**
 * What goes wrong with a delivery; `lost-after` takes it and breaks the connection, `lost-before` only breaks it; `repeated` takes it twice and gives
 * the first answer.
 */
export type ReceiverFault =
  | { readonly kind: "lost-after" | "lost-before" | "repeated" }
  /** Takes it, and answers with an error. */
  | { readonly kind: "status-after"; readonly status: number }
  | { readonly kind: "slow"; readonly ms: number }
  /** Takes nothing; with 429 and 503 the header Retry-After may say for how many whole seconds. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds?: number };

/** What a receiver says of a document that it does not take, in the form of docs/erp/http.md. */
export interface ReceiverRefusal {
  readonly kind: "mapping" | "validation" | "period-closed";
  readonly code: string;
  readonly message: string;
}

/** A message that was taken. */
export interface ReceivedMessage {
  readonly id: string;
  readonly timestamp: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Signatures that were right: two while a secret changes. */
  readonly rightSignatures: number;
  /** How often it was delivered in all. */
  deliveries: number;
}

export interface WebhookReceiverOptions {
  /** Each `whsec_<base64>`; more than one while a secret changes. */
  readonly secrets: readonly string[];
  readonly path?: string;
  readonly nowMs?: () => number;
  /** Asked about each delivery that is well-formed; `delivery` counts those of an id from 1. */
  readonly faultOf?: (id: string, delivery: number) => ReceiverFault | undefined;
}

/** Clocks may differ by so much. */
const TOLERANCE_SECONDS = 300;
/** What a receiver should be able to take, and no more. */
const MAX_BODY_BYTES = 1_048_576;
const GONE = 410;

/**
 * A receiver of Standard Webhooks: checks signature, time and idempotency key, takes each id once, and says so of a second delivery (409).
 * It shares no code with the sink.
 */
export class WebhookReceiver {
  readonly messages = new Map<string, ReceivedMessage>();
  /** Requests that were refused for their form or signature: a correct sender makes none. */
  readonly refusals: string[] = [];
  /** Deliveries that came before the time that an earlier answer had asked for. */
  earlyRequests = 0;
  mostAtOnce = 0;
  faultOf: NonNullable<WebhookReceiverOptions["faultOf"]>;
  /** Asked about each message before it is taken: what is behind the receiver may not want it. */
  refusalOf: (body: unknown) => ReceiverRefusal | undefined = () => undefined;
  /** From now on every delivery is answered 410: the address is no longer served. */
  isGone = false;
  readonly #options: WebhookReceiverOptions;
  readonly #server = new LoopbackServer((request, response) => this.#serve(request, response));
  readonly #hashes = new Map<string, string>();
  readonly #deliveries = new Map<string, number>();
  #keys: readonly Buffer[];
  #closedUntilMs = 0;
  #underWay = 0;

  private constructor(options: WebhookReceiverOptions) {
    this.#options = options;
    this.#keys = options.secrets.map(keyOf);
    this.faultOf = options.faultOf ?? (() => undefined);
  }

  static async start(options: WebhookReceiverOptions): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(options);
    await receiver.#server.listen();
    return receiver;
  }

  get url(): string {
    return `${this.#server.url}${this.#path}`;
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  /** Other secrets count from now on. */
  changeSecrets(secrets: readonly string[]): void {
    this.#keys = secrets.map(keyOf);
  }

  get #path(): string {
    return this.#options.path ?? "/webhook";
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    response.once("close", () => {
      this.#underWay -= 1;
    });
    try {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of request) {
        chunks.push(Buffer.from(chunk));
        bytes += chunks.at(-1)?.length ?? 0;
        if (bytes > MAX_BODY_BYTES) break;
      }
      const body = Buffer.concat(chunks).toString("utf8");
      const refusal = bytes > MAX_BODY_BYTES ? REFUSED_SIZE : this.#refusalOf(request, body);
      if (refusal === undefined) await this.#take(request, body, response);
      else {
        this.refusals.push(refusal.reason);
        answer(response, refusal.status, { error: refusal.reason });
      }
    } catch {
      response.destroy();
    }
  }

  #refusalOf(request: IncomingMessage, body: string): Refusal | undefined {
    if (request.method !== "POST" || request.url !== this.#path)
      return { status: 404, reason: "no such address" };
    if (!(request.headers["content-type"] ?? "").startsWith("application/json"))
      return { status: 415, reason: "the content type must be application/json" };
    const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
      header(request, name),
    );
    if (id === undefined || timestamp === undefined || signatures === undefined)
      return { status: 400, reason: "webhook-id, webhook-timestamp and webhook-signature are required" };
    // The id is part of what is signed, where a point is what separates.
    if (id === "" || id.includes(".")) return { status: 400, reason: "webhook-id must have no point" };
    if (!/^\d{1,12}$/.test(timestamp)) return { status: 400, reason: "webhook-timestamp must be seconds" };
    const nowSeconds = this.#nowMs() / 1_000;
    if (Math.abs(Number(timestamp) - nowSeconds) > TOLERANCE_SECONDS)
      return { status: 400, reason: "webhook-timestamp is too old or too new" };
    if (countRight(signatures, { id, timestamp, body }, this.#keys) === 0)
      return { status: 401, reason: "no signature is right" };
    if (header(request, "idempotency-key") !== id)
      return { status: 400, reason: "idempotency-key must be the webhook-id" };
    return isJsonObject(body) ? undefined : { status: 400, reason: "the body must be a JSON object" };
  }

  async #take(request: IncomingMessage, body: string, response: ServerResponse): Promise<void> {
    const id = header(request, "webhook-id") ?? "";
    const delivery = (this.#deliveries.get(id) ?? 0) + 1;
    this.#deliveries.set(id, delivery);
    if (this.#nowMs() < this.#closedUntilMs) this.earlyRequests += 1;
    if (this.isGone) {
      answer(response, GONE, { error: "gone" });
      return;
    }
    const fault = this.faultOf(id, delivery);
    if (fault?.kind === "lost-before") {
      response.destroy();
      return;
    }
    if (fault?.kind === "status") {
      const { retryAfterSeconds } = fault;
      if (retryAfterSeconds !== undefined) {
        this.#closedUntilMs = this.#nowMs() + retryAfterSeconds * 1_000;
        response.setHeader("retry-after", String(retryAfterSeconds));
      }
      answer(response, fault.status, { error: "simulated" });
      return;
    }
    const refusal = this.refusalOf(JSON.parse(body));
    if (refusal !== undefined) {
      answer(response, 422, { error: refusal });
      return;
    }
    const status = this.#keep(request, id, body);
    if (fault?.kind === "repeated") this.#keep(request, id, body);
    if (fault?.kind === "status-after") {
      answer(response, fault.status, { error: "simulated" });
      return;
    }
    if (fault?.kind === "slow") await delay(fault.ms);
    if (fault?.kind === "lost-after") response.destroy();
    else answer(response, status, {});
  }

  /** 204 for the first delivery, 409 for another one, 422 where the same id says something else. */
  #keep(request: IncomingMessage, id: string, body: string): number {
    const hash = createHash("sha256").update(body).digest("hex");
    const before = this.messages.get(id);
    if (before !== undefined) {
      before.deliveries += 1;
      if (this.#hashes.get(id) === hash) return 409;
      this.refusals.push("another body under a known webhook-id");
      return 422;
    }
    const timestamp = header(request, "webhook-timestamp") ?? "";
    const signatures = header(request, "webhook-signature") ?? "";
    this.#hashes.set(id, hash);
    this.messages.set(id, {
      id,
      timestamp,
      body: JSON.parse(body),
      rightSignatures: countRight(signatures, { id, timestamp, body }, this.#keys),
      deliveries: 1,
    });
    return 204;
  }
}

interface Refusal {
  readonly status: number;
  readonly reason: string;
}
const REFUSED_SIZE: Refusal = { status: 413, reason: "the body is too large" };

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? undefined : value;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  const hasBody = status !== 204;
  response.writeHead(status, hasBody ? { "content-type": "application/json" } : {});
  response.end(hasBody ? JSON.stringify(body) : undefined);
}
