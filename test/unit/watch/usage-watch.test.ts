import { readFileSync } from "node:fs";
import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { CreditLedger } from "../../../src/billing/credits/credit-ledger.ts";
import { usageAlertSchema } from "../../../src/cli/schemas/output-schemas.ts";
import type { UsageAlert, CommitmentAlert, CreditsAlert } from "../../../src/model/outputs.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog, type LogStep } from "../../support/engine-fixture.ts";
import { loaded } from "../billing/catalog-fixture.ts";

const encoder = new TextEncoder();
const RUNS = Number(process.env["WATCH_PROPERTY_RUNS"] ?? 120);

interface Use {
  readonly arrivalMs: number;
  /** Event time; the arrival where left out. */
  readonly timeMs?: number;
  readonly amount: string;
  readonly id?: string;
}

function commitmentOf(alert: UsageAlert): CommitmentAlert {
  if (alert.kind !== "commitment") throw new Error("not an alert about a commitment");
  return alert;
}

function creditsOf(alert: UsageAlert): CreditsAlert {
  if (alert.kind !== "credits") throw new Error("not an alert about credits");
  return alert;
}

const ALL_AT_ONCE = { cut: () => false, commit: () => false, restart: () => false };

function catalogStep(catalog: CompiledCatalog, appliesAfter = 0): LogStep {
  const record = { kind: "catalog", version: catalog.version, appliesAfter, decidedAt: "" } as const;
  return { kind: "control", record, catalog };
}

function messages(uses: readonly Use[]): LogStep[] {
  return uses.map(({ arrivalMs, timeMs = arrivalMs, amount, id }, index) => {
    const time = new Date(timeMs).toISOString();
    const text = `{"specversion":"1.0","id":"${id ?? index}","source":"s","type":"usage","subject":"a","time":"${time}","data":{"amount":${amount},"status":"ok","user":"u${index}"}}`;
    return {
      kind: "message",
      message: {
        sequence: index + 1,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs,
        data: encoder.encode(text),
      },
    };
  });
}

async function alertsOf(steps: readonly LogStep[], catalog: CompiledCatalog): Promise<UsageAlert[]> {
  const { store } = await runLogs(steps, catalog, ALL_AT_ONCE);
  const bodies = store
    .outboxAfter("alert", 0, 10_000)
    .map(({ body }): UsageAlert => usageAlertSchema.parse(JSON.parse(body)));
  store.close();
  return bodies;
}

async function run(
  contractFields: Readonly<Record<string, unknown>>,
  uses: readonly Use[],
): Promise<UsageAlert[]> {
  const catalog = testCatalog(["a"], [], contractFields);
  return await alertsOf([catalogStep(catalog), ...messages(uses)], catalog);
}

const at = (hours: number): number => BASE_MS + hours * HOUR_MS;

