import { createHash } from "node:crypto";
import { compileCatalog } from "../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../src/billing/catalog/load.ts";
import { encodeColumnarBatch, type ColumnarRow } from "../../src/ingest/wire/columnar-encoder.ts";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import { loadCatalogFiles } from "../../src/load/load-catalog.ts";
import { accountName, eventType, meterKey, VALUE_PROPERTY } from "../../src/load/names.ts";
import { COLUMNAR_TYPE } from "../../src/model/content-types.ts";
import type { LogMessage } from "../../src/model/log.ts";
import type { OutboxEntry, RatedAggregate } from "../../src/model/outputs.ts";
import { PartitionEngine } from "../../src/pipeline/partition-engine.ts";
import { ratedTarget } from "../../src/sinks/publication-target.ts";
import { ChunkPool } from "../../src/state/writer/chunk-pool.ts";
import { EntryPacker, unpack, type PackedEntries } from "../../src/state/writer/packed-entries.ts";

const HOUR_MS = 3_600_000;
const HASH_KEY = "00112233445566778899aabbccddeeff";
const DISORDER_MS = 1_000;
const REGIONS = ["eu", "us"] as const;
/** As the load generator has them: every other price is graduated. */
const METERS = 4;
const EVENTS_PER_MESSAGE = 4_000;
/** Entries of a publication, as the outbox takes them out. */
const ENTRIES_PER_PUBLICATION = 500;
const FIRST_HOUR_MS = Date.parse("2026-11-02T00:00:00Z");

export interface WindowsResult {
  /** Windows that were measured. */
  readonly windows: number;
  /** Processor time a window, nanoseconds: rated and put out; collected and packed for a checkpoint; made a publication. */
  readonly rateNs: number;
  readonly packNs: number;
  readonly publishNs: number;
  /** SHA-256 of all outputs, rows of state and publications. */
  readonly hash: string;
}

/**
 * What a window costs that completes. Each hour has an event of each account and meter; then the watermark passes the
 * hour's end with one event a region, and all windows complete at once. The first hours are for the compilers.
 * RangeError where the windows of an hour are not those of a naive count.
 * @param hours measured, 1 or more
 */
export async function benchWindows(
  accounts: number,
  hours: number,
  warmUpHours: number,
): Promise<WindowsResult> {
  const catalog = catalogOf(accounts);
  const engine = new PartitionEngine({
    partition: 0,
    partitionCount: 1,
    decoder: createDecoder(HASH_KEY),
    hashKey: HASH_KEY,
    settings: catalog.settings,
    sha256: (...parts) => {
      const digest = createHash("sha256");
      for (const part of parts) digest.update(part);
      return digest.digest();
    },
  });
  engine.apply(
    {
      sequence: 1,
      record: { kind: "catalog", version: catalog.version, appliesAfter: 0, decidedAt: "" },
    },
    new Uint8Array(0),
    catalog,
    [],
  );
  const hash = createHash("sha256");
  const target = ratedTarget({
    partition: 0,
    log: {
      last: () => Promise.resolve({ ordinal: 0, sequence: 0 }),
      publish: (_subject, data, { lastOrdinal }) => {
        if (isMeasured) published.push(data);
        return Promise.resolve(lastOrdinal);
      },
    },
  });
  let published: Uint8Array[] = [];
  let isMeasured = false;
  const spent = { rate: 0, pack: 0, publish: 0 };
  let windows = 0;
  const usage = new UsageOfHours(accounts);
  for (let hour = 0; hour < warmUpHours + hours; hour++) {
    isMeasured = hour >= warmUpHours;
    const startMs = FIRST_HOUR_MS + hour * HOUR_MS;
    engine.process(usage.ofHour(startMs));
    engine.collect();
    const ending = usage.atEnd(startMs + HOUR_MS);
    let from = process.cpuUsage();
    engine.process(ending);
    const rateNs = nanosecondsSince(from);
    from = process.cpuUsage();
    const { outbox, rows } = engine.collect();
    const packed = pack(outbox, rows);
    const packNs = nanosecondsSince(from);
    from = process.cpuUsage();
    for (let at = 0; at < outbox.length; at += ENTRIES_PER_PUBLICATION)
      await target.deliver(outbox.slice(at, at + ENTRIES_PER_PUBLICATION));
    const publishNs = nanosecondsSince(from);
    usage.verify(startMs, outbox);
    if (!isMeasured) continue;
    windows += outbox.length;
    spent.rate += rateNs;
    spent.pack += packNs;
    spent.publish += publishNs;
    for (const chunk of packed)
      for (const { name, number, value } of unpack(chunk))
        hash.update(`${name} ${number}\n`).update(value ?? "none");
    for (const bytes of published) hash.update(bytes);
    published = [];
  }
  return {
    windows,
    rateNs: spent.rate / windows,
    packNs: spent.pack / windows,
    publishNs: spent.publish / windows,
    hash: hash.digest("hex"),
  };
}

