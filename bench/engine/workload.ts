import { compileCatalog } from "../../src/billing/catalog/compile.ts";
import type { CompiledCatalog, CompiledContract } from "../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../src/billing/catalog/load.ts";
import { encodeColumnarBatch, type ColumnarRow } from "../../src/ingest/wire/columnar-encoder.ts";
import { CLOUD_EVENT_BATCH_TYPE, CLOUD_EVENT_TYPE, COLUMNAR_TYPE } from "../../src/model/content-types.ts";
import type { LogMessage } from "../../src/model/log.ts";
import { partitionOf } from "../../src/model/partition.ts";

/** Partition that the bench runs, of how many: with more than one, places of accounts are checked. */
export const PARTITION = 0;
export const PARTITION_COUNT = 16;
/** Everything happens inside one hour, so that no window completes: emission is not what is measured. */
export const START_MS = Date.parse("2026-11-19T12:20:00Z");
const SPREAD_MS = 600_000;
export const EVENTS_PER_SIMULATED_SECOND = 1_000_000;
const GROUPS = ["eu-1", "eu-2", "us-1", "us-2"] as const;
const REGIONS = ["eu", "us"] as const;
const TYPE = "api.request";
const encoder = new TextEncoder();

export type WireForm = "columnar" | "json-batch" | "json-single";

export interface WorkloadOptions {
  readonly form: WireForm;
  readonly accounts: number;
  readonly events: number;
  readonly eventsPerMessage: number;
  /** Whether the meter has a dimension. */
  readonly grouped: boolean;
  /** Share of events sent twice, in percent. */
  readonly duplicatesPercent: number;
}

/** What must come out, counted without the pipeline. */
export interface Expected {
  accepted: number;
  duplicate: number;
  /** Sum of values by account and group. */
  readonly sums: Map<string, number>;
}

export interface Workload {
  /** One event of each account, so that the measured ones find their cells; not timed. */
  readonly warmUp: readonly LogMessage[];
  readonly measured: readonly LogMessage[];
  readonly events: number;
  readonly expected: Expected;
  readonly catalog: CompiledCatalog;
}

/** Numbers from a seed (mulberry32): the same workload in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Accounts that live in the bench's partition. */
function accountsOf(count: number): string[] {
  const accounts: string[] = [];
  for (let i = 0; accounts.length < count; i++) {
    const account = `acct-${i.toString(36).padStart(6, "0")}`;
    if (partitionOf(account, PARTITION_COUNT) === PARTITION) accounts.push(account);
  }
  return accounts;
}

/**
 * A catalog with one sum meter. One contract is compiled and stands for those of all accounts: a million contract files
 * take minutes to check.
 */
function catalogOf(accounts: readonly string[], grouped: boolean): CompiledCatalog {
  const loaded = loadCatalog(
    new Map<string, string>([
      ["settings.json", JSON.stringify({ regions: REGIONS, grace: "1d", disorder: "10m" })],
      [
        "meters/m.json",
        JSON.stringify({
          key: "bytes",
          event_type: TYPE,
          aggregation: "sum",
          value_property: "bytes",
          scale: 0,
          ...(grouped ? { group_by: { zone: "zone" } } : {}),
        }),
      ],
      ["products/p.json", JSON.stringify({ key: "api", name: "API" })],
      [
        "plans/p.json",
        JSON.stringify({
          key: "plan",
          version: 1,
          currency: "EUR",
          prices: [{ key: "p", product: "api", meter: "bytes", model: "per_unit", unit_price: "0.001" }],
        }),
      ],
      ["customers/c.json", JSON.stringify({ id: "c", name: "C" })],
      [
        "contracts/c.json",
        JSON.stringify({
          id: "contract",
          customer: "c",
          account: accounts[0],
          plan: { key: "plan", version: 1 },
          time_zone: "UTC",
          billing_anchor_day: 1,
          start: "2026-01-01T00:00:00Z",
        }),
      ],
    ]),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults[0]));
  const compiled = compileCatalog(loaded.catalog, loaded.version);
  const template = compiled.contract("contract");
  if (template === undefined) throw new Error("the contract is not in the catalog");
  const contracts = new Map(accounts.map((account) => [account, contractLike(template, account)]));
  const contractAt = (account: string, timeMs: number): CompiledContract | undefined => {
    const contract = contracts.get(account);
    return contract !== undefined && timeMs >= contract.startMs && timeMs < contract.endMs
      ? contract
      : undefined;
  };
  return { ...compiled, contractAt };
}

