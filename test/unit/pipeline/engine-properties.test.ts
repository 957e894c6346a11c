import { fc } from "@fast-check/vitest";
import { describe, expect, it, vi } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import type { LogMessage } from "../../../src/model/log.ts";
import type { ControlRecord } from "../../../src/model/control.ts";
import { formatMinorUnits } from "../../../src/billing/rating/money.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { batchMessage, manifestMessage } from "../../support/numbered-messages.ts";
import {
  BASE_MS,
  HOUR_MS,
  runLogs,
  slicesAnywhere,
  testCatalog,
  type CutPlan,
  type LogStep,
} from "../../support/engine-fixture.ts";

const ACCOUNTS = ["a", "b", "c"];
/** Alerts of every kind: some are reached by most scripts, some by few. */
const WATCHED = {
  commitments: [
    { key: "api", amount: "0.05", prices: ["requests"] },
    { key: "rest", amount: "900", prices: ["sum", "unique", "level"], true_up: false },
  ],
  credits: [
    { id: "daily", amount: "3", effective: "2026-03-27", recurrence: { unit: "day" } },
    {
      id: "late",
      amount: "40",
      priority: 1,
      effective: "2026-03-30T11:00:00Z",
      expires: "2026-04-03",
      rollover: { at: "expiry", maximum: "10", extension: "24h" },
    },
    { id: "free", amount: "20", unit: "quantity", meters: ["requests"], effective: "2025-01-01" },
    { id: "users", amount: "2", unit: "quantity", meters: ["unique"], effective: "2025-01-01" },
    {
      id: "month",
      amount: "5",
      meters: ["sum"],
      effective: "2026-03-01",
      rollover: { at: "period_end", maximum: "2" },
    },
  ],
};
/** Fees in advance and in arrears, discounts, and periods that end while the scripts go on. */
const FEES = {
  plan: { key: "fees", version: 1 },
  billing_anchor_day: 29,
  start: "2026-03-01",
  invoice_discounts: [
    { type: "percent", percent: "10" },
    { type: "amount", amount: "1" },
  ],
};
interface Catalogs {
  readonly first: CompiledCatalog;
  readonly second: CompiledCatalog;
}

const STANDARD: Catalogs = {
  first: testCatalog(ACCOUNTS.slice(0, 2), [], WATCHED),
  second: testCatalog(ACCOUNTS, ["other"], {
    ...WATCHED,
    credits: [
      ...WATCHED.credits.map((grant) => (grant.id === "free" ? { ...grant, voided: "2026-03-29" } : grant)),
      { id: "more", amount: "7", effective: "2026-03-29", products: ["api"] },
    ],
    alerts: { commitment_percents: [50, 80, 200], credit_percents: [50, 20, 0] },
  }),
};
const BY_EVENT = { plan: { key: "by-event", version: 1 } };
/** Contracts that turn out to have ended, in the middle of the logs, for one whose plan charges events one by one. */
const REPLACED: Catalogs = {
  first: testCatalog(ACCOUNTS.slice(0, 2), [], FEES),
  second: testCatalog(
    ACCOUNTS,
    ["other"],
    [
      { ...FEES, end: "2026-03-29T05:00:00Z" },
      { ...BY_EVENT, start: "2026-03-29T05:00:00Z", billing_anchor_day: 30 },
    ],
    true,
  ),
};
const EACH_EVENT: Catalogs = {
  first: testCatalog(ACCOUNTS.slice(0, 2), [], BY_EVENT, true),
  second: testCatalog(ACCOUNTS, ["other"], BY_EVENT, true),
};
const catalogs = fc.constantFrom(STANDARD, REPLACED, EACH_EVENT);
const CONTRACT_IDS = ACCOUNTS.flatMap((account) => [`contract-${account}`, `contract-${account}-2`]);
const encoder = new TextEncoder();

interface GeneratedEvent {
  readonly kind: "event";
  readonly id: number;
  readonly account: string;
  readonly type: string;
  readonly region: string;
  /** Minutes behind (positive) or ahead of the arrival. */
  readonly lagMinutes: number;
  readonly amount: string;
  readonly status: string;
  readonly user: string;
}

