import type { PricingAdapter } from "./adapter.ts";
import { LATE_USAGE_ADAPTERS } from "./invoices/late-usage-adapters.ts";
import { LEVEL_ADAPTERS } from "./invoices/level-adapters.ts";
import { PLAN_CHANGE_ADAPTERS } from "./invoices/plan-change-adapters.ts";
import { TOTALS_ADAPTERS } from "./invoices/totals-adapters.ts";

/** Adapters of the models that are about invoices: whole contracts are billed, and their documents looked at. */
export const INVOICE_ADAPTERS: readonly PricingAdapter[] = [
  ...PLAN_CHANGE_ADAPTERS,
  ...TOTALS_ADAPTERS,
  ...LATE_USAGE_ADAPTERS,
  ...LEVEL_ADAPTERS,
];
