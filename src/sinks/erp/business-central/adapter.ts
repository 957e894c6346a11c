import { defineAdapter } from "../erp-adapter.ts";
import { businessCentralConnectionSchema, businessCentralOptions } from "./configuration.ts";
import { businessCentralDescription } from "./description.ts";
import { BusinessCentralSink } from "./sink.ts";

export const businessCentralAdapter = defineAdapter(
  businessCentralDescription,
  businessCentralConnectionSchema,
  (read, secret, fault) => {
    const options = businessCentralOptions(read, secret, fault);
    return options === undefined ? undefined : (environment) => new BusinessCentralSink(options, environment);
  },
);
