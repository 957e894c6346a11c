import { fc } from "@fast-check/vitest";
import { expect, it } from "vitest";
import { storedEntries } from "../../../src/operators/invoice/billing-book.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import type { LogStep } from "../../support/engine-fixture.ts";
import { BILLING_ACCOUNTS, billingLogs, replay, type TimedEvent } from "../invoices/billing-fixture.ts";
import type { Decision } from "./close-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-08-01T00:00:00Z");
const DAY_HOURS = 24;
/** More runs: `npm run test:long -- properties`. */
const RUNS = Number(process.env["CLOSE_PROPERTY_RUNS"] ?? 8);
/** Each run bills three months six times; machines that do much else take their time. */
const TIMEOUT_MS = Math.max(120_000, RUNS * 8_000);
const MONTHS = ["2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"];

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * DAY_HOURS }),
  lagHours: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 34 * DAY_HOURS })),
  thousandths: fc.integer({ min: -60_000, max: 400_000 }),
});
const events = fc.array(event, { minLength: 3, maxLength: 40 });
/** Where in the logs the months are signed off, one after the other, and things explained: shares of a thousand. */
const places = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 6, maxLength: 6 });
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });

const REQUEST = { actor: "test", reason: "test", previous: "" };

/** Puts the decisions of a close into logs. */
function withClose(steps: readonly LogStep[], shares: readonly number[]): LogStep[] {
  const [first = 0, second = 0, ...ofMonths] = shares.toSorted((a, b) => a - b);
  const atStep = (share: number): number => 1 + Math.floor((share * (steps.length - 1)) / 1001);
  const decisions = new Map<number, Decision[]>();
  const add = (share: number, decision: Decision): void => {
    decisions.set(atStep(share), [...(decisions.get(atStep(share)) ?? []), decision]);
  };
  ofMonths.slice(0, 3).forEach((share, n) => {
    const scope = { legalEntity: "default", from: MONTHS[n] ?? "", to: MONTHS[n + 1] ?? "" };
    const figures = { count: n, amounts: { EUR: `${n}.00` } };
    const line = "late-usage";
    const item = n === 1 ? "item" : null;
    // The same line twice: the first explanation gives way.
    for (const explained of [first, second])
      add(explained, {
        kind: "close-explanation",
        ...REQUEST,
        ...scope,
        request: `explain-${n}-${explained}`,
        line,
        item,
        figures,
      });
    const signedOff: Decision = {
      kind: "period-signed-off",
      ...REQUEST,
      ...scope,
      request: `sign-off-${n}`,
      override: true,
      asOf: { usageSequence: 0, controlSequence: 0, documents: 0, entries: 0, waiting: 0 },
      report: "",
      open: [],
    };
    add(share, signedOff);
    // Opened again and signed off anew: as if nothing had been.
    if (n !== 1) return;
    const request = `reopen-${n}`;
    add(share, { kind: "period-reopened", ...REQUEST, ...scope, request, override: false });
    add(share, { ...signedOff, request: `${signedOff.request}-anew` });
  });
  let sequence = 0;
  return steps.flatMap((step, index): LogStep[] => {
    const inserted = (decisions.get(index) ?? []).map((decision): LogStep => ({
      kind: "control",
      record: { ...decision, appliesAfter: sequence, decidedAt: "2026-08-02T00:00:00Z" },
    }));
    if (step.kind === "message") sequence += 1;
    return [...inserted, step];
  });
}

it(
  "closes give the same state, byte for byte, wherever runs, checkpoints and restarts fall; no entry of a closed day follows",
  async () => {
    let redated = 0;
    await fc.assert(
      fc.asyncProperty(events, places, dice, async (list, shares, numbers) => {
        const { steps: open, catalog } = await billingLogs(list, START_MS, END_MS);
        const steps = withClose(open, shares);
        const whole = await replay(steps, catalog, undefined);
        const cut = await replay(steps, catalog, numbers);
        expect(dumpState(cut.store)).toBe(dumpState(whole.store));
        // The same entries as without the sign-offs, one by one; days alone are others.
        const free = await replay(open, catalog, undefined);
        const [closed, asked] = [whole, free].map(({ store }) => [...storedEntries(store)]);
        expect(closed?.map(({ postings }) => postings)).toEqual(asked?.map(({ postings }) => postings));
        // How many entries there were before each sign-off is what a replay up to it says.
        for (const [index, step] of steps.entries()) {
          if (step.kind !== "control" || step.record.kind !== "period-signed-off") continue;
          const before = await replay(steps.slice(0, index), catalog, undefined);
          const count = [...storedEntries(before.store)].length;
          before.store.close();
          const { to } = step.record;
          for (const [n, { date }] of (closed ?? []).slice(count).entries()) {
            expect(date >= to).toBe(true);
            if (date !== asked?.[count + n]?.date) redated += 1;
          }
        }
        for (const { store } of [whole, cut, free]) store.close();
      }),
      { numRuns: RUNS },
    );
    expect(redated).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