const event = fc.record<GeneratedEvent>({
  kind: fc.constant("event"),
  // Few ids, so that many repeat with the same or another payload.
  id: fc.integer({ min: 0, max: 60 }),
  account: fc.constantFrom(...ACCOUNTS, "nobody"),
  type: fc.constantFrom("usage", "usage", "usage", "usage", "other", "unknown"),
  region: fc.constantFrom("eu", "us", "elsewhere"),
  lagMinutes: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 15 }) },
    { weight: 3, arbitrary: fc.integer({ min: -120, max: 60 * 24 * 11 }) },
  ),
  amount: fc.constantFrom("1", "2.5", "0.001", "-3.25", "12345678901234.567", '"text"', "null", "0.0001"),
  status: fc.constantFrom("ok", "failed"),
  user: fc.constantFrom("x", "y", "z"),
});
/** Batches and manifests of two producers, whose numbers repeat, leave gaps and begin anew. */
const numbered = fc.record({
  kind: fc.constantFrom("batch" as const, "batch" as const, "batch" as const, "manifest" as const),
  producer: fc.constantFrom("p", "q"),
  epoch: fc.constantFrom(1, 1, 1, 2),
  sequence: fc.integer({ min: 1, max: 12 }),
  rows: fc.array(fc.tuple(fc.constantFrom(...ACCOUNTS, "nobody"), fc.integer({ min: -30, max: 900 })), {
    maxLength: 4,
  }),
  region: fc.constantFrom("eu", "us", "elsewhere"),
  completeMinutes: fc.option(fc.integer({ min: -60, max: 180 }), { nil: undefined }),
  isLast: fc.boolean(),
});
type NumberedStep = typeof numbered extends fc.Arbitrary<infer Value> ? Value : never;

function numberedMessage(step: NumberedStep, sequence: number, arrivalMs: number): LogMessage {
  const { kind, producer, epoch, rows, region, completeMinutes, isLast } = step;
  const place = { sequence, arrivalMs, region };
  const identity = { producer, epoch, sequence: step.sequence };
  const timeOf = (minutes: number): number => arrivalMs - minutes * 60_000;
  if (kind === "batch")
    return batchMessage(
      place,
      identity,
      rows.map(([account, minutes]) => ({
        source: "test",
        type: "usage",
        account,
        timeMs: timeOf(minutes),
        data: { amount: minutes, status: "ok", user: "x" },
      })),
    );
  const hours = new Map<number, number>();
  for (const [, minutes] of rows) {
    const hourMs = Math.floor(timeOf(minutes) / HOUR_MS) * HOUR_MS;
    hours.set(hourMs, (hours.get(hourMs) ?? 0) + 1);
  }
  return manifestMessage(place, identity, {
    completeUpToMs: completeMinutes === undefined ? undefined : timeOf(completeMinutes),
    counts: [...hours].map(([hourMs, events]) => ({ source: "test", hourMs, events })),
    isLast,
  });
}

interface Retraction {
  readonly kind: "retract";
  readonly id: number;
  readonly region: string;
  /** Which of the script's events, those that are still to come included. */
  readonly of: number;
  /** Whether it carries the event as it was, or with another value. */
  readonly isSame: boolean;
}
const retract = fc.record<Retraction>({
  kind: fc.constant("retract"),
  id: fc.integer({ min: 0, max: 40 }),
  region: fc.constantFrom("eu", "us"),
  of: fc.nat({ max: 150 }),
  isSame: fc.integer({ min: 0, max: 9 }).map((die) => die > 0),
});
const poison = fc
  .constantFrom("{not json", "[]", '[1,{"specversion":"1.0"}]')
  .map((text) => ({ kind: "poison" as const, text }));
const idle = fc.constantFrom("eu", "us").map((region) => ({ kind: "idle" as const, region }));
const gap = fc.integer({ min: 0, max: 3 }).map((lost) => ({ kind: "gap" as const, lost }));
const bill = fc.nat({ max: 3 }).map((maxContracts) => ({ kind: "bill" as const, maxContracts }));
const close = fc.integer({ min: 1, max: 48 }).map((hours) => ({ kind: "close" as const, hours }));

