import { AMOUNT_ADAPTERS } from "./amount-adapters.ts";
import type { PricingAdapter } from "./adapter.ts";
import { COMMITMENT_ADAPTERS } from "./commitment-adapters.ts";
import { PERIOD_ADAPTERS } from "./period-adapters.ts";
import { QUANTITY_ADAPTERS } from "./quantity-adapters.ts";
import { SPLIT_ADAPTERS } from "./split-adapters.ts";
import { USAGE_ADAPTERS } from "./usage-adapters.ts";
import { INVOICE_ADAPTERS } from "./invoice-adapters.ts";

const ADAPTERS: readonly PricingAdapter[] = [
  ...QUANTITY_ADAPTERS,
  ...AMOUNT_ADAPTERS,
  ...SPLIT_ADAPTERS,
  ...PERIOD_ADAPTERS,
  ...USAGE_ADAPTERS,
  ...COMMITMENT_ADAPTERS,
  ...INVOICE_ADAPTERS,
];

/** Adapter by model of the cases; every model has at most one. */
export const ADAPTER_OF: ReadonlyMap<string, PricingAdapter> = new Map(
  ADAPTERS.flatMap((adapter) => adapter.models.map((model): [string, PricingAdapter] => [model, adapter])),
);
