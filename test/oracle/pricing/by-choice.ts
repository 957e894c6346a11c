const HALF_OPEN = "windows and contracts are [start, end): what happens at the end belongs to what follows";

/**
 * Cases that are answered otherwise by choice, each with the reason and our answer. The test compares the answer, and a
 * listed case that agrees fails it.
 */
export const BY_CHOICE: readonly {
  readonly id: string;
  readonly reason: string;
  readonly ourAnswer: Readonly<Record<string, unknown>>;
}[] = [
  {
    id: "090",
    reason:
      "a volume price charges nothing before the period has ended, so all of it is due with the last snapshot",
    ourAnswer: { deltas: ["0", "150"] },
  },
  {
    id: "094",
    reason:
      "late usage is charged at the margin of its billing period: where that is at its maximum it costs nothing, instead of two " +
      "corrections that cancel out",
    ourAnswer: {
      run_totals: ["30", "20", "0"],
      run3_lines: [{ service_period: 1, quantity: "1", amount: "0", corrects_run: 1 }],
    },
  },
  {
    id: "097",
    reason:
      "a volume price charges nothing before the period has ended, so nothing of it has to be taken back",
    ourAnswer: { run_totals: ["0", "0", "80"] },
  },
  {
    id: "213",
    reason:
      "what comes back by the source's credit note had been paid in advance by a plan whose fee the case does not state",
    ourAnswer: {
      usage_cents: "7000",
      true_up_cents: "1929",
      fees_cents: "8929",
      tax_cents: "1786",
      credit_note_cents: "0",
      total_cents: "10715",
    },
  },
  {
    id: "223",
    reason: "the first event with an id wins; another payload under the same id is an exception to look at",
    ourAnswer: { value: "0", count: 0 },
  },
  { id: "336", reason: HALF_OPEN, ourAnswer: { per_period: [{ unit: "12" }] } },
  { id: "343", reason: HALF_OPEN, ourAnswer: { amount: "2.95" } },
  {
    id: "369",
    reason:
      "the last tier must be open: usage beyond a bound would otherwise be free without anyone having said so",
    ourAnswer: { error: "prices[0].tiers[0].up_to: the last tier must be open: leave up_to out" },
  },
  {
    id: "370",
    reason: "corrections may exceed usage: a negative quantity is credited at the first tier's price",
    ourAnswer: { amount: "-5000" },
  },
  {
    id: "450",
    reason:
      "an invoice states the whole tax of what it sells; the credit pays what was taxed with the prepayment, tax included",
    ourAnswer: { tax: "12", total: "2" },
  },
  {
    id: "372",
    reason: "an event without a number is rejected with its reason, never skipped in silence",
    ourAnswer: { value: "3", skipped: 0 },
  },
];