function catalogOf(accounts: number): CompiledCatalog {
  const loaded = loadCatalog(
    loadCatalogFiles({ accounts, meters: METERS, regions: REGIONS, disorderMs: DISORDER_MS }),
  );
  if (!loaded.ok) throw new RangeError(JSON.stringify(loaded.faults[0]));
  return compileCatalog(loaded.catalog, loaded.version);
}

/** As a checkpoint sends them to the thread that writes it. */
function pack(
  outbox: readonly OutboxEntry[],
  rows: Iterable<{ readonly space: string; readonly key: number; readonly value: Uint8Array | null }>,
): PackedEntries[] {
  const packer = new EntryPacker(new ChunkPool());
  const chunks: PackedEntries[] = [];
  const take = (): void => {
    const packed = packer.take();
    if (packed !== undefined) chunks.push(packed);
  };
  for (const { space, key, value } of rows) if (packer.add(space, key, value)) take();
  for (const { channel, ordinal, body } of outbox) if (packer.addText(channel, ordinal, body)) take();
  take();
  return chunks;
}

/** Messages of events that follow from their numbers alone. */
class UsageOfHours {
  readonly #accounts: readonly string[];
  readonly #types = Array.from({ length: METERS }, (_, meter) => eventType(meter));
  /** Sums of values by hour, account and meter, counted without the engine. */
  readonly #expected = new Map<string, number>();
  #events = 0;
  #sequence = 0;

  constructor(accounts: number) {
    this.#accounts = Array.from({ length: accounts }, (_, account) => accountName(account));
  }

  /** An event of each account and meter within the hour. */
  ofHour(startMs: number): LogMessage[] {
    const rows = this.#accounts.flatMap((account) =>
      this.#types.map((type) => this.#event(account, type, startMs + HOUR_MS / 2)),
    );
    const messages: LogMessage[] = [];
    for (let at = 0; at < rows.length; at += EVENTS_PER_MESSAGE)
      messages.push(
        this.#message(REGIONS[0], rows.slice(at, at + EVENTS_PER_MESSAGE), startMs + HOUR_MS / 2),
      );
    return messages;
  }

  /** One event a region, behind which the hour before `endMs` is complete. */
  atEnd(endMs: number): LogMessage[] {
    const timeMs = endMs + DISORDER_MS;
    const [account = ""] = this.#accounts;
    const [type = ""] = this.#types;
    return REGIONS.map((region) => this.#message(region, [this.#event(account, type, timeMs)], timeMs));
  }

  /** RangeError where the outputs of an hour's end are not one window with the expected value a series. */
  verify(startMs: number, outbox: readonly OutboxEntry[]): void {
    const start = new Date(startMs).toISOString();
    const windows = new Map<string, string>();
    for (const { body } of outbox) {
      const { account, meter, start: windowStart, value }: RatedAggregate = JSON.parse(body);
      if (windowStart === start) windows.set(`${account} ${meter}`, value);
    }
    for (const [meter, type] of this.#types.entries())
      for (const account of this.#accounts) {
        const value = windows.get(`${account} ${meterKey(meter)}`);
        const key = `${startMs} ${account} ${type}`;
        const expected = this.#expected.get(key);
        this.#expected.delete(key);
        if (value !== `${expected}`)
          throw new RangeError(`${account} has ${value} of ${type} at ${start}, not ${expected}`);
      }
    if (outbox.length !== windows.size)
      throw new RangeError(`${outbox.length} outputs at ${start}, not ${windows.size}`);
  }

  #event(account: string, type: string, timeMs: number): ColumnarRow {
    const number = this.#events++;
    const value = (number * 7_919) % 100_003;
    const key = `${Math.floor(timeMs / HOUR_MS) * HOUR_MS} ${account} ${type}`;
    this.#expected.set(key, (this.#expected.get(key) ?? 0) + value);
    const data = { [VALUE_PROPERTY]: value };
    return {
      id: `ev-${number.toString().padStart(12, "0")}`,
      source: "gateway",
      type,
      account,
      timeMs,
      data,
    };
  }

  #message(region: string, rows: readonly ColumnarRow[], arrivalMs: number): LogMessage {
    const sequence = ++this.#sequence;
    const data = encodeColumnarBatch(rows).slice();
    return { sequence, subject: `usage.0.${region}`, contentType: COLUMNAR_TYPE, arrivalMs, data };
  }
}

function nanosecondsSince(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) * 1_000;
}
