import { createHash } from "node:crypto";
import { compileCatalog } from "../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../src/billing/catalog/load.ts";
import { createDecoder } from "../../src/ingest/wire/decoder.ts";
import { encodeControl, type ControlRecord } from "../../src/model/control.ts";
import type { LogMessage } from "../../src/model/log.ts";
import { SliceBudget, type SlicedWork } from "../../src/model/sliced-work.ts";
import type { PartitionStore, StateRow } from "../../src/model/store.ts";
import { storedAbout } from "../../src/pipeline/stored-about.ts";
import { correctedDocument, needsCheckpoint } from "../../src/pipeline/corrected-document.ts";
import type { SealingLimits } from "../../src/operators/deduplicate/sealing-policy.ts";
import type { PartitionEngineOptions } from "../../src/pipeline/engine-options.ts";
import { PartitionEngine } from "../../src/pipeline/partition-engine.ts";
import { TEST_ERPS } from "./test-erps.ts";
import { openPartitionStore } from "../../src/state/partition-store.ts";

export const HASH_KEY = "00112233445566778899aabbccddeeff";
export const HOUR_MS = 3_600_000;
export const BASE_MS = Date.parse("2026-03-28T00:00:00Z");

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const METERS = ["sum", "min", "max", "latest", "unique", "time_weighted"] as const;

const KEEPS_VALUES: readonly string[] = ["min", "max", "latest", "unique"];

/**
 * A catalog with a meter of every aggregation on one event type, and contracts for the given accounts.
 * @param contractFields of each account's contract, or of several that follow one another
 * @param retractable whether meters keep what they need to take events back
 */
