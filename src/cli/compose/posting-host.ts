import type { Logger } from "pino";
import type { Clock } from "../../model/clock.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { PostingStore } from "../../model/posting-store.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openLeaseKeeper } from "../../ingest/jetstream/lease-keeper.ts";
import { runnerLease } from "../../ingest/jetstream/names.ts";
import { serveRunnerNotifications, serveRunnerOperators } from "../../ingest/jetstream/operator-channel.ts";
import { openCommandLog, openPostingLog } from "../../ingest/jetstream/posting-logs.ts";
import { RepeatedFaultLog } from "../../ops/logging.ts";
import type { WebhookReceiver } from "../../ops/webhook-server.ts";
import type { ErpSink, ErpSinkEnvironment } from "../../sinks/erp/erp-sink.ts";
import { type PostingPolicy, defaultPolicy } from "../../sinks/posting/posting-policy.ts";
import { type PostingSnapshot, PostingRunner } from "../../sinks/posting/posting-runner.ts";
import type { RequestQuota } from "../../sinks/posting/request-gate.ts";
import { openPostingStore, postingsFolder } from "../../state/postings/posting-store.ts";
import type { ErpConnectionConfig, PostingSettings } from "../config/erp-connections.ts";
import { answerHandedOn, notificationReceiver } from "./notification-receiver.ts";
import { answerDecision } from "./posting-decision.ts";
import { resultSender } from "./posting-results.ts";

/**
 * A lease outlasts the longest request by this: one that is renewed three times within its time has two thirds left whenever it is looked at, so
 * requests go on while it is renewed.
 */
const LEASE_PER_REQUEST = 2;
/** A connection that is down says so this often. */
const REPEATED_FAULT_INTERVAL_MS = 30_000;

/** What the catalog says of a connection. */
export interface CatalogConnection {
  readonly key: string;
  readonly adapter: string;
  readonly prefix: string;
  readonly closedPeriod: PostingPolicy["periodClosed"];
}

export interface PostingHostOptions {
  readonly broker: BrokerConnection;
  readonly replicas: number;
  readonly stateDir: string;
  readonly workerName: string;
  /** Unique to this process. */
  readonly instance: string;
  /** Connections of the catalog that the worker's configuration says how to reach. */
  readonly connections: readonly {
    readonly catalog: CatalogConnection;
    readonly config: ErpConnectionConfig;
  }[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: FaultInjector;
  readonly onRequest: (connection: string, ...request: Parameters<ErpSinkEnvironment["onRequest"]>) => void;
  /** Told of notifications that did not show a connection's secret while others of the same request did. */
  readonly onForged: (connection: string, notifications: number) => void;
}

interface Hosted {
  readonly runner: PostingRunner;
  readonly sink: ErpSink;
  readonly store: PostingStore;
  readonly stopServing: () => void;
  /** Takes the ERP's notifications; undefined where it sends none. */
  readonly receiver: WebhookReceiver | undefined;
}

/**
 * The ERP connections of a process. Each has a runner that waits for the connection's lease, so that of all processes that are configured for it
 * one posts and the others stand by.
 */
export class PostingHost {
  readonly #hosted: readonly Hosted[];

  private constructor(hosted: readonly Hosted[]) {
    this.#hosted = hosted;
  }

  /** Opens the stores; nothing is sent until `start`. Throws `state-locked`, `state-corrupt` and what the broker says. */
  static async create(options: PostingHostOptions): Promise<PostingHost> {
    const hosted: Hosted[] = [];
    try {
      for (const connection of options.connections) hosted.push(await openConnection(connection, options));
    } catch (fault) {
      await closeAll(hosted);
      throw fault;
    }
    return new PostingHost(hosted);
  }

