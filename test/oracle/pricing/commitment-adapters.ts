import type { PricingAdapter } from "./adapter.ts";
import { CREDITED_LINE_ADAPTERS } from "./commitments/credited-line-adapters.ts";
import { GRANT_ADAPTERS } from "./commitments/grant-adapters.ts";
import { MINIMUM_ADAPTERS } from "./commitments/minimum-adapters.ts";
import { windowedCommitment } from "./commitments/windowed-adapter.ts";

/** Adapters of the models that are about commitments, prepaid credits and free units. */
export const COMMITMENT_ADAPTERS: readonly PricingAdapter[] = [
  ...MINIMUM_ADAPTERS,
  windowedCommitment,
  ...GRANT_ADAPTERS,
  ...CREDITED_LINE_ADAPTERS,
];
