import { defineAdapter } from "../erp-adapter.ts";
import { oracleFusionConnectionSchema, oracleFusionOptions } from "./configuration.ts";
import { oracleFusionDescription } from "./description.ts";

export const oracleFusionAdapter = defineAdapter(
  oracleFusionDescription,
  oracleFusionConnectionSchema,
  (read, secret, fault) => {
    const options = oracleFusionOptions(read, secret, fault);
    if (options === undefined) return undefined;
    return async () => {
      const { OracleFusionSink } = await import("./sink.ts");
      return (environment) => new OracleFusionSink(options, environment);
    };
  },
);
