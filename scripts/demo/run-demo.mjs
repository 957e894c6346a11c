// @ts-check
import { join } from "node:path";
import { startNatsServerProcess } from "../nats-server/process.mjs";
import { BrokerView } from "./broker-view.mjs";
import { ACCOUNT_KEY, closeBooks } from "./close-books.mjs";
import { tributaryJson } from "./command-line.mjs";
import { figure } from "./display.mjs";
import { DemoErps } from "./erp/erps.mjs";
import { logTime } from "./log-time.mjs";
import { DemoProducer, writeContracts } from "./producer.mjs";
import { DemoFault, waitFor } from "./wait.mjs";
import { DemoWorker } from "./worker.mjs";
import { PARTITION_COUNT, prepareWorkspace, writeConfig } from "./workspace.mjs";

/** The worker is killed when it has read this share of the events, */
const CRASH_SHARE = 0.4;
/** and where documents are posted when an ERP has one of them, but with this share at the latest. */
const LATEST_CRASH_SHARE = 0.75;
/** Accounts with at least so many requests, some twenty, are billed by the month that ends within the log. */
const LEAST_REQUESTS = 50;
const PROCESS_DEADLINE_MS = 180_000;

/**
 * What the demo runs with.
 * @typedef {object} DemoContext
 * @property {string} folder empty
 * @property {string} serverBinary
 * @property {import("./options.mjs").DemoOptions} options
 * @property {import("./display.mjs").Display} display
 * @property {AbortSignal} signal
 * @property {(release: () => Promise<unknown>) => void} onEnd registers what ends something that was started
 */

/**
 * @param {DemoContext} context
 * @returns {Promise<boolean>} whether everything is accounted for
 */
export async function runDemo(context) {
  const { display, options, signal } = context;
  const stage = await setStage(context);
  const crash = await processWithCrash(context, stage);
  const sent = await finishSending(context, stage);
  await processRest(context, stage);
  await billAndPost(context, stage);
  if (!options.keep) {
    display.step(
      "Stopping the worker with SIGTERM: it finishes, writes its last checkpoint, delivers its results.",
    );
    const ended = await stage.worker.stop();
    if (ended !== "exit code 0") throw new DemoFault(`The worker ended with ${ended}; see its log.`);
  }
  const hasReadAll = async () => (await stage.broker.hasReadAll()) || undefined;
  await waitFor("all results are read", hasReadAll, { deadlineMs: PROCESS_DEADLINE_MS, signal });
  const isSound = await closeBooks(options, display, stage, { sent, crash });
  if (options.keep) await keepRunning(context, stage);
  return isSound;
}

/**
 * Everything that runs.
 * @typedef {object} Stage
 * @property {import("./workspace.mjs").Workspace} workspace
 * @property {string} serverUrl
 * @property {number} serverPid
 * @property {DemoWorker} worker
 * @property {DemoProducer} producer
 * @property {BrokerView} broker
 * @property {DemoErps} erps
 * @property {string} end time of the log's last request, RFC 3339
 */

/**
 * @param {DemoContext} context
 * @returns {Promise<Stage>}
 */
async function setStage({ folder, serverBinary, options, display, signal, onEnd }) {
  const workspace = await prepareWorkspace(folder);
  const { end, month } = logTime(new Date());
  const server = await startNatsServerProcess({
    binary: serverBinary,
    directory: workspace.serverFolder,
    partitionCount: PARTITION_COUNT,
  });
  onEnd(() => server.stop());
  display.step(`nats-server runs at ${server.url}, its files are in ${workspace.serverFolder}`);
  const worker = new DemoWorker(workspace, signal);
  const erps = new DemoErps(workspace, worker, options.erps);
  onEnd(() => erps.stop());
  await writeContracts(workspace, { end, accountKey: ACCOUNT_KEY, leastRequests: LEAST_REQUESTS });
  const connections = await erps.open(signal);
  writeConfig(workspace, server.url, connections);
  for (const line of erps.description()) display.step(line);
  onEnd(() => worker.kill());
  const pid = await worker.start();
  display.step(`The worker runs (process ${pid}); its status is at ${workspace.adminUrl}/status`);
  const broker = await BrokerView.open(server.url);
  onEnd(() => broker.close());
  await broker.followRated();
  const producer = new DemoProducer(workspace, {
    serverUrl: server.url,
    rate: options.rate,
    seed: options.seed,
    end,
    accountKey: ACCOUNT_KEY,
  });
  onEnd(() => producer.kill());
  display.step(
    "The producer sends 10,000 requests of a real web server as usage of two regions, its log moved so that the",
  );
  display.detail(
    `month ${month} ends within it: accounts with ${LEAST_REQUESTS} requests or more are billed by calendar months,`,
  );
  display.detail("the others from the 15th to the 15th, and accrued at the month's end. The events come");
  display.detail("with some sent twice, out of order, late, contradicting and faulty ones among them.");
  return { workspace, serverUrl: server.url, serverPid: server.pid(), worker, producer, broker, erps, end };
}

/**
 * What was known when the worker was killed, and when the next one had started.
 * @typedef {{ processed: number, committed: number, published: number, resumedFrom: { partition: number, position: number }[] }} Crash
 */

/**
 * Lets the worker run to the middle, kills it, and starts the next one.
 * @param {DemoContext} context
 * @param {Stage} stage
 * @returns {Promise<Crash>}
 */
