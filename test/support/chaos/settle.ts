import { setTimeout as delay } from "node:timers/promises";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { DOCUMENT_STREAM, usageStream } from "../../../src/ingest/jetstream/names.ts";
import type { ErpLandscape } from "../erp/erp-landscape.ts";
import { PostingRows, type Row } from "../erp/posting-rows.ts";
import { publishedDocuments } from "../worker/billed-month.ts";
import type { WorkerStatus } from "../worker/worker-process.ts";
import type { Workspace } from "../worker/workspace.ts";
import { CHAOS_ACCOUNTS, CHAOS_PARTITIONS, INVOICES } from "./chaos-catalog.ts";
import type { ChaosFleet } from "./chaos-fleet.ts";

/** Between looks; each costs processor time of workers and of commands. */
const LOOK_MS = 500;
/** Some checkpoints fit in. */
const CHECKPOINT_MS = 1_000;
/** Commands are processes. */
const POSTINGS_LOOK_MS = 1_500;
const ANSWER_MS = 5_000;
const SHOWN = 20;

export interface SettleOptions {
  readonly workspace: Workspace;
  readonly fleet: ChaosFleet;
  readonly connection: BrokerConnection;
  readonly erps: ErpLandscape;
  readonly deadlineMs: number;
}

/**
 * Waits until all usage is processed and published, events of other partitions sent on too. Throws at the deadline, with what is open.
 */
export async function settlePartitions(options: SettleOptions): Promise<void> {
  await settleSteps(options, [PROCESSED]);
}

/**
 * Waits until all usage is processed and published, all documents are numbered and all of them are posted. Gives the time that it took; throws at the
 * deadline, with what is open.
 */
export async function settle(options: SettleOptions): Promise<number> {
  const startedMs = performance.now();
  // What came of postings is written down at last.
  await settleSteps(options, [PROCESSED, NUMBERED, POSTED, PROCESSED]);
  return performance.now() - startedMs;
}

interface Step {
  readonly fault: string;
  readonly open: (options: SettleOptions) => Promise<readonly string[]>;
}

const PROCESSED: Step = { fault: "usage is not processed and published", open: openPartitionsTwice };
const NUMBERED: Step = { fault: "documents are missing", open: missingDocuments };
const POSTED: Step = { fault: "documents are not posted", open: openPostings };

async function settleSteps(options: SettleOptions, steps: readonly Step[]): Promise<void> {
  const { deadlineMs } = options;
  const startedMs = performance.now();
  for (const step of steps)
    for (;;) {
      const open = await step.open(options).catch((fault: unknown) => [`can't be told: ${String(fault)}`]);
      if (open.length === 0) break;
      if (performance.now() - startedMs > deadlineMs)
        throw new Error(`${step.fault} within ${deadlineMs} ms:\n${open.slice(0, SHOWN).join("\n")}`);
      await delay(LOOK_MS);
    }
}

/** What was processed a moment ago shows in the outbox with the next checkpoint only. */
async function openPartitionsTwice(options: SettleOptions): Promise<readonly string[]> {
  const open = await openPartitions(options);
  if (open.length > 0) return open;
  await delay(CHECKPOINT_MS);
  return await openPartitions(options);
}

async function openPartitions({ fleet, connection }: SettleOptions): Promise<readonly string[]> {
  const statuses = await fleet.statuses(ANSWER_MS);
  const running = new Map<number, WorkerStatus["partitions"][number]>();
  for (const status of statuses)
    for (const partition of status?.partitions ?? [])
      if (partition.state === "running" || !running.has(partition.partition))
        running.set(partition.partition, partition);
  const open: string[] = [];
  for (let partition = 0; partition < CHAOS_PARTITIONS; partition++) {
    const { state } = await connection.manager.streams.info(usageStream(partition));
    const found = running.get(partition);
    const pending = found?.sinks.filter((sink) => sink.pending > 0) ?? [];
    if (found?.state !== "running" || found.position !== state.last_seq || pending.length > 0)
      open.push(`partition ${partition} of ${state.last_seq} messages: ${JSON.stringify(found)}`);
  }
  return open;
}

async function missingDocuments({ connection }: SettleOptions): Promise<readonly string[]> {
  const { state } = await connection.manager.streams.info(DOCUMENT_STREAM);
  if (state.messages === 0) return ["no documents"];
  const documents = await publishedDocuments(connection);
  return documents.length >= INVOICES ? [] : [`${documents.length} of ${INVOICES} documents`];
}

async function openPostings({ workspace, fleet, erps }: SettleOptions): Promise<readonly string[]> {
  await delay(POSTINGS_LOOK_MS);
  const rows = new Map<string, Row>();
  for (const worker of fleet.disks.keys()) {
    const printed = await workspace.command(["inspect", "postings", "--json"], fleet.configOf(worker));
    const own: readonly Row[] = JSON.parse(printed);
    for (const row of own) {
      const key = `${row.connection} ${row.key}`;
      // A former owner's state is behind.
      if (!rows.has(key) || PostingRows.isPosted(row)) rows.set(key, row);
    }
  }
  const all = [...rows.values()];
  const open = all.filter((row) => !PostingRows.isPosted(row)).map((row) => JSON.stringify(row));
  for (const { key, erp } of erps.erps) {
    const count = erp.documents().length;
    if (count < INVOICES) open.push(`${count} of ${INVOICES} documents are in ${key}`);
    for (const [kind, least] of [
      ["customer", CHAOS_ACCOUNTS.length],
      ["invoice", INVOICES],
      ["journal", 1],
    ] as const) {
      const count = all.filter((row) => row.connection === key && row.kind === kind).length;
      if (count < least) open.push(`${count} of ${least} rows ${kind} of ${key}`);
    }
  }
  return open;
}
