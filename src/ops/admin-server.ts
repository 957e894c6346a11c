import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Clock } from "../model/clock.ts";
import { TributaryError } from "../model/errors.ts";
import { isEqualSecret } from "../sinks/http/equal-secrets.ts";
import { closeServer, listenOn } from "./listening.ts";
import { isLoopbackHost } from "./loopback.ts";
import type { Readiness } from "./readiness.ts";

/** The loop is looked at this often, and counts as stuck when it was not seen for the limit. */
const TICK_MS = 250;
const LIVENESS_LIMIT_MS = 5_000;
/** Every route is short; anything longer is a mistake or an attack. */
const MAX_URL_CHARACTERS = 1024;
const MAX_HEADER_BYTES = 8 * 1024;
/** Probes and a few scrapers; one that opens more is faulty. */
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
const ALLOWED_METHODS = "GET, HEAD";

export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Asked for by /metrics and /status; required when `host` is not a loopback address. */
  readonly token?: string;
  readonly version: { readonly version: string } & Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly readiness: () => Readiness | Promise<Readiness>;
  /** Answer of /status, as JSON. */
  readonly status: () => unknown;
  readonly metrics: { readonly contentType: string; scrape(): Promise<string> };
  /** Told when a provider throws; the client learns nothing of it. */
  readonly onFault: (fault: unknown) => void;
}

export interface AdminServer {
  readonly host: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Route {
  /** Tells about the business: guarded. */
  readonly guarded: boolean;
  answer(): Answer | Promise<Answer>;
}

/**
 * Serves health, metrics and status. Throws TributaryError `config-invalid` for an address that others reach without a
 * token, and `internal-fault` when the address can't be listened on.
 */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  if (options.token === undefined && !isLoopbackHost(options.host)) {
    throw new TributaryError("config-invalid", `The admin port on ${options.host} needs a token.`);
  }
  const loop = new LoopWatch(options.clock);
  const routes = routesOf(options, loop);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    void handle(options, routes, request, response);
  });
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  let port: number;
  try {
    port = await listenOn(server, options);
  } catch (fault) {
    loop.stop();
    throw fault;
  }
  server.on("error", options.onFault);
  return {
    host: options.host,
    port,
    close: () => {
      loop.stop();
      return closeServer(server);
    },
  };
}

/** When the event loop last ran a timer. */
class LoopWatch {
  readonly #clock: Clock;
  #lastTickMs: number;
  #cancel: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastTickMs = clock.monotonicMs();
    this.#arm();
  }

  get ageMs(): number {
    return this.#clock.monotonicMs() - this.#lastTickMs;
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#clock.schedule(TICK_MS, () => {
      this.#lastTickMs = this.#clock.monotonicMs();
      this.#arm();
    });
  }
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: `${JSON.stringify(value)}\n` };
}

function routesOf(options: AdminServerOptions, loop: LoopWatch): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    [
      "/livez",
      {
        guarded: false,
        answer: () => {
          const live = loop.ageMs < LIVENESS_LIMIT_MS;
          return json(live ? 200 : 503, { live, lastTickAgeMs: Math.round(loop.ageMs) });
        },
      },
    ],
    [
      "/readyz",
      {
        guarded: false,
        answer: async () => {
          const readiness = await options.readiness();
          return json(readiness.ready ? 200 : 503, readiness);
        },
      },
    ],
    ["/version", { guarded: false, answer: () => json(200, options.version) }],
    ["/status", { guarded: true, answer: async () => json(200, await options.status()) }],
    [
      "/metrics",
      {
        guarded: true,
        answer: async () => ({
          status: 200,
          contentType: options.metrics.contentType,
          body: await options.metrics.scrape(),
        }),
      },
    ],
  ]);
}

async function handle(
  options: AdminServerOptions,
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let answer: Answer;
  try {
    answer = await answerTo(options, routes, request);
  } catch (fault) {
    options.onFault(fault);
    answer = json(500, { error: "internal-fault" });
  }
  // No route reads a body: the connection of a client that sends one can't be used again.
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0";
  response.writeHead(answer.status, {
    "content-type": answer.contentType ?? "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(answer.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(hasBody && { connection: "close" }),
    ...answer.headers,
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

function answerTo(
  options: AdminServerOptions,
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
): Answer | Promise<Answer> {
  const url = request.url ?? "";
  if (url.length > MAX_URL_CHARACTERS) return json(414, { error: "uri-too-long" }, { connection: "close" });
  const path = url.split("?", 1)[0] ?? "";
  const route = routes.get(path);
  if (route === undefined) return json(404, { error: "not-found" });
  if (request.method !== "GET" && request.method !== "HEAD") {
    return json(405, { error: "method-not-allowed" }, { allow: ALLOWED_METHODS });
  }
  return (route.guarded ? refusal(options.token, request) : undefined) ?? route.answer();
}

/** What a request to a guarded route is refused with; undefined when it may pass. */
function refusal(token: string | undefined, request: IncomingMessage): Answer | undefined {
  if (token !== undefined) {
    const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (given !== undefined && isEqualSecret(given, token)) return undefined;
    return json(401, { error: "unauthorized" }, { "www-authenticate": 'Bearer realm="tributary"' });
  }
  // Without a token the loopback address is the guard. A page in a browser of this machine could get around it by a
  // name of its own that resolves to loopback; its Host header gives it away.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  return isLoopbackHost(host) ? undefined : json(403, { error: "forbidden-host" });
}
