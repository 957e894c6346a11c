import { defineConfig } from "vitest/config";

/** The tests that mutants of the rating code must not survive: those of prices, without brokers and processes. */
export default defineConfig({
  test: {
    include: [
      "test/unit/billing/{adjustments,price-*,pricing-page,rating,catalog-faults}.test.ts",
      "test/unit/operators/rater-prices.test.ts",
    ],
    // A failing property is found, not explained: shrinking would take longer than the mutant is worth.
    testTimeout: 10_000,
  },
});