  start(): void {
    for (const { runner } of this.#hosted) runner.start();
  }

  /** What is under way is finished, and the connections are given up, so that another process need not wait. */
  async stop(): Promise<void> {
    for (const { stopServing } of this.#hosted) stopServing();
    try {
      await Promise.all(this.#hosted.map(({ runner }) => runner.stop()));
    } finally {
      await closeAll(this.#hosted);
    }
  }

  /** Of the connections whose ERP tells of changes by itself. */
  get receivers(): readonly WebhookReceiver[] {
    return this.#hosted.flatMap(({ receiver }) => receiver ?? []);
  }

  snapshots(): readonly PostingSnapshot[] {
    return this.#hosted.map(({ runner }) => runner.snapshot());
  }
}

/** Closes all of them, also where one can't be closed; rejects with the first fault then. */
async function closeAll(hosted: readonly Hosted[]): Promise<void> {
  const closed = await Promise.allSettled(
    hosted.map(async ({ sink, store, stopServing }) => {
      stopServing();
      store.close();
      await sink.close();
    }),
  );
  const failed = closed.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function openConnection(
  { catalog, config }: PostingHostOptions["connections"][number],
  options: PostingHostOptions,
): Promise<Hosted> {
  const { clock, random, stateDir, onRequest } = options;
  const { key } = catalog;
  const makeSink = await config.prepared();
  const sink = makeSink({
    prefix: catalog.prefix,
    clock,
    random,
    onRequest: (...request) => {
      onRequest(key, ...request);
    },
  });
  let store: PostingStore | undefined;
  try {
    store = openPostingStore(postingsFolder(stateDir, key), key, {
      isReadBack: sink.description.canReadBack,
    });
    return await serveConnection({ catalog, config }, options, { sink, store });
  } catch (fault) {
    store?.close();
    await sink.close();
    throw fault;
  }
}

/** The runner of an opened connection, and what serves decisions about its documents. */
async function serveConnection(
  { catalog, config }: PostingHostOptions["connections"][number],
  options: PostingHostOptions,
  { sink, store }: Pick<Hosted, "sink" | "store">,
): Promise<Hosted> {
  const { broker, clock, random, faults, workerName, instance, replicas } = options;
  const { key } = catalog;
  const logger = options.logger.child({ connection: key });
  const repeated = new RepeatedFaultLog({ logger, clock, intervalMs: REPEATED_FAULT_INTERVAL_MS });
  const leases = await openLeaseKeeper({
    connection: broker,
    replicas,
    clock,
    owner: `${workerName} ${instance}`,
    leaseMs: Math.max(config.posting.lease, LEASE_PER_REQUEST * sink.requestDeadlineMs),
    onFault: (fault) => {
      repeated.write("warn", "lease", faultFields(fault), "The connection's lease could not be asked for.");
    },
  });
  const runner = new PostingRunner({
    connection: key,
    owner: workerName,
    sink,
    commands: openCommandLog(broker, key),
    postings: openPostingLog(broker, key),
    leases,
    leaseName: runnerLease(key),
    store,
    results: resultSender(broker),
    quota: quotaOf(config.posting),
    policy: {
      ...defaultPolicy(sink),
      maxAttempts: config.posting.max_attempts,
      recheckMs: config.posting.recheck,
      firstPollMs: config.posting.first_poll,
      periodClosed: catalog.closedPeriod,
    },
    reconciliation: {
      paymentIntervalMs: config.posting.payment_interval,
      subscribedPaymentIntervalMs: config.posting.subscribed_payment_interval ?? 0,
      scanIntervalMs: config.posting.scan_interval,
      scanLookBackDays: config.posting.scan_look_back_days,
    },
    clock,
    random,
    faults,
    onFault: (fault) => {
      repeated.write(
        "error",
        codeOf(fault),
        faultFields(fault),
        "A fault ended the posting of a connection.",
      );
    },
    onResultFailed: (partition, error) => {
      repeated.write(
        "warn",
        `result-${partition}`,
        { ...faultFields(error), partition },
        "A partition did not take results; they are sent again.",
      );
    },
    onSubscribed: (endsAtMs) => {
      logger.info(
        { endsAt: new Date(endsAtMs).toISOString() },
        "The ERP's notifications of changes are subscribed to.",
      );
    },
    onSubscriptionFailed: (fault) => {
      repeated.write(
        "warn",
        fault.code,
        faultFields(fault),
        "The ERP's notifications could not be subscribed to; changes are found by polling.",
      );
    },
  });
  const onServingFault = (fault: unknown): void => {
    repeated.write("warn", "operators", faultFields(fault), "Requests of other processes can't be taken.");
  };
  const stops = [
    serveRunnerOperators(broker, key, async (data) => await answerDecision(runner, data), onServingFault),
  ];
  const { notifications } = sink;
  if (notifications !== undefined)
    stops.push(
      serveRunnerNotifications(
        broker,
        key,
        (data) => Promise.resolve(answerHandedOn(runner, data)),
        onServingFault,
      ),
    );
  return {
    runner,
    sink,
    store,
    stopServing: () => {
      for (const stop of stops) stop();
    },
    receiver:
      notifications === undefined
        ? undefined
        : notificationReceiver({
            connection: key,
            notifications,
            runner,
            broker,
            onForged: (count) => {
              options.onForged(key, count);
            },
          }),
  };
}

function faultFields(fault: unknown): Record<string, unknown> {
  return { code: codeOf(fault), reason: messageOf(fault) };
}

function quotaOf(settings: PostingSettings): RequestQuota {
  const {
    max_concurrent: maxConcurrent,
    requests_per_second: perSecond,
    requests_per_day: perDay,
  } = settings;
  return { maxConcurrent, rate: perSecond === undefined ? undefined : rateOf(perSecond), perDay };
}

/** A whole number of requests in a window: less than one a second is one in a longer window. */
function rateOf(perSecond: number): NonNullable<RequestQuota["rate"]> {
  return perSecond >= 1
    ? { count: Math.floor(perSecond), windowMs: (Math.floor(perSecond) / perSecond) * 1_000 }
    : { count: 1, windowMs: 1_000 / perSecond };
}
