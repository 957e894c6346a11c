import { describe, expect, it } from "vitest";
import { totalsOf, TrialBalance } from "../../../src/billing/ledger/balances.ts";
import { functionalBalances } from "../../../src/billing/ledger/functional-balances.ts";
import { plainTextLedger } from "../../../src/billing/ledger/plain-text.ts";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { Billing, catalogOf, contract } from "./billed-partition.ts";
import { weightsOf } from "./plain-text-weights.ts";

const rate = (date: string, value: string) => ({
  from: "EUR",
  to: "USD",
  rate: value,
  date,
  source: "test",
});
const RATES = [rate("2025-12-31", "1.1"), rate("2026-01-30", "1.2"), rate("2026-02-02", "1.25")];
const files = (rates: readonly unknown[]) => ({
  "contracts/all.json": contract(),
  "exchange_rates/all.json": rates,
  "legal_entities/all.json": { key: "us", name: "US", number_prefix: "INV-", functional_currency: "USD" },
  "tax_rates/all.json": { key: "de", name: "VAT", country: "DE", percent: "19", from: "2020-01-01" },
});

type Row = Awaited<ReturnType<Billing["result"]>>["journal"][number];
const written = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ date, memo, functional, lines }) => [
    `${date} ${memo}, ${functional?.currency} at ${functional?.rate ?? "historical rates"}`,
    ...lines.map(
      (line) =>
        `  ${line.account} ${line.debit} ${line.credit} | ${line.functionalDebit} ${line.functionalCredit}`,
    ),
  ]);