const script = fc.array(
  fc.record({
    /** Minutes that pass before the step. */
    minutes: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 * 24 * 4 }) },
    ),
    step: fc.oneof(
      { weight: 30, arbitrary: event },
      { weight: 12, arbitrary: numbered },
      { weight: 6, arbitrary: retract },
      { weight: 1, arbitrary: poison },
      { weight: 1, arbitrary: idle },
      { weight: 1, arbitrary: close },
      { weight: 1, arbitrary: gap },
      { weight: 3, arbitrary: bill },
      { weight: 1, arbitrary: fc.constant({ kind: "catalog" as const }) },
    ),
  }),
  { minLength: 5, maxLength: 120 },
);

function eventText(e: GeneratedEvent, arrivalMs: number): string {
  const time = new Date(arrivalMs - e.lagMinutes * 60_000).toISOString();
  return `{"specversion":"1.0","id":"${e.id}","source":"test","type":"${e.type}","subject":"${e.account}","time":"${time}","data":{"amount":${e.amount},"status":"${e.status}","user":"${e.user}"}}`;
}

/** All events of a script, in its order. */
function eventTexts(
  steps: readonly { minutes: number; step: { kind: string } | GeneratedEvent }[],
): string[] {
  let arrivalMs = BASE_MS;
  return steps.flatMap(({ minutes, step }) => {
    arrivalMs += minutes * 60_000;
    return "lagMinutes" in step ? [eventText(step, arrivalMs)] : [];
  });
}

function retractionText(step: Retraction, texts: readonly string[], arrivalMs: number): string {
  const text = texts[step.of % Math.max(1, texts.length)] ?? "{}";
  const event = step.isSame ? text : text.replace('"status":"', '"status":"not ');
  const subject = /"subject":"([^"]*)"/.exec(text)?.[1] ?? "a";
  const time = new Date(arrivalMs).toISOString();
  return `{"specversion":"1.0","id":"${step.id}","source":"corrections","type":"io.tributary.retraction.v1","subject":"${subject}","time":"${time}","data":{"event":${event}}}`;
}

type Without<Record, Keys extends PropertyKey> = Record extends unknown ? Omit<Record, Keys> : never;
type Decision = Without<ControlRecord, "appliesAfter" | "decidedAt">;

/** Makes the two logs of a script; the first catalog takes effect before all, the second where the script says so. */
function logsOf(
  steps: readonly {
    minutes: number;
    step:
      | GeneratedEvent
      | NumberedStep
      | Retraction
      | { kind: "poison"; text: string }
      | { kind: "idle"; region: string }
      | { kind: "close"; hours: number }
      | { kind: "gap"; lost: number }
      | { kind: "bill"; maxContracts: number }
      | { kind: "catalog" };
  }[],
  { first, second }: Catalogs,
): LogStep[] {
  const logs: LogStep[] = [];
  let arrivalMs = BASE_MS;
  let sequence = 0;
  const control = (decision: Decision, catalog?: CompiledCatalog): void => {
    const record: ControlRecord = { ...decision, appliesAfter: sequence, decidedAt: "" };
    logs.push({ kind: "control", record, ...(catalog === undefined ? {} : { catalog }) });
  };
  const texts = eventTexts(steps);
  control({ kind: "catalog", version: first.version }, first);
  for (const { minutes, step } of steps) {
    arrivalMs += minutes * 60_000;
    if (step.kind === "idle") control({ kind: "idle", region: step.region });
    else if (step.kind === "close")
      control({
        kind: "close",
        upToMs: arrivalMs - step.hours * HOUR_MS,
        actor: "test",
        reason: "test",
        // Some come again.
        ...(step.hours % 3 === 0 ? {} : { request: `request-${step.hours}`, previous: "" }),
      });
    else if (step.kind === "bill") {
      const { maxContracts } = step;
      control({ kind: "billing-run", upToMs: arrivalMs, issuedMs: arrivalMs, maxContracts });
      // Names of documents that may have been made by now; those that were not are left alone.
      const documents = CONTRACT_IDS.flatMap((id) => [1, 2, 3, 4].map((n) => `${id}:${n}`));
      control({
        kind: "documents-numbered",
        numbers: documents.map((id, index): [string, number] => [id, index + 1]),
      });
    } else if (step.kind === "gap") {
      const resumeAt = sequence + step.lost + 1;
      control({
        kind: "gap-accepted",
        resumeAt,
        lostMessages: step.lost,
        numberingOffset: step.lost,
        controlBefore: { sequence: 0, fingerprint: "" },
        usageCreatedAt: "",
        fingerprint: "",
        actor: "test",
        reason: "test",
      });
      sequence += step.lost;
    } else if ("producer" in step)
      logs.push({ kind: "message", message: numberedMessage(step, ++sequence, arrivalMs) });
    else if (step.kind === "catalog") control({ kind: "catalog", version: second.version }, second);
    else {
      const region = step.kind === "poison" ? "eu" : step.region;
      const text =
        step.kind === "event"
          ? eventText(step, arrivalMs)
          : step.kind === "retract"
            ? retractionText(step, texts, arrivalMs)
            : step.text;
      const isBatch = text.startsWith("[");
      logs.push({
        kind: "message",
        message: {
          sequence: ++sequence,
          subject: `usage.0.${region}`,
          contentType: isBatch ? "application/cloudevents-batch+json" : "application/cloudevents+json",
          arrivalMs,
          data: encoder.encode(text),
        },
      });
    }
  }
  return logs;
}

