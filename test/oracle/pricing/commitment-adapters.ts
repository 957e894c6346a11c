import { z } from "zod";
import type { PricingAdapter } from "./adapter.ts";
import { CREDITED_LINE_ADAPTERS } from "./commitments/credited-line-adapters.ts";
import { GRANT_ADAPTERS } from "./commitments/grant-adapters.ts";
import { MINIMUM_ADAPTERS } from "./commitments/minimum-adapters.ts";
import { windowedCommitment } from "./commitments/windowed-adapter.ts";
import { UnknownCase } from "./values.ts";

/** Adapters of the models that are about commitments, prepaid credits and free units. */
export const COMMITMENT_ADAPTERS: readonly PricingAdapter[] = [
  ...MINIMUM_ADAPTERS,
  windowedCommitment,
  ...GRANT_ADAPTERS,
  ...CREDITED_LINE_ADAPTERS,
].map((adapter) => ({
  models: adapter.models,
  async answer(pricingCase) {
    try {
      return await adapter.answer(pricingCase);
    } catch (error) {
      // Fields of a form that the adapter does not know: no adapter is for that case.
      if (error instanceof z.ZodError) throw new UnknownCase(z.prettifyError(error));
      throw error;
    }
  },
}));