describe("books in a functional currency", () => {
  it("are kept by the rates of the entries' days; accruals are reversed and fees released by the first rate", async () => {
    const billing = await new Billing(catalogOf(files(RATES))).use(777, "2026-01-20");
    await billing.until("2026-03-10");
    const { invoices, journal, entries } = await billing.result();
    expect(written(journal.slice(0, 6))).toEqual([
      "2026-01-01 Invoice INV-000001, USD at 1.1",
      "  receivable 368.90 0 | 405.79 0",
      "  tax-payable 0 58.90 | 0 64.79",
      "  deferred-revenue 0 310.00 | 0 341.00",
      "2026-01-31 Fees earned, USD at historical rates",
      "  deferred-revenue 310.00 0 | 341.00 0",
      "  revenue 0 310.00 | 0 341.00",
      "2026-01-31 Unbilled revenue, USD at 1.2",
      "  unbilled-receivable 77.70 0 | 93.24 0",
      "  revenue 0 77.70 | 0 93.24",
      "2026-02-01 Unbilled revenue, reversed, USD at 1.2",
      "  unbilled-receivable 0 77.70 | 0 93.24",
      "  revenue 77.70 0 | 93.24 0",
      // 461.36 × 1.25 = 576.70; 73.66 × 1.25 = 92.075; the parts come to a cent more than the sum.
      "2026-02-03 Invoice INV-000002, USD at 1.25",
      "  receivable 461.36 0 | 576.70 0",
      "  tax-payable 0 73.66 | 0 92.08",
      "  revenue 0 77.70 | 0 97.13",
      "  deferred-revenue 0 310.00 | 0 387.50",
      "  currency-rounding 0 0 | 0.01 0",
      "2026-02-28 Fees earned, USD at historical rates",
      "  deferred-revenue 310.00 0 | 387.50 0",
      "  revenue 0 310.00 | 0 387.50",
    ]);
    expect(invoices[1]).toMatchObject({
      functionalCurrency: "USD",
      exchangeRate: "1.25",
      exchangeRateDate: "2026-02-02",
      taxFunctional: "92.08",
      totalFunctional: "576.70",
    });
    const text = [...plainTextLedger(entries)];
    expect(text).toContain("  Assets:Receivable:E-us  461.36 EUR @@ 576.70 USD");
    expect(text).toContain("  Expenses:Currency-Rounding:E-us  0.01 USD");
    expect(text.filter((line) => line.includes(" balance ")).join("\n")).toContain(
      "balance Expenses:Currency-Rounding:E-us 0.01 USD",
    );
    for (const weights of weightsOf(text)) expect(weights).toEqual(new Map([["USD", 0n]]));
  });

  it("wait for a rate that is missing or too old; what waited is booked by its own day's rate", async () => {
    const billing = await new Billing(catalogOf(files(RATES.slice(0, 1)))).use(777, "2026-01-20");
    await billing.until("2026-02-10");
    const held = await billing.result();
    expect(held.invoices.map(({ status }) => status)).toEqual(["final", "held"]);
    expect(held.report.exceptions.map(({ stage, reason }) => `${stage} ${reason}`)).toEqual([
      "exchange exchange-rate-missing",
      "exchange exchange-rate-missing",
    ]);
    expect(held.journal.map(({ memo }) => memo)).toEqual(["Invoice INV-000001", "Fees earned"]);
    // A rate of the document's day alone: the accrual's is still missing.
    const half = [RATES[0], RATES[2]];
    await billing.take(catalogOf(files(half)));
    const partly = await billing.result();
    expect(partly.journal.map(({ memo }) => memo)).toEqual([
      "Invoice INV-000001",
      "Fees earned",
      "Invoice INV-000002",
    ]);
    await billing.take(catalogOf(files(RATES)));
    await billing.until("2026-03-10");
    const late = await billing.result();
    const onTime = await new Billing(catalogOf(files(RATES))).use(777, "2026-01-20");
    await onTime.until("2026-03-10");
    const all = await onTime.result();
    expect(written(late.journal).sort()).toEqual(written(all.journal).sort());
  });

  it("defer nothing any more when a fee was given back at another rate than it was invoiced at", async () => {
    const open = { "contracts/all.json": contract({ end: "2026-06-01" }) };
    const ended = { "contracts/all.json": contract({ end: "2026-01-21" }) };
    const rates = [...RATES, rate("2026-02-27", "1.5")];
    const billing = new Billing(catalogOf({ ...files(rates), ...open }));
    // February's fee is invoiced at 1.25 and given back at 1.5.
    await billing.until("2026-02-10");
    await billing.take(catalogOf({ ...files(rates), ...ended }));
    await billing.until("2026-03-05");
    const { journal } = await billing.result();
    const deferred = journal.flatMap(({ lines }) =>
      lines.filter(({ account }) => account === "deferred-revenue"),
    );
    const sum = (side: "debit" | "credit" | "functionalDebit" | "functionalCredit"): bigint =>
      deferred.reduce((all, line) => all + minorUnitsOfText(line[side] ?? "0.00"), 0n);
    expect(deferred.map(({ debit, functionalDebit }) => `${debit} ${functionalDebit}`)).toContain("0 0");
    expect(sum("debit")).toBe(sum("credit"));
    expect(sum("functionalDebit")).toBe(sum("functionalCredit"));
  });

  it("add up to zero in the functional currency, contracts in it and in another one together", async () => {
    const plan = (key: string, currency: string) => ({
      key,
      version: 1,
      currency,
      prices: [{ key: "support", product: "support", model: "flat", amount: "310", billed: "in_advance" }],
    });
    const billing = new Billing(
      catalogOf({
        ...files(RATES),
        "plans/all.json": [plan("plan", "EUR"), plan("dollars", "USD")],
        "contracts/all.json": [
          contract(),
          contract({ id: "D", account: "other", plan: { key: "dollars", version: 1 } }),
        ],
      }),
    );
    await billing.until("2026-01-05");
    const trial = new TrialBalance();
    for (const entry of (await billing.result()).entries) trial.add(entry);
    const balances = functionalBalances(trial.balances(), () => "USD");
    expect(balances.map(({ account, debits, credits }) => [account, debits - credits])).toEqual([
      // 368.90 EUR at 1.1 and 368.90 USD.
      ["deferred-revenue", -34_100n - 31_000n],
      ["receivable", 40_579n + 36_890n],
      ["tax-payable", -6_479n - 5_890n],
    ]);
    expect(totalsOf(balances)).toMatchObject([{ currency: "USD", debits: 77_469n, credits: 77_469n }]);
    expect(functionalBalances(trial.balances(), () => undefined)).toEqual([]);
  });

  it("are not kept where the contract's currency is the functional one", async () => {
    const inEuro = { key: "de", name: "DE", functional_currency: "EUR" };
    const billing = new Billing(catalogOf({ ...files([]), "legal_entities/all.json": inEuro }));
    await billing.until("2026-01-05");
    const { invoices, journal } = await billing.result();
    expect(invoices.map(({ status, functionalCurrency }) => [status, functionalCurrency])).toEqual([
      ["final", undefined],
    ]);
    expect(journal.map(({ functional }) => functional)).toEqual([undefined]);
  });
});