export function testCatalog(
  accounts: readonly string[],
  extraTypes: readonly string[] = [],
  contractFields: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[] = {},
  retractable = false,
): CompiledCatalog {
  const meters = [
    { key: "requests", event_type: "usage", aggregation: "count", group_by: { status: "status" } },
    ...METERS.map((aggregation) => ({
      key: aggregation,
      event_type: "usage",
      aggregation,
      value_property: aggregation === "unique" ? "user" : "amount",
      ...(aggregation === "unique" ? {} : { scale: 3 }),
      ...(retractable && KEEPS_VALUES.includes(aggregation) ? { retractable } : {}),
    })),
    ...extraTypes.map((type) => ({ key: `count_${type}`, event_type: type, aggregation: "count" })),
  ];
  const files = new Map<string, string>([
    [
      "settings.yaml",
      JSON.stringify({
        regions: ["eu", "us"],
        grace: "6h",
        disorder: "10m",
        max_age: "10d",
        dedupe_horizon: "12d",
      }),
    ],
    ["meters/all.json", JSON.stringify(meters)],
    ["products/all.json", JSON.stringify([{ key: "api", name: "API" }])],
    ["customers/all.json", JSON.stringify([{ id: "customer", name: "Customer" }])],
    [
      "plans/standard.json",
      JSON.stringify({
        key: "standard",
        version: 1,
        name: "Standard",
        currency: "EUR",
        prices: [
          { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
          {
            key: "sum",
            product: "api",
            meter: "sum",
            model: "graduated",
            tiers: [{ up_to: "50", unit_price: "0.1", flat_fee: "1" }, { unit_price: "0.07" }],
          },
          { key: "unique", product: "api", meter: "unique", model: "per_unit", unit_price: "2" },
          { key: "level", product: "api", meter: "time_weighted", model: "per_unit", unit_price: "0.01" },
        ],
      }),
    ],
    [
      "plans/varied.json",
      JSON.stringify({
        key: "varied",
        version: 1,
        name: "A price of each kind that is charged otherwise",
        currency: "EUR",
        prices: [
          {
            key: "requests",
            product: "api",
            meter: "requests",
            model: "matrix",
            dimensions: ["status"],
            default_unit_price: "0.01",
            cells: [{ when: { status: "ok" }, unit_price: "0.02" }],
          },
          {
            key: "sum",
            product: "api",
            meter: "sum",
            model: "per_unit",
            unit_price: "0.37",
            rate_per: "window",
          },
          {
            key: "max",
            product: "api",
            meter: "max",
            model: "package",
            package_size: "2",
            package_price: "1",
          },
          {
            key: "unique",
            product: "api",
            meter: "unique",
            model: "graduated",
            tiers: [{ up_to: "3", unit_price: "2" }, { unit_price: "1" }],
          },
          {
            key: "latest",
            product: "api",
            meter: "latest",
            model: "percentage",
            rate_percent: "2.5",
            fixed_fee: "0.1",
          },
        ],
      }),
    ],
    [
      "plans/fees.json",
      JSON.stringify({
        key: "fees",
        version: 1,
        currency: "EUR",
        prices: [
          { key: "support", product: "api", model: "flat", amount: "100", billed: "in_advance" },
          { key: "seat", product: "api", model: "flat", amount: "31" },
          { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
          {
            key: "sum",
            product: "api",
            meter: "sum",
            model: "volume",
            tiers: [{ up_to: "50", unit_price: "0.1" }, { unit_price: "0.07" }],
            minimum_amount: "2",
          },
        ],
        commitments: [{ key: "all", amount: "150", counts: ["recurring", "usage"], overage_factor: "1.5" }],
      }),
    ],
    [
      "plans/by-event.json",
      JSON.stringify({
        key: "by-event",
        version: 1,
        name: "A price that charges events one by one",
        currency: "EUR",
        prices: [
          {
            key: "sum",
            product: "api",
            meter: "sum",
            model: "percentage",
            rate_percent: "2.9",
            fixed_fee: "0.3",
            min_per_event: "0.35",
            max_per_event: "20",
          },
          { key: "requests", product: "api", meter: "requests", model: "per_unit", unit_price: "0.013" },
        ],
      }),
    ],
    [
      "contracts/all.json",
      JSON.stringify(
        accounts.flatMap((account) =>
          [contractFields].flat().map((fields, index) => ({
            id: `contract-${account}${index === 0 ? "" : `-${index + 1}`}`,
            customer: "customer",
            account,
            plan: { key: "standard", version: 1 },
            time_zone: "Europe/Berlin",
            billing_anchor_day: 1,
            start: "2025-01-01",
            ...fields,
          })),
        ),
      ),
    ],
  ]);
  const loaded = loadCatalog(files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

/** A step of a partition's two logs, in the order in which it applies. */
export type LogStep =
  | { readonly kind: "message"; readonly message: LogMessage }
  | { readonly kind: "control"; readonly record: ControlRecord; readonly catalog?: CompiledCatalog };

export interface CutPlan {
  /** Whether a run ends after step i. */
  readonly cut: (step: number) => boolean;
  /** Whether a checkpoint is committed after step i. */
  readonly commit: (step: number) => boolean;
  /** Whether the engine is thrown away after the commit at step i and restored from the store. */
  readonly restart: (step: number) => boolean;
  /**
   * Messages that are processed while the rows of the checkpoint at step i are read, one row a message; undefined: all
   * rows are read at once. Where the engine is thrown away afterwards, so is what these messages did.
   */
  readonly meanwhile?: (step: number) => number;
  /** Units of work in a slice; undefined: those of the live pipeline. */
  readonly unitsPerSlice?: number;
  /** Called between two slices of a step. */
  readonly betweenSlices?: (engine: PartitionEngine) => void;
}

/**
 * Slices that end anywhere: behind any unit of work, or behind some hundreds. Between two of them the engine says that it
 * is at no position.
 */
export function slicesAnywhere(dice: readonly number[]): Pick<CutPlan, "unitsPerSlice" | "betweenSlices"> {
  return {
    unitsPerSlice: 1 + (dice[0] ?? 0) * (dice[1] ?? 0) ** 2,
    betweenSlices: (engine) => {
      if (!engine.isBetweenPositions) throw new Error("a slice ended at a position");
    },
  };
}

/** Where keys are sealed, and when. */
export type SealingOptions = Pick<PartitionEngineOptions, "segments" | "sealing" | "budget">;

export function createEngine(catalog: CompiledCatalog, sealing: SealingOptions = {}): PartitionEngine {
  return new PartitionEngine({
    partition: 0,
    partitionCount: 1,
    decoder: createDecoder(HASH_KEY),
    hashKey: HASH_KEY,
    settings: catalog.settings,
    sha256,
    erpDescriptions: TEST_ERPS,
    ...sealing,
  });
}

export interface StoredIn {
  /** A store of its own in memory by default. */
  readonly store?: PartitionStore;
  readonly sealing?: SealingLimits;
}

/** Runs the logs through engines, cut as the plan says; returns the store with the last checkpoint. */
export async function runLogs(
  steps: readonly LogStep[],
  first: CompiledCatalog,
  plan: CutPlan,
  stored: StoredIn = {},
): Promise<{ store: PartitionStore; engine: PartitionEngine }> {
  const store = stored.store ?? openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  const sealing = {
    segments: store.segments,
    ...(stored.sealing && { sealing: stored.sealing }),
    ...(plan.unitsPerSlice !== undefined && { budget: new SliceBudget(plan.unitsPerSlice) }),
  };
  const catalogs = new Map<string, CompiledCatalog>();
  let engine = createEngine(first, sealing);
  engine.bind("usage-created", "control-created");
  let waiting: LogMessage[] = [];
  let controlSequence = 0;
  const take = (work: SlicedWork): void => {
    while (work.next().done !== true) plan.betweenSlices?.(engine);
  };
  const flush = (): void => {
    take(engine.processInSlices(waiting));
    waiting = [];
  };
  /** Freezes at step i and reads the rows late; returns the step up to which the engine has gone on. */
  const commitFrozen = async (i: number, messages: number): Promise<number> => {
    const frozen = engine.freeze();
    const rows: StateRow[] = [];
    const unread = frozen.rows[Symbol.iterator]();
    const readOne = (): boolean => {
      const next = unread.next();
      if (next.done === true) return false;
      rows.push({ ...next.value, value: next.value.value?.slice() ?? null });
      return true;
    };
    let at = i;
    for (let next = steps[at + 1]; next?.kind === "message" && at < i + messages; next = steps[at + 1]) {
      take(engine.processInSlices([next.message]));
      at += 1;
      readOne();
    }
    while (readOne());
    await store.commit({ ...frozen, rows });
    return at;
  };
  let processedTo = -1;
  for (const [i, step] of steps.entries()) {
    if (i <= processedTo) continue;
    if (step.kind === "message") waiting.push(step.message);
    else {
      flush();
      if (step.catalog !== undefined) catalogs.set(step.catalog.version, step.catalog);
      if (needsCheckpoint(step.record)) await store.commit(engine.collect());
      const parked = step.catalog === undefined ? [] : store.parked();
      take(
        engine.applyInSlices(
          { sequence: ++controlSequence, record: step.record },
          encodeControl(step.record),
          step.catalog,
          parked,
          correctedDocument(step.record, store),
          store,
        ),
      );
    }
    if (plan.cut(i)) flush();
    if (plan.commit(i)) {
      flush();
      const messages = plan.meanwhile?.(i);
      if (messages === undefined) await store.commit(engine.collect());
      else processedTo = await commitFrozen(i, messages);
      if (plan.restart(i)) {
        processedTo = -1;
        const version = storedAbout(store).catalogVersion;
        engine = createEngine(first, sealing);
        engine.restore(store, version === undefined ? undefined : catalogs.get(version));
      }
    }
  }
  flush();
  await store.commit(engine.collect());
  return { store, engine };
}
