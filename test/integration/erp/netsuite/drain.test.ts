import { afterEach, beforeEach, expect, test } from "vitest";
import { setTimeout as delay } from "node:timers/promises";
import { noFaults } from "../../../../src/model/fault-injection.ts";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { defaultPolicy } from "../../../../src/sinks/posting/posting-policy.ts";
import { PostingRunner } from "../../../../src/sinks/posting/posting-runner.ts";
import { DEFAULT_RECONCILIATION } from "../../../../src/sinks/posting/runner-options.ts";
import { openPostingStore } from "../../../../src/state/postings/posting-store.ts";
import { commandLog, MemoryStream, postingLog, queueCommands } from "../../../support/posting/memory-logs.ts";
import { MemoryLeases } from "../../../support/memory-leases.ts";
import { SimClock } from "../../../support/posting/sim-clock.ts";
import { SimProcess } from "../../../support/posting/sim-process.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { command, customer, invoice } from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping } from "./account-fixture.ts";

/** How fast a backlog drains, with and without batches, by the runner and the adapter of a worker against an account that takes its time. */

const CONNECTION = "main";
const DOCUMENTS = Number(process.env["TRIBUTARY_DRAIN_DOCUMENTS"] ?? 60);
const QUOTA = { maxConcurrent: 3, rate: undefined, perDay: undefined };
const LATENCY_MS = 300;
const LEASE_MS = 60_000;
/** Of the time and the requests that documents cost one at a time. */
const SHARE_OF_TIME = 0.8;
const SHARE_OF_REQUESTS = 0.5;

/** The machine's time, where simulations have their own. */
class MachineClock extends SimClock {
  override nowMs(): number {
    return Date.now();
  }
  override monotonicMs(): number {
    return performance.now();
  }
  override schedule(delayMs: number, task: () => void): () => void {
    const timer = setTimeout(task, Math.max(0, delayMs));
    return () => {
      clearTimeout(timer);
    };
  }
  override async delay(ms: number): Promise<void> {
    await delay(ms);
  }
}

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

/** Invoices of as many orders: none waits for another one. */
const COMMANDS: readonly PostingCommand[] = Array.from({ length: DOCUMENTS }, (_, index) =>
  command(invoice({ number: `N-${index}` }), { orderKey: `order-${index}`, after: [] }),
);

/** Drains the backlog; until when all was confirmed, and the requests that were made for it. */
async function drained(): Promise<{ readonly ms: number; readonly requests: number }> {
  const clock = new MachineClock();
  const process = new SimProcess(clock, 0);
  const commands = new MemoryStream(`COMMANDS_${CONNECTION}`, clock);
  queueCommands(commands, COMMANDS);
  const store = openPostingStore(":memory:", CONNECTION);
  const runner = new PostingRunner({
    connection: CONNECTION,
    leaseName: CONNECTION,
    owner: "worker",
    sink: books.sink,
    commands: commandLog(commands, process, clock),
    postings: postingLog({
      stream: new MemoryStream(`POSTINGS_${CONNECTION}`, clock),
      process,
      clock,
      latencyMs: 2,
      nextFault: () => undefined,
    }),
    leases: new MemoryLeases(LEASE_MS).boardOf(process),
    store,
    results: { maxResults: 50, send: () => Promise.resolve() },
    quota: QUOTA,
    policy: { ...defaultPolicy(books.sink), firstPollMs: LATENCY_MS },
    reconciliation: DEFAULT_RECONCILIATION,
    clock,
    random: Math.random,
    faults: noFaults,
    onFault: (fault) => {
      throw fault;
    },
    onResultFailed: () => undefined,
    onSubscribed: () => undefined,
    onSubscriptionFailed: () => undefined,
  });
  const before = books.simulator.ledger().requests.length;
  const startedMs = performance.now();
  runner.start();
  const states = (): readonly string[] => store.backlog().map(({ state }) => state);
  await waitUntil("all to be there", () => {
    const all = states();
    return all.length > 0 && all.every((state) => state === "confirmed" || state === "reconciled");
  });
  const ms = performance.now() - startedMs;
  await waitUntil("all to be read back", () => states().every((state) => state === "reconciled"));
  const requests = books.simulator.ledger().requests.length - before;
  await runner.stop();
  store.close();
  return { ms, requests };
}

test(`${DOCUMENTS} invoices at ${LATENCY_MS} ms a request, ${QUOTA.maxConcurrent} at a time: batches cost a fraction`, async () => {
  const figures: Record<string, Awaited<ReturnType<typeof drained>>> = {};
  for (const way of ["a document a request", "batches"] as const) {
    await books.restart({ latencyMs: 0, asyncDelayMs: LATENCY_MS });
    await books.post(command(customer()));
    books.simulator.control({ do: "set-latency", ms: LATENCY_MS });
    books.open({ isAsynchronous: way === "batches" });
    figures[way] = await drained();
    const invoices = books.simulator.ledger().records.filter(({ type }) => type === "invoice");
    expect(invoices).toHaveLength(DOCUMENTS);
    expect(invoices.every(({ commits }) => commits === 1)).toBe(true);
    expect(books.simulator.ledger().highestConcurrency).toBeLessThanOrEqual(QUOTA.maxConcurrent);
  }
  const { "a document a request": single, batches } = figures;
  if (single === undefined || batches === undefined) throw new Error("nothing was measured");
  for (const [way, { ms, requests }] of Object.entries(figures))
    process.stderr.write(
      `drain: ${way}: ${DOCUMENTS} invoices in ${Math.round(ms)} ms (${((DOCUMENTS * 1_000) / ms).toFixed(1)} a second), ${requests} requests with those that read back\n`,
    );
  expect(batches.ms / single.ms).toBeLessThan(SHARE_OF_TIME);
  expect(batches.requests / single.requests).toBeLessThan(SHARE_OF_REQUESTS);
});
