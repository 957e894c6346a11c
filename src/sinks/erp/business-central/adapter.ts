import { defineAdapter } from "../erp-adapter.ts";
import { businessCentralConnectionSchema, businessCentralOptions } from "./configuration.ts";
import { businessCentralDescription } from "./description.ts";

export const businessCentralAdapter = defineAdapter(
  businessCentralDescription,
  businessCentralConnectionSchema,
  (read, secret, fault) => {
    const options = businessCentralOptions(read, secret, fault);
    if (options === undefined) return undefined;
    return async () => {
      const { BusinessCentralSink } = await import("./sink.ts");
      return (environment) => new BusinessCentralSink(options, environment);
    };
  },
);
