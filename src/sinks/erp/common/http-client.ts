import { Agent, request, type Dispatcher } from "undici";
import { messageOf } from "../../../model/errors.ts";
import { boundedText } from "../../http/bounded-text.ts";
import { nextRequest } from "./request-pace.ts";

/** Far above any reply that is meant: a page of 1,000 lines has some hundred KiB. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;
/** An idle connection is closed before a server does so just as the next request goes out on it. */
const KEEP_ALIVE_MS = 4_000;

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  /** May hold secrets: they are named in no message. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  /** Value of a header by its lower-case name; undefined where it is missing or there are several. */
  readonly header: (name: string) => string | undefined;
  /** All values of a header that may come several times, such as "set-cookie"; empty where it is missing. */
  readonly headerValues: (name: string) => readonly string[];
  readonly text: string;
}

/**
 * A request without an answer. `not-sent`: no byte of it left, so nothing can have happened. `unknown`: it may have been worked on.
 */
export class HttpFailure extends Error {
  readonly outcome: "not-sent" | "unknown";

  constructor(outcome: "not-sent" | "unknown", message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HttpFailure";
    this.outcome = outcome;
  }
}

/** Codes of failures before a connection stood. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What a client shows of itself when a connection is made (mutual TLS), as PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly privateKey: string;
  /** Who signed the server's certificate, where it is none of the public authorities. */
  readonly authority?: string;
}

export interface HttpClientOptions {
  /** Most requests at once. */
  readonly connections: number;
  /** The longest that a connection may take to stand, and a reply to begin. */
  readonly deadlineMs: number;
  readonly clientCertificate?: ClientCertificate;
  /** For tests. */
  readonly dispatcher?: Dispatcher;
}

function tlsOptions(given: ClientCertificate | undefined): {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
} {
  if (given === undefined) return {};
  const { certificate, privateKey, authority } = given;
  return { cert: certificate, key: privateKey, ...(authority !== undefined && { ca: authority }) };
}

/** Requests by HTTP, each sent once: what is tried again is decided by who knows what is safe. Follows no redirects. */
export class HttpClient {
  readonly #dispatcher: Dispatcher;

  constructor({ connections, deadlineMs, clientCertificate, dispatcher }: HttpClientOptions) {
    this.#dispatcher =
      dispatcher ??
      new Agent({
        connections,
        pipelining: 1,
        keepAliveTimeout: KEEP_ALIVE_MS,
        keepAliveMaxTimeout: KEEP_ALIVE_MS,
        connect: { timeout: deadlineMs, ...tlsOptions(clientCertificate) },
        headersTimeout: deadlineMs,
        bodyTimeout: deadlineMs,
      });
  }

  /** Rejects with `HttpFailure` where no whole answer comes. */
  async send({ method, url, headers, body, signal }: HttpRequest): Promise<HttpReply> {
    try {
      await nextRequest(signal);
    } catch (fault) {
      throw new HttpFailure("not-sent", "the quota had no room for it", fault);
    }
    if (signal.aborted) throw new HttpFailure("not-sent", "it was given up before it was sent");
    try {
      const reply = await request(url, {
        dispatcher: this.#dispatcher,
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body }),
      });
      const text = await boundedText(reply.body, MAX_REPLY_BYTES);
      if (text === undefined)
        throw new HttpFailure("unknown", `the answer is larger than ${MAX_REPLY_BYTES} bytes`);
      return {
        status: reply.statusCode,
        header: (name) => {
          const value = reply.headers[name];
          return typeof value === "string" ? value : undefined;
        },
        headerValues: (name) => [reply.headers[name] ?? []].flat(),
        text,
      };
    } catch (fault) {
      if (fault instanceof HttpFailure) throw fault;
      const code: unknown = fault instanceof Error ? Reflect.get(fault, "code") : undefined;
      if (typeof code === "string" && NOT_CONNECTED.has(code))
        throw new HttpFailure("not-sent", `it can't be reached: ${messageOf(fault)}`, fault);
      const isTimeout = signal.aborted || /timeout/i.test(String(code));
      throw new HttpFailure("unknown", isTimeout ? "no answer came in time" : messageOf(fault), fault);
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}
