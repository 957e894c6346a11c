import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import type { NumberingLog } from "../../../src/model/numbering.ts";
import { encodeControl, type ControlRecord } from "../../../src/model/control.ts";
import { correctedDocument, needsCheckpoint } from "../../../src/pipeline/corrected-document.ts";
import { storedDocumentRows } from "../../../src/operators/invoice/billing-book.ts";
import type { PublishedDocument } from "../../../src/billing/invoices/billing-document.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import type { TaxReply } from "../../../src/model/tax-service.ts";
import type { PartitionEngine } from "../../../src/pipeline/partition-engine.ts";
import {
  billingRun,
  journalRun,
  nextBillingStep,
  numberDocuments,
} from "../../../src/pipeline/billing-steps.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { createEngine, HOUR_MS, runLogs, type LogStep } from "../../support/engine-fixture.ts";

export interface TimedEvent {
  readonly account: string;
  readonly atHours: number;
  readonly lagHours: number;
  readonly thousandths: number;
  /** Hours from its arrival to that of a retraction, which may come before it; undefined: it is not taken back. */
  readonly retractedAfterHours?: number | undefined;
}

/** An operator's correction of one of the documents that are final at a time. */
export interface TimedCorrection {
  readonly atHours: number;
  readonly action: "credit" | "credit-lines" | "void" | "reissue";
  /** Which of the invoices, and which parts of their lines. */
  readonly which: number;
}

