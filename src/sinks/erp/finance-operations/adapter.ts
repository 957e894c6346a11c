import { defineAdapter } from "../erp-adapter.ts";
import { financeOperationsConnectionSchema, financeOperationsOptions } from "./configuration.ts";
import { financeOperationsDescription } from "./description.ts";
import { FinanceOperationsSink } from "./sink.ts";

export const financeOperationsAdapter = defineAdapter(
  financeOperationsDescription,
  financeOperationsConnectionSchema,
  (read, secret) => {
    const options = financeOperationsOptions(read, secret);
    return options === undefined
      ? undefined
      : (environment) => new FinanceOperationsSink(options, environment);
  },
);
