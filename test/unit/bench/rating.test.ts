import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { benchRating, quantityAt } from "../../../bench/rating/rating-bench.ts";

const QUANTITIES = 20_000;
/** Far below what any machine does; catches a rating that has become a hundred times slower, not a busy machine. */
const LEAST_PER_SECOND = 2_000;

/** The bench's graduated price by hand: prices in 10^-5 EUR a unit, quantities in thousandths; minor units. */
function graduatedByHand(quantity: bigint): bigint {
  const bounds = [100_000n, 10_000_000n, 250_000_000n, undefined] as const;
  const prices = [0n, 1_250n, 990n, 425n] as const;
  let lower = 0n;
  let charge = 0n;
  for (const [tier, upper] of bounds.entries()) {
    const reached = upper === undefined || quantity <= upper ? quantity : upper;
    charge += (reached - lower) * (prices[tier] ?? 0n);
    if (tier === 1 && quantity > lower) charge += 500_000n * 1_000n;
    if (upper === undefined || quantity <= upper) break;
    lower = upper;
  }
  // 10^-5 EUR × 10^-3 units = 10^-8 EUR; a cent is 10^6 of them.
  return (charge + 500_000n) / 1_000_000n;
}

test("the bench of graduated prices rates what an evaluation by hand gives, at a speed that is not broken", () => {
  const hash = createHash("sha256");
  for (let i = 0; i < QUANTITIES; i++) hash.update(`${graduatedByHand(quantityAt(i))}\n`);
  const result = benchRating("graduated", QUANTITIES);
  expect(result.hash).toBe(hash.digest("hex"));
  expect(result.perSecond).toBeGreaterThan(LEAST_PER_SECOND);
});
