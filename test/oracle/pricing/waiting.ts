const PRORATION = "proration of amounts by days is built with invoicing";
const LATE_RUNS =
  "invoice runs over several periods and lines that correct earlier ones are built with invoicing";
const TOTALS = "the order of coupons, credits and tax in an invoice's totals is built with invoicing";
const DRAFTS = "invoices that wait for a collection window are built with invoicing";

/** Models whose subject is built with invoicing, with what it is that they wait for. */
export const WAITING_MODELS: Readonly<Record<string, string>> = {
  proration_days: PRORATION,
  proration_cycle_fraction: PRORATION,
  prorated_sum_recurring: PRORATION,
  prorated_graduated_signed_events: PRORATION,
  credit_note_proration_tax: PRORATION,
  late_event_period_preserving: LATE_RUNS,
  late_event_lookback: LATE_RUNS,
  invoice_totals_order: TOTALS,
  draft_invoice_collection_window: DRAFTS,
};

/** Cases of the bundled file that wait; a listed one that gets an answer fails the test. */
export const WAITING: readonly { readonly id: string; readonly reason: string }[] = [
  { id: "094", reason: LATE_RUNS },
  { id: "095", reason: LATE_RUNS },
  { id: "097", reason: LATE_RUNS },
  { id: "099", reason: DRAFTS },
  { id: "173", reason: PRORATION },
  { id: "174", reason: PRORATION },
  { id: "184", reason: PRORATION },
  { id: "213", reason: PRORATION },
  { id: "217", reason: PRORATION },
  { id: "296", reason: PRORATION },
  { id: "297", reason: PRORATION },
  { id: "300", reason: PRORATION },
  { id: "312", reason: PRORATION },
  { id: "315", reason: PRORATION },
  { id: "316", reason: PRORATION },
  { id: "345", reason: LATE_RUNS },
  { id: "377", reason: PRORATION },
  { id: "378", reason: PRORATION },
  { id: "379", reason: PRORATION },
  { id: "447", reason: TOTALS },
  { id: "448", reason: TOTALS },
  { id: "450", reason: TOTALS },
];
