import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock } from "../model/clock.ts";
import { TributaryError } from "../model/errors.ts";
import { closeServer, listenOn } from "./listening.ts";
import { isLoopbackHost } from "./loopback.ts";
import { RequestRate } from "./request-rate.ts";

/** A thousand notifications with their secret, several times over. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_URL_CHARACTERS = 4_096;
const MAX_HEADER_BYTES = 16 * 1024;
/** An ERP sends one request after another; bodies of so many fit into memory at once. */
const MAX_CONNECTIONS = 16;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** Of a connection: an ERP that gathers changes for half a minute sends a few, and a handshake for each subscription. */
const REQUESTS_PER_MINUTE = 240;
/** Wait that is asked for where something is not taken now. */
const RETRY_AFTER_SECONDS = 30;
const PATH_PREFIX = "/webhooks/";

/** What a request was, or why nothing came of it. */
export type WebhookOutcome =
  | "received"
  | "handshake"
  | "credential"
  | "form"
  | "no-runner"
  | "failed"
  | "method"
  | "too-large"
  | "too-many"
  | "incomplete"
  | "unknown-connection";

/** Requests to one connection. */
export interface WebhookReceiver {
  /** Key of the connection. */
  readonly connection: string;
  /** Whether what comes in has to show a secret. */
  readonly hasCredential: boolean;
  /** May reject: the sender is answered 503 then, and learns nothing of it. */
  receive(request: { readonly query: URLSearchParams; readonly body: Buffer }): Promise<ReceivedWebhook>;
}

export interface ReceivedWebhook {
  readonly outcome: "received" | "handshake" | "credential" | "form" | "no-runner";
  /** Answered as it is; empty unless it is a handshake. */
  readonly text: string;
}

export interface WebhookServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly receivers: readonly WebhookReceiver[];
  readonly clock: Clock;
  /** Told of every request; the connection is "" where the request names none. */
  readonly onRequest: (connection: string, outcome: WebhookOutcome) => void;
  readonly onFault: (fault: unknown) => void;
}

export interface WebhookServer {
  readonly host: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/**
 * What each is answered. What says that it was taken is 200; 429 and 503 ask for another try; any other ends an ERP's subscription, which is what a request that is no good should do.
 */
const STATUSES: Readonly<Record<WebhookOutcome, number>> = {
  received: 200,
  handshake: 200,
  credential: 401,
  form: 400,
  "no-runner": 503,
  failed: 503,
  method: 405,
  "too-large": 413,
  "too-many": 429,
  incomplete: 400,
  "unknown-connection": 404,
};

const ASKS_AGAIN: ReadonlySet<number> = new Set([429, 503]);

interface Endpoint {
  readonly receiver: WebhookReceiver;
  readonly rate: RequestRate;
}

/**
 * Listens for notifications of ERPs and nothing else: other programs of this process have their own ports. Throws `config-invalid` for an address that others reach while a
 * connection would take what shows no secret, and `internal-fault` where it can't be listened on.
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host, receivers, clock, onFault } = options;
  const open = receivers.find(({ hasCredential }) => !hasCredential);
  if (open !== undefined && !isLoopbackHost(host))
    throw new TributaryError(
      "config-invalid",
      `The webhooks port on ${host} needs a secret of the connection ${open.connection}.`,
    );
  const endpoints = new Map(
    receivers.map((receiver): [string, Endpoint] => [
      PATH_PREFIX + encodeURIComponent(receiver.connection),
      { receiver, rate: new RequestRate(clock, REQUESTS_PER_MINUTE) },
    ]),
  );
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void handle(options, endpoints, request, response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listenOn(server, options);
  server.on("error", onFault);
  return { host, port, close: () => closeServer(server) };
}

async function handle(
  { onRequest, onFault }: WebhookServerOptions,
  endpoints: ReadonlyMap<string, Endpoint>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? "";
  const [path = "", search = ""] = url.split(/\?(.*)/s);
  const endpoint = url.length > MAX_URL_CHARACTERS ? undefined : endpoints.get(path);
  let received: { readonly outcome: WebhookOutcome; readonly text: string };
  try {
    received =
      endpoint === undefined
        ? { outcome: "unknown-connection", text: "" }
        : await receive(endpoint, request, new URLSearchParams(search));
  } catch (fault) {
    onFault(fault);
    received = { outcome: "failed", text: "" };
  }
  const { outcome, text } = received;
  onRequest(endpoint?.receiver.connection ?? "", outcome);
  const status = STATUSES[outcome];
  const headers: Record<string, string | number> = {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  if (status === STATUSES.method) headers["allow"] = "GET, POST";
  if (ASKS_AGAIN.has(status)) headers["retry-after"] = RETRY_AFTER_SECONDS;
  // What is left of a body that nobody reads is not waited for.
  if (!request.complete) headers["connection"] = "close";
  response.writeHead(status, headers);
  response.end(text);
}

async function receive(
  { receiver, rate }: Endpoint,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<{ readonly outcome: WebhookOutcome; readonly text: string }> {
  if (request.method !== "POST" && request.method !== "GET") return { outcome: "method", text: "" };
  if (!rate.take()) return { outcome: "too-many", text: "" };
  const body = await boundedBody(request);
  return typeof body === "string" ? { outcome: body, text: "" } : await receiver.receive({ query, body });
}

/** The body, or why there is none. */
async function boundedBody(request: IncomingMessage): Promise<Buffer | "too-large" | "incomplete"> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return "too-large";
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Left early, the loop would end the connection before it is answered.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const buffer = Buffer.from(chunk);
      bytes += buffer.length;
      if (bytes > MAX_BODY_BYTES) return "too-large";
      chunks.push(buffer);
    }
  } catch {
    return "incomplete";
  }
  return Buffer.concat(chunks);
}
