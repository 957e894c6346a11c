import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { applyCommitment, type CommittedLine } from "../../../src/billing/commitments/apply-commitment.ts";
import { commitmentSchema } from "../../../src/billing/commitments/commitment-schema.ts";
import { compileCommitment } from "../../../src/billing/commitments/compile-commitment.ts";
import { coveredDays, WHOLE_PERIOD } from "../../../src/billing/commitments/proration.ts";
import { applyWindowedCommitments } from "../../../src/billing/commitments/windowed-commitment.ts";
import { CreditLedger } from "../../../src/billing/credits/credit-ledger.ts";
import { compileGrant, creditGrantSchema } from "../../../src/billing/credits/grant-schema.ts";
import { foldLedger, type LedgerEntry } from "../../../src/billing/credits/ledger-entries.ts";
import { decimalText } from "../../../src/model/decimal.ts";
import { ratio, ratioOfCharge, rounded } from "../../../src/billing/ratio.ts";
import { Exact } from "../../../src/billing/rating/exact.ts";
import { commitmentTargets } from "../../../src/billing/thresholds/targets.ts";
import { thresholdQuantity } from "../../../src/billing/thresholds/threshold-quantity.ts";
import { startOfLocalDay } from "../../../src/billing/zone-days.ts";
import { BilledRun } from "../../support/billed-run.ts";
import { ACCOUNT, catalogOf } from "../../oracle/pricing/priced-plan.ts";
import { chargeOfPrice } from "../../oracle/pricing/commitments/unit-charge.ts";

const PAGE = readFileSync(new URL("../../../docs/commitments-and-credits.md", import.meta.url), "utf8");
const CENTS = 2;
const ZONE = "Europe/Berlin";
const REQUESTS_PRICE = {
  model: "graduated",
  tiers: [{ up_to: "1000", unit_price: "0.40" }, { unit_price: "0.30" }],
};
const REQUESTS = chargeOfPrice(REQUESTS_PRICE);

/** The YAML of the example with a name; numbers stay the texts that they are. */
function exampleOf(name: string): unknown {
  const block = new RegExp("```yaml example=" + name + "\\n(.*?)```", "s").exec(PAGE)?.[1];
  if (block === undefined) throw new Error(`no example ${name}`);
  return parse(block, { schema: "failsafe" });
}

/** Rows of the first table behind a text, by column. */
function tableAfter(text: string): readonly Readonly<Record<string, string>>[] {
  const from = PAGE.indexOf(text);
  if (from < 0) throw new Error(`no ${text}`);
  const lines = PAGE.slice(from).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|"));
  const rows = lines.slice(
    start,
    lines.findIndex((line, index) => index > start && !line.startsWith("|")),
  );
  const [header = [], , ...body] = rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(body.length).toBeGreaterThan(1);
  return body.map((cells) =>
    Object.fromEntries(header.map((name, index) => [`${index} ${name}`, cells[index] ?? ""])),
  );
}

const minor = (text: string | undefined): bigint => BigInt((text ?? "").replace(".", ""));
const money = (minorUnits: bigint): string => decimalText(minorUnits, CENTS);
const day = (text: string | undefined): number => {
  const [year = 0, month = 0, dayOfMonth = 0] = (text ?? "").split("-").map(Number);
  return startOfLocalDay(ZONE, year, month, dayOfMonth);
};
const line = (kind: CommittedLine["kind"], price: string, amount: bigint): CommittedLine => ({
  kind,
  price,
  amount: ratio(amount),
});
const requestsCharge = (units: bigint): bigint =>
  rounded(ratioOfCharge(REQUESTS(new Exact(units.toString()), new Exact(1)), CENTS));

/** An example reads like a file of the catalog: true_up: false is a boolean there. */
function commitmentOf(fields: unknown) {
  const text = z.record(z.string(), z.unknown()).parse(fields);
  const trueUp = text["true_up"] === undefined ? {} : { true_up: text["true_up"] === "true" };
  return compileCommitment(commitmentSchema.parse({ ...text, ...trueUp }), {
    exponent: CENTS,
    chargeOf: () => REQUESTS,
  });
}

