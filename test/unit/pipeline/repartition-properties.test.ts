import { fc } from "@fast-check/vitest";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import type { PostingCommand } from "../../../src/model/posting.ts";
import { storedDocuments, storedEntries } from "../../../src/operators/invoice/billing-book.ts";
import { invoicesOf } from "../../../src/pipeline/billing-report.ts";
import { aggregatesOf, reportOf, unbilledOf } from "../../../src/pipeline/partition-report.ts";
import { differencesOf, RepartitionSums } from "../../../src/pipeline/repartition/balance.ts";
import { divide, goOn, openRun, type RunPartition, type WatchedStep } from "../../support/divided-run.ts";
import type { LogStep } from "../../support/engine-fixture.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import {
  BILLING_ACCOUNTS,
  billingCatalog,
  billingLogs,
  type TimedEvent,
} from "../invoices/billing-fixture.ts";
import { commandsOf, postingFiles } from "../commands/posting-fixture.ts";
import { ACCOUNTS, catalogs, logsOf, script, type ScriptStep } from "./engine-script.ts";

/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["REPARTITION_PROPERTY_RUNS"] ?? 4);
vi.setConfig({ testTimeout: Math.max(120_000, RUNS * 20_000) });

/** Counts that follow one another, each a multiple of the one before. */
const counts = fc.constantFrom([2], [3], [2, 4], [2, 6], [5]);
/** Where the changes fall, in hundredths of the logs. */
const cuts = fc
  .array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 2 })
  .map((places) => places.sort((a, b) => a - b));

const inOrder = (texts: Iterable<unknown>): string[] =>
  Array.from(texts, (each) => JSON.stringify(each, withBigints)).sort();
const withBigints = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;

/** All that must be the same whatever the partition count was when. */
function outcomeOf(runs: readonly RunPartition[]) {
  const { counts: events, checks } = reportOf(runs);
  const outbox = (channel: "rated" | "document" | "alert"): string[] =>
    runs.flatMap(({ store }) => store.outboxAfter(channel, 0, 100_000).map(({ body }) => body)).sort();
  const commands = runs.flatMap(({ store }) => commandsOf(store));
  return {
    unbalanced: checks.filter(({ balanced }) => !balanced),
    // What is in the wrong partition is read once more in its own.
    accepted: events.accepted,
    late: events.late,
    aggregates: aggregatesOf(runs),
    ...unbilledOf(runs),
    documents: inOrder(runs.flatMap(({ store }) => [...storedDocuments(store)])),
    drafts: inOrder(invoicesOf(runs)),
    entries: inOrder(
      runs.flatMap(({ store }) => [...storedEntries(store)].map((entry) => ({ ...entry, ordinal: 0 }))),
    ),
    rated: outbox("rated"),
    published: outbox("document"),
    alerts: outbox("alert").map(withoutCause).sort(),
    posted: inOrder(
      commands
        .filter(({ kind }) => kind === "invoice" || kind === "credit-memo")
        .map((each) => ({ ...each, partition: 0 })),
    ),
    journals: journalSums(commands),
    parked: inOrder(runs.flatMap(({ store }) => store.parked())),
  };
}

/**
 * An alert without the time and row that it names as its cause: where a window completes at an event of another partition, the watermark that
 * is brought to this one stands right before its next event.
 */
function withoutCause(body: string): string {
  const { time: _time, index: _index, ...alert }: Record<string, unknown> = JSON.parse(body);
  return JSON.stringify(alert);
}

