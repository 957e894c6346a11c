import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import { journalOf } from "../../../src/pipeline/billing-report.ts";
import {
  billingRun,
  journalRun,
  nextBillingStep,
  numberDocuments,
} from "../../../src/pipeline/billing-steps.ts";
import { closeReport, type CloseReport } from "../../../src/pipeline/close/close-report.ts";
import { timedScope, type TimedScope } from "../../../src/pipeline/close/close-scope.ts";
import { partitionClose, type PartitionClose } from "../../../src/pipeline/close/partition-close.ts";
import { controlLine, eventLine } from "../../../src/pipeline/export-line.ts";
import { OPERATIONS } from "../../../src/pipeline/operations/operations.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { createEngine } from "../../support/engine-fixture.ts";

export const at = (time: string): number => Date.parse(time.length === 10 ? `${time}T00:00:00Z` : time);
export const TARGET = "publish-document";
/** When the tests' owners decide. */
export const NOW_MS = at("2027-01-01");

const FILES: Readonly<Record<string, unknown>> = {
  "settings.yaml": {
    regions: ["eu", "us"],
    grace: "48h",
    disorder: "10m",
    max_age: "60d",
    dedupe_horizon: "70d",
  },
  "meters/all.json": { key: "calls", event_type: "usage", aggregation: "sum", value_property: "amount" },
  "products/all.json": [{ key: "api", name: "API" }],
  "customers/all.json": [
    { id: "customer", name: "Customer", country: "DE" },
    { id: "abroad", name: "Abroad", country: "FR" },
  ],
  "legal_entities/all.json": [
    { key: "north", name: "North", country: "DE", time_zone: "Europe/Berlin" },
    { key: "south", name: "South", country: "DE", time_zone: "Europe/Berlin" },
  ],
  "tax_rates/all.json": [{ key: "de", name: "VAT", country: "DE", percent: "20", from: "2020-01-01" }],
  "plans/all.json": {
    key: "plan",
    version: 1,
    currency: "EUR",
    prices: [{ key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.1" }],
  },
  "contracts/all.json": [
    ["acme", "north", "customer"],
    ["abroad", "north", "abroad"],
    ["other", "south", "customer"],
  ].map(([account, entity, customer]) => ({
    id: `C-${account}`,
    customer,
    account,
    plan: { key: "plan", version: 1 },
    time_zone: "Europe/Berlin",
    start: "2026-01-01",
    end: "2026-12-01",
    legal_entity: entity,
  })),
};

/** A region that is silent, two legal entities, a customer whose tax can't be told. */
export function closeCatalog(files: Readonly<Record<string, unknown>> = {}): CompiledCatalog {
  const all = { ...FILES, ...files };
  const loaded = loadCatalog(
    new Map(Object.entries(all).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;
export type Decision = Without<ControlRecord, "appliesAfter" | "decidedAt">;

export interface UsageOptions {
  readonly id?: string;
  readonly region?: string;
  readonly type?: string;
  readonly arrival?: string;
}

/** A partition of two logs in memory whose contracts are billed as soon as they are due. */
export class ClosingPartition {
  readonly engine;
  readonly store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  /** Both logs as `export` writes them. */
  readonly lines: string[] = [];
  readonly #ranks = new Map<string, number>();
  #sequence = 0;
  #controls = 0;
  #requests = 0;

  constructor(catalog = closeCatalog()) {
    this.engine = createEngine(catalog);
    this.decide({ kind: "catalog", version: catalog.version }, catalog);
  }

  /** An event of an account; without bills, documents that become due stay undone. */
  use(account: string, amount: number, time: string, options: UsageOptions = {}): this {
    const { id = `e${this.#sequence}`, region = "eu", type = "usage", arrival = time } = options;
    const text = JSON.stringify({
      specversion: "1.0",
      id,
      source: "test",
      type,
      subject: account,
      time: new Date(at(time)).toISOString(),
      data: { amount },
    });
    return this.send(text, arrival, region);
  }

  send(text: string, arrival: string, region = "eu"): this {
    const message: LogMessage = {
      sequence: ++this.#sequence,
      subject: `usage.0.${region}`,
      contentType: "application/cloudevents+json",
      arrivalMs: at(arrival),
      data: new TextEncoder().encode(text),
    };
    this.engine.process([message]);
    this.lines.push(eventLine(text, 0, region, message.arrivalMs));
    return this;
  }

  decide(decision: Decision, catalog?: CompiledCatalog): this {
    const record: ControlRecord = {
      ...decision,
      appliesAfter: this.#sequence,
      decidedAt: "2026-04-05T00:00:00Z",
    };
    this.lines.push(controlLine(0, this.#controls + 1, JSON.stringify(record)));
    this.engine.apply({ sequence: ++this.#controls, record }, encodeControl(record), catalog, []);
    return this;
  }

  until(time: string): this {
    return this.decide({ kind: "close", upToMs: at(time), actor: "test", reason: "test" });
  }

  async bill(): Promise<this> {
    const { engine } = this;
    const ranksOf = (_entity: string, documents: readonly string[]): Promise<number[]> =>
      Promise.resolve(
        documents.map((id) => {
          const rank = this.#ranks.get(id) ?? this.#ranks.size + 1;
          this.#ranks.set(id, rank);
          return rank;
        }),
      );
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine))
      this.decide(
        step === "run"
          ? billingRun(engine, 0)
          : step === "journals"
            ? journalRun(engine)
            : await numberDocuments(engine, { ranksOf }),
      );
    return this;
  }

  /** Decides a request as the owner does; the refusal, or undefined. */
  request(kind: string, fields: Readonly<Record<string, unknown>>): string | undefined {
    const head = { kind, request: `request-${++this.#requests}`, actor: "Ann", reason: "because" };
    const read = OPERATIONS.get(kind)?.read({ ...head, ...fields });
    if (read === undefined || typeof read === "string") throw new Error(read ?? "no such kind");
    const outcome = read.decide({ engine: this.engine, store: this.store, nowMs: NOW_MS });
    if ("refusal" in outcome) return outcome.refusal;
    const { record } = outcome;
    const decision: Decision = "request" in record ? { ...record, previous: "" } : record;
    this.decide(decision);
    return undefined;
  }

  /** All documents have been delivered. */
  deliver(): this {
    this.store.setDeliveredOrdinal(TARGET, "document", this.store.load()?.lastOrdinals.document ?? 0);
    return this;
  }

  async commit(): Promise<this> {
    await this.store.commit(this.engine.collect());
    return this;
  }

  async part(scope: TimedScope, listedItems = 20): Promise<PartitionClose> {
    await this.commit();
    return partitionClose(
      { partition: 0, engine: this.engine, store: this.store, documentTarget: TARGET },
      scope,
      listedItems,
    );
  }

  async report(scope: TimedScope, nowMs = NOW_MS): Promise<CloseReport> {
    return closeReport(scope, [await this.part(scope)], 1, nowMs);
  }

  async journal() {
    await this.commit();
    const sources = [{ partition: 0, engine: this.engine, store: this.store }];
    const gaps = reportOf(sources).checks.filter(({ balanced }) => !balanced);
    if (gaps.length > 0) throw new Error(`the books do not balance: ${JSON.stringify(gaps)}`);
    return journalOf(sources);
  }
}

export const MARCH = { legalEntity: "north", from: "2026-03-01", to: "2026-04-01" };

export function scopeOf(entity = "north", from = MARCH.from, to = MARCH.to): TimedScope {
  const found = closeCatalog().legalEntities.get(entity);
  if (found === undefined) throw new Error(`no legal entity ${entity}`);
  return timedScope(found, from, to);
}

/** What a sign-off by this part says. */
export function signOffOf(part: PartitionClose, override = false, scope = MARCH) {
  const { usageSequence, controlSequence, place, lines } = part;
  return {
    ...scope,
    override,
    asOf: { usageSequence, controlSequence, ...place },
    report: "0".repeat(64),
    open: lines
      .filter(({ open }) => open.count > 0)
      .map(({ line, open: { count, amounts } }) => ({ line, count, amounts })),
  };
}