function contractLike(template: CompiledContract, account: string): CompiledContract {
  return {
    ...template,
    id: `contract-${account}`,
    account,
    periodAt: (timeMs) => template.periodAt(timeMs),
    priceOf: (meter) => template.priceOf(meter),
  };
}

export function createWorkload(options: WorkloadOptions): Workload {
  const accounts = accountsOf(options.accounts);
  const expected: Expected = { accepted: 0, duplicate: 0, sums: new Map() };
  const writer = new MessageWriter(options);
  const random = randomFrom(1);
  let id = 0;
  let arrivalMs = START_MS;
  const event = (account: string): ColumnarRow => {
    const zone = GROUPS[Math.floor(random() * GROUPS.length)] ?? "";
    const bytes = Math.floor(random() * 100_000);
    const timeMs = Math.floor(arrivalMs - random() * SPREAD_MS);
    const data = { bytes, zone };
    const key = options.grouped ? `${account} ${zone}` : account;
    expected.sums.set(key, (expected.sums.get(key) ?? 0) + bytes);
    expected.accepted++;
    return {
      id: `ev-${(id++).toString().padStart(12, "0")}`,
      source: "gateway",
      type: TYPE,
      account,
      timeMs,
      data,
    };
  };
  for (const account of accounts) writer.add(event(account), arrivalMs);
  const warmUp = writer.take();
  let last: ColumnarRow | undefined;
  for (let i = 0; i < options.events; i++) {
    arrivalMs = START_MS + Math.floor(i / (EVENTS_PER_SIMULATED_SECOND / 1_000));
    if (last !== undefined && random() * 100 < options.duplicatesPercent) expected.duplicate++;
    else last = event(accounts[Math.floor(random() * accounts.length)] ?? "");
    writer.add(last, arrivalMs);
  }
  const catalog = catalogOf(accounts, options.grouped);
  return { warmUp, measured: writer.take(), events: options.events, expected, catalog };
}

class MessageWriter {
  readonly #form: WireForm;
  readonly #eventsPerMessage: number;
  #rows: ColumnarRow[] = [];
  #messages: LogMessage[] = [];
  #sequence = 0;

  constructor(options: Pick<WorkloadOptions, "form" | "eventsPerMessage">) {
    this.#form = options.form;
    this.#eventsPerMessage = options.form === "json-single" ? 1 : options.eventsPerMessage;
  }

  add(row: ColumnarRow, arrivalMs: number): void {
    this.#rows.push(row);
    if (this.#rows.length === this.#eventsPerMessage) this.#flush(arrivalMs);
  }

  take(): LogMessage[] {
    if (this.#rows.length > 0) this.#flush(START_MS);
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }

  #flush(arrivalMs: number): void {
    const sequence = ++this.#sequence;
    const region = REGIONS[sequence % REGIONS.length] ?? "";
    const [contentType, data] = encode(this.#form, this.#rows);
    this.#messages.push({ sequence, subject: `usage.${PARTITION}.${region}`, contentType, arrivalMs, data });
    this.#rows = [];
  }
}

function encode(
  form: WireForm,
  rows: readonly ColumnarRow[],
): readonly [contentType: string, data: Uint8Array] {
  // A copy of its own: the packer hands out views into its buffer, a broker's client does the same with what it read.
  if (form === "columnar") return [COLUMNAR_TYPE, encodeColumnarBatch(rows).slice()];
  const texts = rows.map(eventText);
  return form === "json-single"
    ? [CLOUD_EVENT_TYPE, encoder.encode(texts[0])]
    : [CLOUD_EVENT_BATCH_TYPE, encoder.encode(`[${texts.join(",")}]`)];
}

function eventText(row: ColumnarRow): string {
  const { id, source, type, account, timeMs, data } = row;
  const time = new Date(timeMs).toISOString();
  return JSON.stringify({ specversion: "1.0", id, source, type, subject: account, time, data });
}