describe("commitments", () => {
  const contract = { commitments: [{ key: "minimum", amount: "10", prices: ["sum"] }] };

  test("are reported with the event that reaches a level, while its hour is open", async () => {
    // The price: a flat fee of 1 with the first unit, then 0.1 each.
    const alerts = await run(contract, [
      { arrivalMs: at(0.1), amount: "69.999" },
      { arrivalMs: at(0.2), amount: "14.572" },
      { arrivalMs: at(0.3), amount: "0.001" },
      { arrivalMs: at(0.4), amount: "28" },
      { arrivalMs: at(0.5), amount: "1" },
      { arrivalMs: at(0.6), amount: "100" },
    ]);
    // 1 + 50 × 0.1 + 34.571 × 0.07 = 8.41997: the example of the page.
    const example =
      /<!-- alert -->\s+```json\n(.*?)```/su.exec(readFileSync("docs/wire.md", "utf8"))?.[1] ?? "";
    expect(alerts).toEqual([
      { ...JSON.parse(example), catalogVersion: expect.stringMatching(/^[0-9a-f]{64}$/u) },
      // 1 + 50 × 0.1 + 62.572 × 0.07 = 10.38004
      expect.objectContaining({ percent: 100, counted: "10.38", sequence: 4 }),
    ]);
  });

  test("begin anew with each billing period, and count late usage in its own", async () => {
    const alerts = await run(contract, [
      { arrivalMs: at(1), amount: "200" },
      { arrivalMs: at(24 * 5), amount: "100" },
      { arrivalMs: at(24 * 5 + 1), timeMs: at(24), amount: "200" },
      { arrivalMs: at(24 * 5 + 2), amount: "100" },
    ]);
    expect(alerts.map((alert) => [alert.percent, alert.sequence, commitmentOf(alert).periodStart])).toEqual([
      [80, 1, "2026-02-28T23:00:00.000Z"],
      [100, 1, "2026-02-28T23:00:00.000Z"],
      [80, 2, "2026-03-31T22:00:00.000Z"],
      [100, 4, "2026-03-31T22:00:00.000Z"],
    ]);
  });

  test("count a duplicate once and a refused event never", async () => {
    const alerts = await run(contract, [
      { arrivalMs: at(0), amount: "60", id: "one" },
      { arrivalMs: at(0), amount: "60", id: "one" },
      { arrivalMs: at(0), amount: '"text"', id: "bad" },
      { arrivalMs: at(0), amount: "30", id: "two" },
    ]);
    expect(alerts.map(({ percent, sequence }) => [percent, sequence])).toEqual([[80, 4]]);
  });

  test("of a whole contract add up all prices; those that are rated by the hour when the hour is over", async () => {
    // requests 0.013 each, sum, users 2 each (unique), level-hours 0.01 each.
    const catalog = testCatalog(["a"], [], { commitments: [{ key: "all", amount: "20" }] });
    const uses = messages([
      { arrivalMs: at(0.1), amount: "50" },
      { arrivalMs: at(0.2), amount: "50" },
      { arrivalMs: at(0.3), amount: "50" },
      { arrivalMs: at(1.1), amount: "0" },
      // The watermark passes the first hour, in which there were three users.
      { arrivalMs: at(1.5), amount: "0" },
    ]);
    const idle = { kind: "idle", region: "us", appliesAfter: 0, decidedAt: "" } as const;
    const alerts = await alertsOf(
      [catalogStep(catalog), { kind: "control", record: idle }, ...uses],
      catalog,
    );
    // 5 × 0.013 = 0.07; 1 + 5 + 100 × 0.07 = 13.00; 0.9 hours of the level 50 at 0.01 = 0.45; 3 × 2 = 6.00 passes 16.
    expect(alerts).toMatchObject([{ percent: 80, sequence: 5, counted: "19.52" }]);
  });

  test("keep what was reported when a catalog changes the levels", async () => {
    const first = testCatalog(["a"], [], contract);
    const second = testCatalog(["a"], [], {
      ...contract,
      alerts: { commitment_percents: [50, 80, 90, 100] },
    });
    const uses = messages([
      { arrivalMs: at(0), amount: "80" },
      { arrivalMs: at(0.1), amount: "0.001" },
      { arrivalMs: at(0.2), amount: "40" },
    ]);
    const alerts = await alertsOf(
      [catalogStep(first), ...uses.slice(0, 1), catalogStep(second, 1), ...uses.slice(1)],
      first,
    );
    // 50 % is new and reached already.
    expect(alerts.map(({ percent, sequence }) => [percent, sequence])).toEqual([
      [80, 1],
      [50, 2],
      [90, 3],
      [100, 3],
    ]);
  });

  test("share the commitment of a part of a period by its days", async () => {
    const [alert] = await run({ ...contract, start: "2026-03-22" }, [{ arrivalMs: at(0), amount: "30" }]);
    // 10 of 31 days.
    expect(alert).toMatchObject({ committed: "3.23", percent: 80 });
  });
});

