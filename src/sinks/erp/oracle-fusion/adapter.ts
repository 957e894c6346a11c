import { defineAdapter } from "../erp-adapter.ts";
import { oracleFusionConnectionSchema, oracleFusionOptions } from "./configuration.ts";
import { oracleFusionDescription } from "./description.ts";
import { OracleFusionSink } from "./sink.ts";

export const oracleFusionAdapter = defineAdapter(
  oracleFusionDescription,
  oracleFusionConnectionSchema,
  (read, secret, fault) => {
    const options = oracleFusionOptions(read, secret, fault);
    return options === undefined ? undefined : (environment) => new OracleFusionSink(options, environment);
  },
);