async function processWithCrash(context, stage) {
  const { display } = context;
  const { worker, producer, workspace, erps } = stage;
  const before = await follow(
    context,
    stage,
    "the worker has read enough to be killed",
    ({ counts: { read } }) =>
      producer.total > 0 &&
      read >= producer.total * CRASH_SHARE &&
      (erps.hasPosted || read >= producer.total * LATEST_CRASH_SHARE),
  );
  await worker.kill();
  display.alarm("Killed the worker with SIGKILL, on purpose: it could finish nothing and write nothing.");
  /** @type {{ partition: number, position: number, read: number }[]} */
  const checkpoints = await tributaryJson(["inspect", "partitions", "--config", workspace.config]);
  const committed = checkpoints.reduce((sum, { read }) => sum + read, 0);
  const resumedFrom = checkpoints.map(({ partition, position }) => ({ partition, position }));
  display.detail(
    `It had processed ${figure(before.counts.read)} events; its last checkpoints hold ${figure(committed)}, the rest must be read again. The producer goes on.`,
  );
  const pid = await worker.start(() => showProgress(context, stage, undefined, committed));
  const places = resumedFrom.map(
    ({ partition, position }) => `USAGE_${partition} at ${figure(position + 1)}`,
  );
  display.step(
    `Another worker runs (process ${pid}); it resumes behind the checkpoints: ${places.join(", ")}`,
  );
  return { processed: before.counts.read, committed, published: producer.published, resumedFrom };
}

/**
 * @param {DemoContext} context
 * @param {Stage} stage
 */
async function finishSending(context, stage) {
  const { producer } = stage;
  await follow(context, stage, "the producer has sent everything", () => !producer.isRunning);
  const sent = await producer.result();
  const { published, messages, acknowledged } = sent;
  context.display.step(
    `The producer is done: ${figure(published)} events in ${figure(messages)} messages, ${figure(acknowledged)} acknowledged.`,
  );
  return sent;
}

/**
 * Waits until every stored message is processed.
 * @param {DemoContext} context
 * @param {Stage} stage
 */
async function processRest(context, stage) {
  const { broker } = stage;
  const stored = await broker.storedMessages();
  const messages = [...stored.values()].reduce((sum, sequence) => sum + sequence, 0);
  // A worker that stops delivers what is left; one that is kept does it within some seconds, to fill its files.
  const isDone = (/** @type {import("./status.mjs").WorkerStatus} */ { positions, pending }) =>
    (pending === 0 || !context.options.keep) &&
    [...stored].every(([partition, sequence]) => positions.get(partition) === sequence);
  await follow(context, stage, "every message is processed", isDone);
  context.display.step(`Everything sent is processed: ${figure(messages)} messages.`);
}

/**
 * Waits until the month is billed and every ERP has confirmed what it was sent: a worker that is stopped leaves the rest to the next.
 * @param {DemoContext} context
 * @param {Stage} stage
 */
async function billAndPost(context, stage) {
  const { erps, worker, end } = stage;
  context.display.step(
    context.options.erps.length === 0
      ? "The month's last bills are made."
      : "The month's last bills are made, and posted until every ERP has confirmed all of them.",
  );
  await erps.settle(context.signal, Date.parse(end), async () => {
    const status = await worker.status();
    if (status?.fault !== undefined) throw new DemoFault(`The worker stopped ${status.fault}`);
    showProgress(context, stage, status?.counts);
  });
}

/**
 * Shows the progress until a condition holds.
 * @param {DemoContext} context
 * @param {Stage} stage
 * @param {string} what
 * @param {(status: import("./status.mjs").WorkerStatus) => boolean} isReached
 */
function follow(context, stage, what, isReached) {
  const { worker, producer, broker } = stage;
  const ask = async () => {
    if (broker.fault !== undefined) throw broker.fault;
    if (!producer.isRunning) await producer.result();
    const status = await worker.status();
    if (status?.fault !== undefined) throw new DemoFault(`The worker stopped ${status.fault}`);
    await stage.erps.look();
    showProgress(context, stage, status?.counts);
    return status !== undefined && isReached(status) ? status : undefined;
  };
  return waitFor(what, ask, { deadlineMs: PROCESS_DEADLINE_MS, signal: context.signal });
}

/**
 * @param {DemoContext} context
 * @param {Stage} stage
 * @param {import("./status.mjs").Counts | undefined} counts undefined while no worker answers
 * @param {number} [committed] events that are committed then
 */
function showProgress({ display }, { producer, broker, erps }, counts, committed = 0) {
  display.progress({
    // The producer tells only now and then.
    published: Math.max(producer.published, counts?.read ?? 0),
    counts,
    committed,
    rated: broker.rated,
    amounts: broker.amounts(),
    posted: erps.counts,
  });
}

/**
 * @param {DemoContext} context
 * @param {Stage} stage
 */
async function keepRunning({ display, signal }, { workspace, serverUrl, serverPid }) {
  display.step("Everything keeps running until you press Ctrl-C:");
  display.detail(
    [
      `status    ${workspace.adminUrl}/status`,
      `metrics   ${workspace.adminUrl}/metrics`,
      `broker    ${serverUrl} (process ${serverPid})`,
      `results   ${join(workspace.folder, "rated")}`,
      `logs      ${workspace.workerLog}`,
      `ask it    node dist/cli/main.js explain --config ${workspace.config} access-log 4711`,
    ].join("\n"),
  );
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