/** An event as it comes in, or the retraction of one. */
export interface Arrival {
  readonly id: string;
  readonly arrivalMs: number;
  readonly account: string;
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Events and their retractions in the order of their arrival. */
export function arrivalsOf(list: readonly TimedEvent[], startMs: number): Arrival[] {
  const arrivals = list.flatMap((each, index): Arrival[] => {
    const arrivalMs = startMs + (each.atHours + each.lagHours) * HOUR_MS;
    const event = {
      id: `e${index}`,
      account: each.account,
      type: "usage",
      time: new Date(startMs + each.atHours * HOUR_MS).toISOString(),
      data: { amount: each.thousandths / 1000, user: "u", status: "ok" },
    };
    if (each.retractedAfterHours === undefined) return [{ ...event, arrivalMs }];
    const retraction = {
      id: `r${index}`,
      arrivalMs: Math.max(startMs, arrivalMs + each.retractedAfterHours * HOUR_MS),
      account: each.account,
      type: "io.tributary.retraction.v1",
      time: event.time,
      data: { event: { ...event, source: "test" } },
    };
    return [{ ...event, arrivalMs }, retraction];
  });
  return arrivals
    .map((arrival, index) => ({ arrival, index }))
    .sort((a, b) => a.arrival.arrivalMs - b.arrival.arrivalMs || a.index - b.index)
    .map(({ arrival }) => arrival);
}

export const BILLING_ACCOUNTS = ["plain", "fees", "changed", "credits", "reserved", "two-months"];

const contract = (account: string, fields: Readonly<Record<string, unknown>>, id = account) => ({
  id,
  customer: "customer",
  account,
  plan: { key: "plain", version: 1 },
  time_zone: "Europe/Berlin",
  start: "2026-02-01",
  end: "2026-05-10",
  ...fields,
});

export const BILLING_FILES: Readonly<Record<string, unknown>> = {
  "settings.yaml": {
    regions: ["eu"],
    grace: "48h",
    disorder: "10m",
    max_age: "35d",
    max_ahead: "1d",
    dedupe_horizon: "37d",
  },
  "meters/all.json": [
    { key: "sum", event_type: "usage", aggregation: "sum", value_property: "amount", scale: 3 },
    { key: "calls", event_type: "usage", aggregation: "count" },
  ],
  "products/all.json": [
    { key: "api", name: "API" },
    { key: "support", name: "Support" },
  ],
  "customers/all.json": [{ id: "customer", name: "Customer", country: "DE" }],
  "tax_rates/all.json": [
    { key: "old", name: "VAT", country: "DE", percent: "19", from: "2020-01-01", to: "2026-03-01" },
    { key: "new", name: "VAT", country: "DE", percent: "21", from: "2026-03-01" },
  ],
  "plans/all.json": [
    {
      key: "plain",
      version: 1,
      currency: "EUR",
      prices_include_tax: true,
      prices: [
        {
          key: "sum",
          product: "api",
          meter: "sum",
          model: "graduated",
          tiers: [{ up_to: "100", unit_price: "0.1" }, { unit_price: "0.07" }],
        },
        { key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.333" },
      ],
    },
    {
      key: "fees",
      version: 1,
      currency: "EUR",
      prices: [
        { key: "support", product: "support", model: "flat", amount: "100", billed: "in_advance" },
        { key: "seat", product: "support", model: "flat", amount: "31" },
        {
          key: "sum",
          product: "api",
          meter: "sum",
          model: "volume",
          tiers: [{ up_to: "50", unit_price: "0.1" }, { unit_price: "0.07" }],
          minimum_amount: "2",
        },
      ],
      commitments: [{ key: "all", amount: "150", overage_factor: "1.5" }],
    },
    {
      key: "reserved",
      version: 1,
      currency: "EUR",
      prices: [
        {
          key: "sum",
          product: "api",
          meter: "sum",
          model: "graduated",
          rate_per: "window",
          tiers: [{ up_to: "100", unit_price: "0.1" }, { unit_price: "0.07" }],
          discounts: [{ type: "percent", percent: "7" }],
        },
      ],
      commitments: [
        {
          key: "office",
          quantity: "120",
          per: "window",
          prices: ["sum"],
          overage_factor: "1.5",
          true_up: false,
          hours: { from: 9, to: 17 },
        },
        { key: "rest", amount: "0.123", per: "window", prices: ["sum"], overage_factor: "0.9" },
      ],
    },
  ],
  "contracts/all.json": [
    contract("plain", {}),
    contract("fees", {
      plan: { key: "fees", version: 1 },
      billing_anchor_day: 31,
      invoice_discounts: [
        { type: "percent", percent: "10" },
        { type: "amount", amount: "1" },
      ],
    }),
    contract("changed", { plan: { key: "fees", version: 1 }, end: "2026-03-17" }),
    contract("changed", { start: "2026-03-17", billing_anchor_day: 17 }, "changed-2"),
    contract("reserved", {
      plan: { key: "reserved", version: 1 },
      billing_anchor_day: 20,
      billing_months: 2,
    }),
    // Accounted for month by month within one billing period.
    contract("two-months", {
      billing_months: 2,
      billing_anchor_month: 1,
      commitments: [{ key: "all", amount: "40", overage_factor: "1.5" }],
      credits: [
        // More than can be used: see below.
        { id: "calls", amount: "1000", unit: "quantity", meters: ["calls"], effective: "2026-02-01" },
      ],
    }),
    contract("credits", {
      credits: [
        { id: "first", amount: "9", effective: "2026-02-01", expires: "2026-03-15" },
        { id: "month", amount: "5", effective: "2026-02-01", recurrence: { unit: "month" } },
        // More than can be used: what is paid with it is the same whenever usage comes.
        { id: "calls", amount: "1000", unit: "quantity", meters: ["calls"], effective: "2026-02-01" },
      ],
    }),
  ],
};

/** Contracts of every kind that billing treats otherwise, over some three months with a change of the clocks. */
export function billingCatalog(files: Readonly<Record<string, unknown>> = BILLING_FILES): CompiledCatalog {
  const loaded = loadCatalog(
    new Map(Object.entries(files).map(([file, content]) => [file, JSON.stringify(content)])),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  return compileCatalog(loaded.catalog, loaded.version);
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;
export type Decision = Without<ControlRecord, "appliesAfter" | "decidedAt">;

/** A place of the logs at which something may be decided. */
export interface LogPlace {
  readonly engine: PartitionEngine;
  readonly decide: (decision: Decision, catalog?: CompiledCatalog) => Promise<void>;
  readonly step: number;
  readonly isLast: boolean;
}

const DECIDED_AT = "2026-04-05T00:00:00Z";

const encoder = new TextEncoder();

/** The two logs of a partition that takes events and bills what is due after each of them. */
export async function billingLogs(
  list: readonly TimedEvent[],
  startMs: number,
  endMs: number,
  options: {
    readonly catalog?: CompiledCatalog;
    /** Corrections of invoices, in any order. */
    readonly corrections?: readonly TimedCorrection[];
    /** Answers of a tax service to be recorded at a place of the logs; none at the last one ends them. */
    readonly taxReplies?: (engine: PartitionEngine, isLast: boolean) => readonly TaxReply[];
    /** Told each place of the logs at which something else may be decided, the last one too. */
    readonly decideMore?: (place: LogPlace) => void | Promise<void>;
  } = {},
): Promise<{ readonly steps: readonly LogStep[]; readonly catalog: CompiledCatalog }> {
  const { catalog = billingCatalog(), corrections = [], taxReplies = () => [] } = options;
  const { decideMore = () => undefined } = options;
  const engine = createEngine(catalog);
  const store = openPartitionStore(":memory:", { partition: 0, partitionCount: 1 });
  const steps: LogStep[] = [];
  let sequence = 0;
  const decide = async (decision: Decision, next: CompiledCatalog = catalog): Promise<void> => {
    const record: ControlRecord = { ...decision, appliesAfter: sequence, decidedAt: DECIDED_AT };
    const used = record.kind === "catalog" ? next : undefined;
    if (needsCheckpoint(record)) await store.commit(engine.collect());
    steps.push({ kind: "control", record, ...(used === undefined ? {} : { catalog: used }) });
    const document = correctedDocument(record, store);
    engine.apply({ sequence: steps.length, record }, encodeControl(record), used, [], document, store);
  };
  const correct = async ({ atHours, action, which }: TimedCorrection): Promise<void> => {
    await store.commit(engine.collect());
    const documents = [...storedDocumentRows(store)];
    const stored = documents[which % Math.max(1, documents.length)];
    if (stored === undefined) return;
    const head = {
      document: stored.document.id,
      ordinal: stored.ordinal,
      issuedMs: startMs + atHours * HOUR_MS,
      actor: "test",
      reason: "test",
      request: `request-${steps.length}`,
      previous: "",
    };
    const lines =
      action === "credit"
        ? null
        : partsOfLines(stored.document, which).map(({ line, amount }) => [line, amount] as const);
    const decision: Decision =
      action === "void" || action === "reissue"
        ? { kind: "void-invoice", reissue: action === "reissue", unapplied: true, ...head }
        : { kind: "credit-note", lines, ...head };
    if (engine.invoices.corrections.faultOf(stored, decision) === undefined) await decide(decision);
  };
  const numbering = countingNumbers();
  const bill = async (): Promise<void> => {
    for (let step = nextBillingStep(engine); step !== undefined; step = nextBillingStep(engine)) {
      const decision =
        step === "run"
          ? billingRun(engine, 0)
          : step === "journals"
            ? journalRun(engine)
            : await numberDocuments(engine, numbering);
      // Slices of two contracts, so that a run is taken up again.
      await decide(decision.kind === "billing-run" ? { ...decision, maxContracts: 2 } : decision);
    }
  };
  const tax = async (isLast: boolean): Promise<boolean> => {
    const replies = taxReplies(engine, isLast);
    if (replies.length === 0) return false;
    await decide({ kind: "documents-taxed", replies });
    await bill();
    return true;
  };
  await decide({ kind: "catalog", version: catalog.version });
  const place = (isLast: boolean): LogPlace => ({ engine, decide, step: steps.length, isLast });
  const waiting = [...corrections].sort((a, b) => a.atHours - b.atHours);
  const correctUntil = async (timeMs: number): Promise<void> => {
    while (waiting[0] !== undefined && startMs + waiting[0].atHours * HOUR_MS <= timeMs) {
      await correct(waiting[0]);
      await bill();
      waiting.shift();
    }
  };
  for (const { id, arrivalMs, account, type, time, data } of arrivalsOf(list, startMs)) {
    await correctUntil(arrivalMs);
    const event = { specversion: "1.0", id, source: "test", type, subject: account, time, data };
    const text = JSON.stringify(event);
    const message = {
      sequence: ++sequence,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs,
      data: encoder.encode(text),
    };
    steps.push({ kind: "message", message });
    engine.process([message]);
    await bill();
    await tax(false);
    await decideMore(place(false));
    await bill();
  }
  if (waiting.length > 0) {
    await decide({ kind: "close", upToMs: endMs - LAST_CORRECTIONS_MS, actor: "test", reason: "test" });
    await bill();
    await correctUntil(Infinity);
  }
  await decide({ kind: "close", upToMs: endMs, actor: "test", reason: "test" });
  await bill();
  await decideMore(place(true));
  await bill();
  while (await tax(true));
  store.close();
  return { steps, catalog };
}

/** The last corrections come so long before the end: what they make due again is billed at the next end of a month. */
const LAST_CORRECTIONS_MS = 61 * 24 * HOUR_MS;

/** Some lines of an invoice with parts of their amounts, minor units. */
function partsOfLines(
  { lines }: PublishedDocument,
  which: number,
): { readonly line: number; readonly amount: string }[] {
  return lines.flatMap(({ line, amount }) => {
    const minorUnits = minorUnitsOfText(amount);
    const part = (minorUnits * BigInt(1 + ((which + line) % 3))) / 3n;
    return part <= 0n || (which + line) % 4 === 0 ? [] : [{ line, amount: part.toString() }];
  });
}

function countingNumbers(): NumberingLog {
  const ranks = new Map<string, number>();
  return {
    ranksOf: (_entity, documents) =>
      Promise.resolve(
        documents.map((id) => {
          const rank = ranks.get(id) ?? ranks.size + 1;
          ranks.set(id, rank);
          return rank;
        }),
      ),
  };
}

/** Runs logs whole, or cut as the dice say. */
export async function replay(
  steps: readonly LogStep[],
  catalog: CompiledCatalog,
  dice: readonly number[] | undefined,
) {
  const at = (step: number): number => dice?.[step % dice.length] ?? 10;
  return await runLogs(steps, catalog, {
    cut: (step) => at(step) < 5,
    commit: (step) => at(step) < 4,
    restart: (step) => at(step) < 2,
    // Slices that end behind any unit of work, or behind some thousands.
    ...(dice === undefined ? {} : { unitsPerSlice: 1 + at(0) * at(1) ** 3 }),
  });
}