/** What journals come to by connection, day, account and dimensions: which partition makes which of them is open. */
function journalSums(commands: readonly PostingCommand[]): readonly (readonly [string, string])[] {
  const sums = new Map<string, Exact>();
  for (const { connection, document } of commands) {
    if (document.kind !== "journal") continue;
    for (const { account, dimensions, debit, credit } of document.lines) {
      const key = JSON.stringify([connection, document.date, account, dimensions]);
      sums.set(key, (sums.get(key) ?? new Exact(0)).plus(debit ?? "0").minus(credit ?? "0"));
    }
  }
  return [...sums]
    .filter(([, sum]) => !sum.isZero())
    .map(([key, sum]) => [key, sum.toString()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Runs logs by one partition, changes the partition count at places of them, and gives what came of it. */
async function divided(
  steps: readonly WatchedStep[],
  first: CompiledCatalog,
  change?: { readonly counts: readonly number[]; readonly places: readonly number[] },
) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "whole"));
  let runs = [openRun(join(folder, "whole"), { partition: 0, partitionCount: 1 }, first, false)];
  runs[0]!.engine.bind("usage", "control");
  let done = 0;
  const isFirst = change === undefined;
  for (const [index, count] of (change?.counts ?? []).entries()) {
    // Behind the first catalog.
    const until = Math.max(done, 1, Math.round(((change?.places[index] ?? 0) * steps.length) / 100));
    for (const run of runs) await goOn(run, steps.slice(done, until), isFirst);
    done = until;
    const before = new RepartitionSums();
    for (const run of runs) before.add(run);
    const parts: RunPartition[] = [];
    for (const run of runs) parts.push(...(await divide(run, count, folder, run.engine.catalog!)));
    const after = new RepartitionSums();
    for (const part of parts) after.add(part);
    expect({ failed: after.failed, differences: differencesOf(before.compare(after)) }).toEqual({
      failed: before.failed,
      differences: [],
    });
    runs = parts;
  }
  for (const run of runs) await goOn(run, steps.slice(done), isFirst);
  const outcome = outcomeOf(runs);
  for (const { store } of runs) store.close();
  return outcome;
}

/** What the same logs come to, without a change and with one. */
async function bothWays(
  logs: readonly LogStep[],
  first: CompiledCatalog,
  change: { readonly counts: readonly number[]; readonly places: readonly number[] },
) {
  const steps = logs.map((step): WatchedStep => ({ step, watermarkMs: Number.NEGATIVE_INFINITY }));
  const whole = await divided(steps, first);
  return { whole, parts: await divided(steps, first, change) };
}

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-08-01T00:00:00Z");
const timedEvent = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * 24 }),
  lagHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 34 * 24 }) },
  ),
  thousandths: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: -60_000, max: 0 })),
  retractedAfterHours: fc.option(fc.integer({ min: -24, max: 24 }), { freq: 3, nil: undefined }),
});
const correction = fc.record({
  atHours: fc.integer({ min: 30 * 24, max: 120 * 24 }),
  action: fc.constantFrom("credit" as const, "credit-lines" as const, "void" as const, "reissue" as const),
  which: fc.nat({ max: 30 }),
});

describe("a change of the partition count", () => {
  it("leaves documents, entries, credits and all that is published as they are without it, wherever it falls", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(timedEvent, { minLength: 3, maxLength: 40 }),
        fc.array(correction, { maxLength: 4 }),
        counts,
        cuts,
        async (list, corrections, changed, places) => {
          const { steps, catalog } = await billingLogs(list, START_MS, END_MS, {
            corrections,
            catalog: billingCatalog(postingFiles()),
          });
          const { whole, parts } = await bothWays(steps, catalog, { counts: changed, places });
          expect(parts).toEqual(whole);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("leaves every aggregation, parked and retracted events, and every id that is known as they are", async () => {
    await fc.assert(
      fc.asyncProperty(script, catalogs, counts, cuts, async (random, used, changed, places) => {
        const logs = logsOf(comparable(random, places), used);
        const { whole, parts } = await bothWays(logs, used.first, { counts: changed, places });
        expect(parts).toEqual(whole);
      }),
      { numRuns: RUNS * 3 },
    );
  });
});

/**
 * A script whose result can be compared: what is due is billed at once (a run of few contracts takes more of them where
 * there are fewer), batches come before the change (those behind it go to one partition, which sends their events on), and no
 * id is used by two accounts: ids are remembered by partition, so it would depend on the count whether the second one counts.
 */
function comparable(steps: readonly ScriptStep[], [first = 0]: readonly number[]): ScriptStep[] {
  return steps.flatMap((each, index): ScriptStep[] => {
    const { minutes, step } = each;
    if (step.kind === "bill") return [{ minutes, step: { ...step, maxContracts: 1_000 } }];
    if (step.kind === "event") {
      const place = ACCOUNTS.indexOf(step.account) + 1;
      return [{ minutes, step: { ...step, id: step.id * (ACCOUNTS.length + 1) + place } }];
    }
    if (step.kind === "retract") return [{ minutes, step: { ...step, id: index } }];
    if ("producer" in step && index >= Math.floor((first * steps.length) / 100 / 2)) return [];
    return [each];
  });
}
