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
    id: "372",
    reason: "an event without a number is rejected with its reason, never skipped in silence",
    ourAnswer: { value: "3", skipped: 0 },
  },
];