describe("worked examples of docs/commitments-and-credits.md", () => {
  test("minimum commitment", () => {
    const commitment = commitmentOf(exampleOf("minimum"));
    for (const row of tableAfter("example=minimum")) {
      const lines = [
        line("recurring", "fee", minor(row["0 recurring fee"])),
        line("usage", "p", minor(row["1 usage"])),
      ];
      const outcome = applyCommitment(commitment, commitment.amountFor(WHOLE_PERIOD), lines, true);
      expect([outcome.trueUp, outcome.total].map(money)).toEqual([row["2 true-up"], row["3 invoiced"]]);
    }
  });

  test("part of a period", () => {
    const commitment = commitmentOf(exampleOf("prorated"));
    for (const row of tableAfter("example=prorated")) {
      const days = coveredDays(
        ZONE,
        { startMs: day(row["0 covered from"]), endMs: day(row["1 to"]) },
        { startMs: day(row["2 full period from"]), endMs: day(row["3 to"]) },
      );
      expect(`${days.covered} of ${days.full}`).toBe(row["4 days"]);
      expect(money(commitment.amountFor(days))).toBe(row["5 commitment"]);
    }
  });

  test("committed quantity", () => {
    const commitment = commitmentOf(exampleOf("quantity"));
    for (const row of tableAfter("example=quantity")) {
      const usage = requestsCharge(BigInt(row["0 used"] ?? ""));
      const amount = commitment.amountFor(WHOLE_PERIOD);
      const outcome = applyCommitment(commitment, amount, [line("usage", "requests", usage)], true);
      expect([usage, outcome.trueUp, outcome.total].map(money)).toEqual([
        row["1 usage"],
        row["2 true-up"],
        row["3 invoiced"],
      ]);
    }
  });

  test("overage factor", () => {
    const commitment = commitmentOf(exampleOf("overage"));
    for (const row of tableAfter("example=overage")) {
      const lines = ["0 first price", "1 second price"].map((column) =>
        line("usage", column, minor(row[column])),
      );
      const outcome = applyCommitment(commitment, commitment.amountFor(WHOLE_PERIOD), lines, true);
      expect(
        [...outcome.lines.map(({ charge }) => charge), outcome.trueUp, outcome.total].map(money),
      ).toEqual([row["2 first charged"], row["3 second charged"], row["4 true-up"], row["5 invoiced"]]);
    }
  });

  test("commitment per window", () => {
    const given = exampleOf("windows");
    const commitments = (Array.isArray(given) ? given : []).map(commitmentOf);
    expect(commitments).toHaveLength(2);
    const rows = tableAfter("example=windows");
    const windows = rows.map((row) => ({
      startMs: Date.parse(`2026-01-01T${row["0 window"]}:00Z`),
      amount: ratio(minor(row["1 at the normal rate"])),
    }));
    const outcome = applyWindowedCommitments(commitments, "UTC", windows);
    expect(outcome.windows.map(({ charge }) => money(rounded(charge)))).toEqual(
      rows.map((row) => row["2 charged"]),
    );
  });

  test("the ledger of a year's beginning", () => {
    const ledger = CreditLedger.open("acme.com/EUR", day("2026-01-01"), "charge");
    const given = exampleOf("grants");
    for (const fields of Array.isArray(given) ? given : []) {
      const context = { timeZone: ZONE, scale: CENTS, instantMs: day };
      ledger.addGrant(compileGrant(creditGrantSchema.parse(fields), context), day("2026-01-01"));
    }
    const rows = tableAfter("example=grants");
    for (const row of rows) {
      const [action = "", product = "", amount] = (row["1 what happens"] ?? "").split(" ");
      const source = { product, meter: "m" };
      const atMs = day(row["0 date"]);
      if (action === "use") ledger.burn(source, minor(amount), atMs);
      if (action === "undo") ledger.restore(source, minor(amount), atMs);
      if (action === "close") ledger.endPeriod(atMs);
    }
    const entries = ledger.takeEntries();
    expect(entries.map((entry, index) => entryRow(entry, entries.slice(0, index + 1)))).toEqual(
      rows.map((row) => [row["0 date"], row["2 entry"], row["3 grant"], row["4 amount"], row["5 balance"]]),
    );
    expect(ledger.overage()).toBe(1_000n);
  });

  test("credits and tax", async () => {
    for (const row of tableAfter("### Credits and tax")) {
      const amount = row["2 credits available"];
      const run = new BilledRun(
        catalogOf({
          prices: [{ model: "flat", amount: row["0 net"] }],
          taxPercent: "19",
          contract: {
            start: "2026-01-01",
            end: "2026-02-01",
            credits: [{ id: "g", amount, effective: "2026-01-01" }],
          },
        }),
      );
      await run.until(Date.parse("2026-03-01"));
      const { invoices } = await run.result();
      run.close();
      expect(invoices.map(({ tax, credits, total }) => [tax, credits, total])).toEqual([
        [row["1 tax"], row["3 credits used"], row["4 due"]],
      ]);
    }
  });

  test("prepaid units", async () => {
    const given = exampleOf("units");
    const catalog = catalogOf({
      meters: [{ key: "requests", event_type: "usage", aggregation: "sum", value_property: "n" }],
      prices: [{ meter: "requests", ...REQUESTS_PRICE }],
      contract: { start: "2026-01-01", end: "2026-04-01", credits: given },
    });
    const run = new BilledRun(catalog);
    const rows = tableAfter("example=units");
    for (const row of rows) {
      const timeMs = Date.parse(`${row["0 month"]}-15`);
      await run.use({ account: ACCOUNT, timeMs, data: `{"n":${row["1 used"]}}` });
    }
    await run.until(Date.parse("2026-05-01"));
    const { invoices } = await run.result();
    run.close();
    const found = invoices.map(({ lines, total }) => {
      const [usage, prepaid] = lines;
      const figures = [usage?.quantity, prepaid?.quantity ?? "0", usage?.amount, prepaid?.amount ?? "0.00"];
      return [usage?.periodStart.slice(0, 7), ...figures, total];
    });
    expect(found).toEqual(rows.map((row) => Object.values(row)));
  });

  test("thresholds", () => {
    const commitment = commitmentOf(exampleOf("quantity")).amountFor(WHOLE_PERIOD);
    const found = commitmentTargets(commitment, [80, 100]).map(({ percent, amount }) => ({
      "0 threshold": `${percent} %`,
      "1 amount": money(amount),
      "2 reached at": String(thresholdQuantity(requestsCharge, amount, 0n)),
    }));
    expect(found).toEqual(tableAfter("## Thresholds"));
    expect(PAGE).toContain(
      `1533 units cost ${money(requestsCharge(1533n))}, 1534 cost ${money(requestsCharge(1534n))}`,
    );
  });
});

function entryRow(entry: LedgerEntry, ledger: readonly LedgerEntry[]): readonly string[] {
  const balance = [...foldLedger(ledger).values()].reduce((sum, total) => sum + total.balance, 0n);
  // Starts of days in the zone: midnight there is an hour or two before midnight UTC.
  const date = new Date(entry.timeMs + 7_200_000).toISOString().slice(0, 10);
  return [date, entry.kind, entry.grant, money(entry.amount), money(balance)];
}
