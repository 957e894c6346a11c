import { describe, expect, it } from "vitest";
import type { PricingCase } from "../../oracle/pricing/adapter.ts";
import { runCase } from "../../oracle/pricing/runner.ts";

type Fields = Readonly<Record<string, unknown>>;

const PERIOD = { scale: 2, mode: "half_up", period: ["2024-04-01", "2024-04-30"] };
const CENTS = { unit: "minor", rounding: "half_up" };
const PER_UNIT = { base: "per_unit", unit_price: "2" };
const TIERS = [
  { up_to: "10", unit_price: "3", flat_fee: "0" },
  { up_to: null, unit_price: "1", flat_fee: "5" },
];

/** Cases of the models about invoices that no source has, with figures worked out by hand. */
const CASES: readonly (readonly [model: string, config: Fields, input: Fields, expected: Fields])[] = [
  [
    "proration_days",
    PERIOD,
    { change_date: "2024-04-11", old: ["3", "10.10"], new: ["1", "9.99"], remaining_ratio: "20/30" },
    { credit: "-20.20", charge: "6.66", net: "-13.54" },
  ],
  [
    "proration_days",
    PERIOD,
    { change_date: "2024-04-01", old: ["1", "50"], new: ["2", "50"], remaining_ratio: "30/30" },
    { credit: "-50", charge: "100", net: "50" },
  ],
  [
    "proration_days",
    { scale: 2, mode: "half_up", period: ["2024-04-01", "2024-04-30"], day_count: "inclusive of both ends" },
    { change_date: "2024-04-16", old: null, new: ["1", "9.99"] },
    { credit: "0", charge: "5", net: "5" },
  ],
  // A quarter of 92 days; half a period, whatever its length.
  [
    "proration_days",
    PERIOD,
    { change_date: "2024-08-31", old: null, new: ["1", "920"], remaining_ratio: "31/92" },
    { credit: "0", charge: "310", net: "310" },
  ],
  [
    "proration_days",
    { scale: 0, mode: "half_up" },
    { old: ["1", "101"], new: null, remaining_ratio: "1/2" },
    { credit: "-50", charge: "0", net: "-50" },
  ],
  [
    "proration_cycle_fraction",
    CENTS,
    { old_price: "3000", new_price: "9000", remaining_fraction: "10/30" },
    { credit: "1000", debit: "3000" },
  ],
  [
    "credit_note_proration_tax",
    { paid_cents: "10000", tax_percent: "20", period_days: "31" },
    { unused_days: "10" },
    { net_cents: "3226", tax_cents: "645", total_cents: "3871" },
  ],
  [
    "charge_minimum_spend_prorated",
    { filter_unit_price_cents: { a: "1000" }, min_cents: "3100", period_days: "31" },
    { units: { a: "2" }, active_days: "30" },
    { usage_cents: "2000", true_up_cents: "1000", fees_cents: "3000", tax_cents: "0", total_cents: "3000" },
  ],
  [
    "invoice_totals_order",
    { sequence: ["coupons", "tax", "credits"], taxable: "after_coupons", tax_percent: "10" },
    { subtotal: "70", invoice_coupons: "10", credits: "30" },
    { taxable: "60", tax: "6", total: "36" },
  ],
  [
    "invoice_totals_order",
    { sequence: ["tax", "credits"], taxable: "gross_subtotal", tax_percent: "19" },
    { subtotal: "10", credits: "100" },
    { taxable: "10", tax: "1.9", total: "0" },
  ],
  [
    "late_event_lookback",
    { ...PER_UNIT, late_lookback_periods: 1 },
    {
      invoice_run: "2025-05-01",
      late_events: [
        ["2025-03-01", "7"],
        ["2025-02-28", "5"],
      ],
      current_events: [["2025-04-10", "1"]],
    },
    {
      items: [
        { period: ["2025-03-01", "2025-04-01"], amount: "14" },
        { period: ["2025-04-01", "2025-05-01"], amount: "2" },
      ],
      ignored: ["2025-02-28"],
    },
  ],
  [
    "late_event_period_preserving",
    { base: "graduated", tiers: TIERS },
    {
      runs: [
        { period: 1, cumulative_by_period: ["8"] },
        { period: 2, cumulative_by_period: ["7", "12"] },
      ],
    },
    // 10 × 3 + 2 × 1 + 5 − 24; one unit less of the first, then five of the second period.
    {
      run_totals: ["24", "13"],
      run2_lines: [
        { service_period: 1, quantity: "-1", amount: "-3", corrects_run: 1 },
        { service_period: 2, quantity: "5", amount: "16" },
      ],
    },
  ],
  [
    "draft_invoice_collection_window",
    {
      lines: [
        { ...PER_UNIT, period: ["2025-01-01T00:00Z", "2025-01-01T12:00Z"] },
        { ...PER_UNIT, period: ["2025-01-01T12:00Z", "2025-01-02T00:00Z"] },
      ],
      collection_interval: "PT2H30M",
    },
    {
      events: [
        { value: "1", event_time: "2025-01-01T11:59Z", arrived: "before draft" },
        { value: "4", event_time: "2025-01-01T12:00Z", arrived: "after draft" },
      ],
      draft_at: "2025-01-02T01:00Z",
      collect_at: "2025-01-02T02:30Z",
    },
    { draft_total: "2", draft_status: "waiting_for_collection", snapshot_total: "10" },
  ],
  [
    "prorated_sum_recurring",
    { period: ["2024-02-01", "2024-02-29"], days: 29 },
    { carried_in: ["3"], added: [{ at: "2024-02-29", value: "-2" }] },
    // 3 − 2 × 1 ÷ 29, down.
    { value: "2.931", rounding: "floor 3 decimals", count: 2 },
  ],
  [
    "prorated_graduated_signed_events",
    { tiers: TIERS },
    { events: ["4", "4"], prorated_events: ["4", "1"], final_units: "8" },
    { amount: "15" },
  ],
];

describe("further cases about invoices", () => {
  it.each(CASES)("%s %j %j", async (model, config, input, expected) => {
    const pricingCase: PricingCase = { id: "own", source_repo: "own", model, config, input, expected };
    expect(await runCase(pricingCase)).toEqual({ status: "agree" });
  });

  it("a part of no billing period, and a fraction that is none, have no adapter", async () => {
    for (const remaining_fraction of ["1/367", "half"]) {
      const pricingCase: PricingCase = {
        id: "own",
        source_repo: "own",
        model: "proration_cycle_fraction",
        config: CENTS,
        input: { old_price: "3000", new_price: "9000", remaining_fraction },
        expected: { credit: "0" },
      };
      expect((await runCase(pricingCase)).status).toBe("no adapter");
    }
  });
});
