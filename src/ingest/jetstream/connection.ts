import { readFile } from "node:fs/promises";
import { connect, credsAuthenticator, DebugEvents, Events } from "nats";
import type {
  ConnectionOptions,
  JetStreamClient,
  JetStreamManager,
  NatsConnection,
  Status,
  TlsOptions,
} from "nats";
import { TributaryError } from "../../model/errors.ts";
import { describe, isWithoutJetStream } from "./broker-errors.ts";
import { forgetDialsAhead } from "./dial-times.ts";
import { DEFAULT_AVAILABILITY_DEADLINE_MS, whenAvailable } from "./when-available.ts";

/** Oldest server: 2.10.20 to 2.10.22 could lose a whole stream when their process was killed. */
export const OLDEST_SERVER_VERSION = "2.10.23";

/** Wait between two attempts at the same server; a fleet's workers spread over the jitter. */
const RECONNECT_WAIT_MS = 500;
const RECONNECT_JITTER_MS = 500;
/**
 * A peer that keeps the connection open and is silent (a server that hangs, a line that carries nothing) is given up when two of these are without
 * an answer: within 15 s another server of a cluster is asked.
 */
const PING_INTERVAL_MS = 5_000;
/** While there is no connection, attempts at servers are looked at this often; see `forgetDialsAhead`. */
const DIAL_CHECK_MS = 1_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

export interface BrokerOptions {
  /** Addresses, `host:port` or `nats://host:port`. */
  readonly servers: readonly string[];
  /** Shown in the server's connection list. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Path of a `.creds` file (user JWT and seed). */
  readonly credentialsFile?: string;
  readonly tls?: {
    /** PEM file of the authority that signed the server's certificate; the system's authorities when absent. */
    readonly caFile?: string;
    /** PEM files of the client's certificate and key. */
    readonly certFile?: string;
    readonly keyFile?: string;
  };
  /** How long one attempt to reach a server may take. */
  readonly connectTimeoutMs?: number;
  /** How long JetStream may take to answer once a server was reached; DEFAULT_AVAILABILITY_DEADLINE_MS when absent. */
  readonly availabilityDeadlineMs?: number;
}

export type BrokerStatus = "connected" | "disconnected" | "reconnecting" | "closed";
export type BrokerStatusListener = (status: BrokerStatus) => void;

/** A connection that reconnects for ever once it was made. */
export interface BrokerConnection {
  /** The client, for files of this folder. */
  readonly client: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly serverVersion: string;
  readonly status: BrokerStatus;
  /** Calls `listener` at each change; the returned function ends that. A listener must not throw. */
  onStatus(listener: BrokerStatusListener): () => void;
  /** Sends what is pending and closes. Resolves also where the broker is gone. */
  close(): Promise<void>;
}

/**
 * Connects and checks the server. Throws `broker-unreachable` (no server answers, or it refuses the credentials; or JetStream does not answer, as in
 * a cluster without a leader, until the deadline) and `broker-version-unsupported` (older than OLDEST_SERVER_VERSION, or without JetStream).
 */
export async function connectBroker(options: BrokerOptions): Promise<BrokerConnection> {
  let client: NatsConnection;
  try {
    client = await connect(await clientOptions(options));
  } catch (error) {
    const servers = options.servers.map(withoutCredentials);
    throw new TributaryError(
      "broker-unreachable",
      `no NATS server at ${servers.join(", ")}: ${redact(describe(error), options)}`,
      { details: { servers } },
    );
  }
  try {
    checkVersion(client);
    const manager = await client.jetstreamManager({ checkAPI: false });
    await whenAvailable(() => checkJetStream(manager, options), {
      deadlineMs: options.availabilityDeadlineMs ?? DEFAULT_AVAILABILITY_DEADLINE_MS,
    });
    return new Connection(client, manager);
  } catch (error) {
    await client.close();
    throw error;
  }
}

class Connection implements BrokerConnection {
  readonly client: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  status: BrokerStatus = "connected";
  readonly #listeners = new Set<BrokerStatusListener>();
  #dialCheck: NodeJS.Timeout | undefined;

  constructor(client: NatsConnection, manager: JetStreamManager) {
    this.client = client;
    this.manager = manager;
    this.jetstream = client.jetstream();
    void this.#watch(client.status());
    void this.#awaitClose();
  }