describe("credits", () => {
  test("run low, run out, and begin anew when credits are added", async () => {
    const grant = { id: "g", amount: "10", effective: "2026-01-01", meters: ["sum"] };
    const first = testCatalog(["a"], [], { credits: [grant] });
    const second = testCatalog(["a"], [], {
      credits: [grant, { id: "more", amount: "30", effective: "2026-01-01", meters: ["sum"] }],
    });
    const uses = messages([
      { arrivalMs: at(0), amount: "49.999" },
      { arrivalMs: at(0.1), amount: "30" },
      { arrivalMs: at(0.2), amount: "1000" },
      { arrivalMs: at(0.3), amount: "1" },
      { arrivalMs: at(0.4), amount: "400" },
    ]);
    const alerts = await alertsOf(
      [catalogStep(first), ...uses.slice(0, 3), catalogStep(second, 3), ...uses.slice(3)],
      first,
    );
    expect(
      alerts.map((alert) => [alert.sequence, alert.percent, creditsOf(alert).left, creditsOf(alert).granted]),
    ).toEqual([
      // 1 + 5 + 29.999 × 0.07 = 8.10
      [2, 20, "1.90", "10.00"],
      [3, 0, "0.00", "10.00"],
      // 30 more, of which 400 × 0.07 = 28 and 0.07 are used.
      [5, 20, "1.93", "40.00"],
    ]);
  });

  test("of a meter's quantity", async () => {
    const alerts = await run(
      {
        credits: [{ id: "g", amount: "4", unit: "quantity", meters: ["requests"], effective: "2026-01-01" }],
      },
      Array.from({ length: 5 }, (_, i) => ({ arrivalMs: at(i / 10), amount: "1" })),
    );
    expect(alerts).toMatchObject([
      { sequence: 4, percent: 20, granted: "4", left: "0", meter: "requests", currency: null },
      { sequence: 4, percent: 0 },
    ]);
  });

  test("pay the net of what comes in between two changes of the grants", async () => {
    const alerts = await run(
      { credits: [{ id: "g", amount: "1", effective: "2026-03-28T00:30:00Z", meters: ["sum"] }] },
      [
        // Before the grant: 1 + 40 × 0.1 = 5.00, which it does not pay.
        { arrivalMs: at(0), amount: "40" },
        { arrivalMs: at(1), amount: "-5" },
        // 2.345 × 0.1 = 0.23 more than at first.
        { arrivalMs: at(1.1), amount: "7.345" },
        // 0.57 more.
        { arrivalMs: at(1.2), amount: "5.67" },
      ],
    );
    expect(alerts).toMatchObject([{ sequence: 4, percent: 20, left: "0.20" }]);
  });

  interface Grant {
    readonly amount: number;
    readonly fromHours: number;
    readonly forHours: number | undefined;
    readonly isDaily: boolean;
  }

  const grants = fc.array(
    fc.record<Grant>({
      amount: fc.integer({ min: 1, max: 40 }),
      fromHours: fc.integer({ min: -48, max: 72 }),
      forHours: fc.option(fc.integer({ min: 1, max: 72 }), { nil: undefined }),
      isDaily: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const uses = fc.array(
    fc.record({
      minutes: fc.integer({ min: 0, max: 600 }),
      // Without refunds: with them, paying at once and paying the net of several events differ by design.
      amount: fc.constantFrom("0", "0.5", "3", "12.345", "40"),
    }),
    { minLength: 1, maxLength: 60 },
  );

  test("alert exactly where paying event by event comes to a level", async () => {
    await fc.assert(
      fc.asyncProperty(grants, uses, async (given, steps) => {
        const credits = given.map(({ amount, fromHours, forHours, isDaily }, index) => ({
          id: `g${index}`,
          amount: String(amount),
          effective: new Date(at(fromHours)).toISOString(),
          ...(forHours === undefined ? {} : { expires: new Date(at(fromHours + forHours)).toISOString() }),
          ...(isDaily ? { recurrence: { unit: "day" } } : {}),
        }));
        const catalog = testCatalog(["a"], [], { credits });
        let arrivalMs = BASE_MS;
        const used = steps.map(({ minutes, amount }): Use => ({
          arrivalMs: (arrivalMs += minutes * 60_000),
          amount,
        }));
        const alerts = await alertsOf([catalogStep(catalog), ...messages(used)], catalog);
        expect(
          alerts.map((alert) => [
            alert.sequence,
            alert.percent,
            creditsOf(alert).left,
            creditsOf(alert).granted,
          ]),
        ).toEqual(naiveAlerts(catalog, used));
      }),
      { numRuns: RUNS },
    );
  });

  /** Rates and pays after each event, by the prices of the requests and of their sum. */
  function naiveAlerts(catalog: CompiledCatalog, used: readonly Use[]): unknown[] {
    const contract = catalog.contractAt("a", BASE_MS);
    if (contract === undefined) throw new Error("no contract");
    const found: unknown[] = [];
    const ledger = CreditLedger.open("naive", used[0]?.arrivalMs ?? 0, "charge");
    for (const { terms } of contract.grants) ledger.addGrant(terms, used[0]?.arrivalMs ?? 0);
    const quantities = new Map<string, bigint>();
    const charges = new Map<string, bigint>();
    let reported: number[] = [];
    let phases = "";
    for (const [index, { arrivalMs, amount }] of used.entries()) {
      ledger.advance(arrivalMs);
      const granted = ledger.state.grants
        .filter(({ phase }) => phase === "active")
        .reduce((sum, { terms }) => sum + terms.amount, 0n);
      const nowPhases = JSON.stringify(ledger.state.grants.map((g) => [g.phase, g.nextRecurrenceMs]));
      if (nowPhases !== phases)
        reported = reported.filter((percent) => ledger.balance() * 100n <= granted * BigInt(percent));
      phases = nowPhases;
      const added = { requests: 1n, sum: BigInt(Math.round(Number(amount) * 1000)) };
      for (const meter of ["requests", "sum"] as const) {
        const price = contract.priceOf(meter);
        if (price === undefined) throw new Error("no price");
        const key = `${meter} ${contract.periodAt(arrivalMs).startMs}`;
        const quantity = (quantities.get(key) ?? 0n) + added[meter];
        quantities.set(key, quantity);
        const divisor = meter === "sum" ? 1000n : 1n;
        const charge = price.chargeInMinorUnits(quantity, divisor, 2, { events: 0, periodEnded: false });
        const delta = charge - (charges.get(key) ?? 0n);
        charges.set(key, charge);
        ledger.burn({ product: "api", meter }, delta, arrivalMs);
        const left = ledger.balance();
        for (const percent of [20, 0]) {
          if (reported.includes(percent) || granted === 0n || left * 100n > granted * BigInt(percent))
            continue;
          reported.push(percent);
          found.push([index + 1, percent, money(left), money(granted)]);
        }
      }
    }
    return found;
  }

  function money(minorUnits: bigint): string {
    return `${minorUnits / 100n}.${(minorUnits % 100n).toString().padStart(2, "0")}`;
  }
});

test("a contract without either is not watched", async () => {
  const catalog = testCatalog(["a"]);
  expect(
    await alertsOf([catalogStep(catalog), ...messages([{ arrivalMs: at(0), amount: "1e6" }])], catalog),
  ).toEqual([]);
  const { catalog: base, version } = loaded();
  expect(
    [...compileCatalog(base, version).contracts()].map(({ commitments, grants: none }) => [
      commitments,
      none,
    ]),
  ).toEqual([[[], []]]);
});
