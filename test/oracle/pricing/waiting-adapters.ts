import { type PricingAdapter, WaitingCase } from "./adapter.ts";
import { WAITING_MODELS } from "./waiting.ts";

export const WAITING_ADAPTERS: readonly PricingAdapter[] = [
  {
    models: Object.keys(WAITING_MODELS),
    answer({ model }) {
      throw new WaitingCase(WAITING_MODELS[model] ?? model);
    },
  },
];
