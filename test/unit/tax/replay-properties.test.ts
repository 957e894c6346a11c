import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { TaxAnswer, TaxReply } from "../../../src/model/tax-service.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { invoicesOf, journalOf, type InvoiceRow } from "../../../src/pipeline/billing-report.ts";
import type { PartitionEngine } from "../../../src/pipeline/partition-engine.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import {
  BILLING_ACCOUNTS,
  BILLING_FILES,
  billingCatalog,
  billingLogs,
  replay,
  type TimedCorrection,
  type TimedEvent,
} from "../invoices/billing-fixture.ts";
import { tenPercent } from "./service-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-08-01T00:00:00Z");
const DAY_HOURS = 24;
/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["TAX_PROPERTY_RUNS"] ?? 15);
/** Each run bills three months twice; machines that do much else take their time. */
const TIMEOUT_MS = Math.max(60_000, RUNS * 4_000);
/** Contracts whose documents a service taxes: one with credits, and one with fees, discounts and a commitment. */
const SERVED = new Set(["credits", "fees"]);

const contracts = z.array(z.looseObject({ id: z.string() })).parse(BILLING_FILES["contracts/all.json"]);
const CATALOG = billingCatalog({
  ...BILLING_FILES,
  "legal_entities/all.json": [
    { key: "served", name: "Served", country: "DE", tax: "service" },
    { key: "other", name: "Other", country: "DE" },
  ],
  "contracts/all.json": contracts.map((contract) => ({
    ...contract,
    legal_entity: SERVED.has(contract.id) ? "served" : "other",
  })),
});

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * DAY_HOURS }),
  lagHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 34 * DAY_HOURS }) },
  ),
  thousandths: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: -60_000, max: 0 })),
});
const events = fc.array(event, { minLength: 3, maxLength: 40 });
const correction = fc.record<TimedCorrection>({
  atHours: fc.integer({ min: 31 * DAY_HOURS, max: 110 * DAY_HOURS }),
  action: fc.constantFrom("credit", "credit-lines", "void", "reissue"),
  which: fc.nat({ max: 1000 }),
});
const corrections = fc.array(correction, { maxLength: 6 });
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });

/** A service that answers some questions late, in any order, wrong, for another request or with a refusal at first. */
function answering(numbers: readonly number[]): (engine: PartitionEngine, isLast: boolean) => TaxReply[] {
  let at = 0;
  const roll = (): number => numbers[at++ % numbers.length] ?? 0;
  return (engine, isLast) => {
    const { serviceTaxes } = engine.invoices;
    const waiting = [...serviceTaxes.unanswered()].map(({ id }) => id).sort();
    if (roll() % 2 === 1) waiting.reverse();
    return waiting.flatMap((document): TaxReply[] => {
      const question = serviceTaxes.questionOf(document);
      if (question === undefined) throw new Error(`no question about ${document}`);
      const { request, fingerprint } = question;
      const { reverses } = request;
      const answer: TaxAnswer =
        reverses?.isWhole === true && roll() < 5
          ? { kind: "voidable", transaction: { ...reverses.transaction, action: "void" } }
          : tenPercent(request);
      const said = isLast ? 5 : roll();
      if (said < 5) return [];
      if (said === 6)
        return [{ document, request: fingerprint, answer: { kind: "refused", code: "E", message: "no" } }];
      if (said === 7)
        return [{ document, request: fingerprint, answer: { kind: "overdue", message: "down" } }];
      if (said === 8)
        return [{ document, request: fingerprint, answer: { ...tenPercent(request), totalTax: "0.001" } }];
      if (said === 9) return [{ document, request: "another", answer }];
      return [{ document, request: fingerprint, answer }];
    });
  };
}

/** Answers everything as soon as it is asked. */
const atOnce = answering([5]);

async function documentsOf(list: readonly TimedEvent[], taxReplies: ReturnType<typeof answering>) {
  const { steps } = await billingLogs(list, START_MS, END_MS, { catalog: CATALOG, taxReplies });
  const { store, engine } = await replay(steps, CATALOG, undefined);
  const sources = [{ partition: 0, engine, store }];
  return { report: reportOf(sources), invoices: invoicesOf(sources), journal: journalOf(sources) };
}

const figures = (invoices: readonly InvoiceRow[]) =>
  invoices
    .map(({ id, status, kind, subtotal, tax, credits, total }) => [
      id,
      status,
      kind,
      subtotal,
      tax,
      credits,
      total,
    ])
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));

describe("documents that a service taxes", () => {
  it(
    "give the same state, byte for byte, wherever runs, checkpoints and restarts fall",
    async () => {
      await fc.assert(
        fc.asyncProperty(events, corrections, dice, dice, async (list, decided, numbers, cuts) => {
          const { steps } = await billingLogs(list, START_MS, END_MS, {
            catalog: CATALOG,
            corrections: decided,
            taxReplies: answering(numbers),
          });
          const whole = await replay(steps, CATALOG, undefined);
          const cut = await replay(steps, CATALOG, cuts);
          expect(dumpState(cut.store)).toBe(dumpState(whole.store));
          const sources = [{ partition: 0, ...whole }];
          expect(reportOf(sources).checks.filter(({ balanced }) => !balanced)).toEqual([]);
          // A correction has a record at the service where its document has one, or voids that.
          const invoices = invoicesOf(sources);
          const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]));
          for (const { corrects, taxTransaction, status } of invoices) {
            expect(status).toBe("final");
            if (corrects === undefined) continue;
            const corrected = byId.get(corrects.document)?.taxTransaction;
            expect(taxTransaction !== undefined).toBe(corrected !== undefined);
            const isVoid = taxTransaction?.action === "void";
            expect(isVoid ? taxTransaction : undefined).toEqual(
              isVoid ? { ...corrected, action: "void" } : undefined,
            );
          }
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "come to the same figures however late, wrong and out of order the answers come, and the books balance",
    async () => {
      await fc.assert(
        fc.asyncProperty(events, dice, async (list, numbers) => {
          const late = await documentsOf(list, answering(numbers));
          const punctual = await documentsOf(list, atOnce);
          expect(figures(late.invoices)).toEqual(figures(punctual.invoices));
          for (const { report, invoices } of [late, punctual]) {
            expect(report.checks.filter(({ balanced }) => !balanced)).toEqual([]);
            expect(invoices.filter(({ status }) => status !== "final")).toEqual([]);
          }
          const creditsOf = ({ journal }: typeof late) =>
            journal
              .filter(({ memo }) => memo.startsWith("Credits"))
              .map(({ date, memo, lines }) => [date, memo, lines]);
          expect(creditsOf(late)).toEqual(creditsOf(punctual));
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "have the service's tax on every line, and theirs alone",
    async () => {
      await fc.assert(
        fc.asyncProperty(events, dice, async (list, numbers) => {
          const { invoices } = await documentsOf(list, answering(numbers));
          for (const { contract, taxTransaction, lines, tax } of invoices) {
            expect(taxTransaction !== undefined).toBe(SERVED.has(contract));
            if (taxTransaction === undefined) continue;
            const taxes = lines.map((line) => minorUnitsOfText(line.tax));
            expect(taxes).toEqual(
              lines.map((line) => (minorUnitsOfText(line.amount) - minorUnitsOfText(line.discount)) / 10n),
            );
            expect(minorUnitsOfText(tax)).toBe(taxes.reduce((sum, each) => sum + each, 0n));
          }
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