  get serverVersion(): string {
    return this.client.info?.version ?? "";
  }

  onStatus(listener: BrokerStatusListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    if (this.client.isClosed()) return;
    // A drain waits for the server's answer, which a connection without a server never gets.
    if (this.status === "connected" && !this.client.isDraining()) await this.client.drain();
    else await this.client.close();
  }

  async #watch(events: AsyncIterable<Status>): Promise<void> {
    for await (const event of events) {
      if (event.type === Events.Disconnect) this.#become("disconnected");
      else if (event.type === DebugEvents.Reconnecting) this.#become("reconnecting");
      else if (event.type === Events.Reconnect) this.#become("connected");
    }
  }

  async #awaitClose(): Promise<void> {
    await this.client.closed();
    this.#become("closed");
  }

  #become(status: BrokerStatus): void {
    if (this.status === status || this.status === "closed") return;
    this.status = status;
    clearInterval(this.#dialCheck);
    if (status === "disconnected" || status === "reconnecting")
      this.#dialCheck = setInterval(() => {
        forgetDialsAhead(this.client, Date.now());
      }, DIAL_CHECK_MS);
    for (const listener of this.#listeners) listener(status);
  }
}

async function clientOptions(options: BrokerOptions): Promise<ConnectionOptions> {
  const result: ConnectionOptions = {
    servers: [...options.servers],
    name: options.name,
    timeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    pingInterval: PING_INTERVAL_MS,
    // Credentials that are rotated on the server first would otherwise end the connection for good.
    ignoreAuthErrorAbort: true,
    // A stack a request costs half of the publish rate.
    noAsyncTraces: true,
  };
  if (options.user !== undefined) result.user = options.user;
  if (options.password !== undefined) result.pass = options.password;
  if (options.token !== undefined) result.token = options.token;
  if (options.credentialsFile !== undefined)
    result.authenticator = credsAuthenticator(await readFile(options.credentialsFile));
  if (options.tls !== undefined) {
    const tls: TlsOptions = {};
    if (options.tls.caFile !== undefined) tls.caFile = options.tls.caFile;
    if (options.tls.certFile !== undefined) tls.certFile = options.tls.certFile;
    if (options.tls.keyFile !== undefined) tls.keyFile = options.tls.keyFile;
    result.tls = tls;
  }
  return result;
}

/** In a cluster only its leader answers: a server that has just lost it is not one without JetStream. */
async function checkJetStream(manager: JetStreamManager, options: BrokerOptions): Promise<void> {
  try {
    await manager.getAccountInfo();
  } catch (error) {
    const text = redact(describe(error), options);
    throw isWithoutJetStream(error)
      ? new TributaryError(
          "broker-version-unsupported",
          `the NATS server has no JetStream for this account: ${text}`,
        )
      : new TributaryError("broker-unreachable", `JetStream does not answer: ${text}`, { cause: error });
  }
}

function checkVersion(client: NatsConnection): void {
  const version = client.info?.version ?? "";
  if (!isAtLeast(version, OLDEST_SERVER_VERSION))
    throw new TributaryError(
      "broker-version-unsupported",
      `the NATS server is version ${version}; the oldest supported is ${OLDEST_SERVER_VERSION}`,
      { details: { version, oldest: OLDEST_SERVER_VERSION } },
    );
  if (client.info?.jetstream !== true)
    throw new TributaryError("broker-version-unsupported", "the NATS server runs without JetStream", {
      details: { version },
    });
}

/** Compares `major.minor.patch` (a suffix such as `-beta.1` is ignored). A version that can't be read is too old. */
export function isAtLeast(version: string, oldest: string): boolean {
  const have = version.split("-")[0]?.split(".").map(Number) ?? [];
  const want = oldest.split(".").map(Number);
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? Number.NaN) - (want[i] ?? 0);
    if (Number.isNaN(difference)) return false;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function withoutCredentials(server: string): string {
  return server.replace(/^([a-z]+:\/\/)?[^@/]*@/i, "$1");
}

function redact(text: string, options: BrokerOptions): string {
  let clean = text;
  for (const secret of [options.password, options.token])
    if (secret !== undefined && secret !== "") clean = clean.replaceAll(secret, "***");
  return clean.replaceAll(/\b([a-z]+:\/\/)[^@/\s]*@/gi, "$1");
}
