import { defineAdapter } from "../erp-adapter.ts";
import { financeOperationsConnectionSchema, financeOperationsOptions } from "./configuration.ts";
import { financeOperationsDescription } from "./description.ts";

export const financeOperationsAdapter = defineAdapter(
  financeOperationsDescription,
  financeOperationsConnectionSchema,
  (read, secret) => {
    const options = financeOperationsOptions(read, secret);
    if (options === undefined) return undefined;
    return async () => {
      const { FinanceOperationsSink } = await import("./sink.ts");
      return (environment) => new FinanceOperationsSink(options, environment);
    };
  },
);