const ALL_AT_ONCE: CutPlan = { cut: () => false, commit: () => false, restart: () => false };
const ONE_BY_ONE: CutPlan = { cut: () => true, commit: () => true, restart: () => false };

/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["ENGINE_PROPERTY_RUNS"] ?? 60);
// Some seconds where nothing else runs; a busy machine takes longer.
vi.setConfig({ testTimeout: Math.max(120_000, RUNS * 3_000) });

const diceOf = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 130, maxLength: 130 });

describe("the partition engine", () => {
  it("gives the same state and outputs, byte for byte, wherever runs, checkpoints and restarts fall", async () => {
    await fc.assert(
      fc.asyncProperty(script, diceOf, catalogs, async (steps, dice, used) => {
        const logs = logsOf(steps, used);
        const whole = await runLogs(logs, used.first, ALL_AT_ONCE);
        const single = await runLogs(logs, used.first, ONE_BY_ONE);
        const cuts: CutPlan = {
          cut: (i) => (dice[i] ?? 0) < 4,
          commit: (i) => (dice[i] ?? 0) < 3,
          restart: (i) => (dice[i] ?? 0) < 2,
        };
        const random = await runLogs(logs, used.first, cuts);
        const meanwhile = (i: number): number => dice[i + 1] ?? 0;
        const late = await runLogs(logs, used.first, { ...cuts, meanwhile });
        const sliced = await runLogs(logs, used.first, { ...cuts, ...slicesAnywhere(dice) });
        const expected = dumpState(whole.store);
        expect(dumpState(single.store)).toBe(expected);
        expect(dumpState(random.store)).toBe(expected);
        // Frozen, and read while the engine went on.
        expect(dumpState(late.store)).toBe(expected);
        expect(dumpState(sliced.store)).toBe(expected);
        // Kept beside the price periods, and made anew from them at a restart.
        const totals = reportOf([
          { partition: 0, engine: random.engine, store: random.store },
        ]).unbilledTotals;
        const kept = [...random.engine.rater.unbilledTotals()].filter(([, total]) => total.minorUnits !== 0n);
        expect(
          kept.map(([currency, { exponent, minorUnits }]) => ({
            currency,
            amount: formatMinorUnits(minorUnits, exponent),
          })),
        ).toEqual(
          totals
            .filter(({ amount }) => /[1-9]/.test(amount))
            .map(({ currency, amount }) => ({ currency, amount })),
        );
        for (const { store } of [whole, single, random, late, sliced]) store.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("balances after any log", async () => {
    await fc.assert(
      fc.asyncProperty(script, catalogs, async (steps, used) => {
        const { store, engine } = await runLogs(logsOf(steps, used), used.first, ALL_AT_ONCE);
        const report = reportOf([{ partition: 0, engine, store }]);
        expect(report.checks.filter((check) => !check.balanced)).toEqual([]);
        const events = steps.filter(({ step }) => step.kind === "event").length;
        expect(report.counts.read).toBeGreaterThanOrEqual(events);
        store.close();
      }),
      { numRuns: RUNS },
    );
  });
});
