import { defineAdapter } from "../erp-adapter.ts";
import { netsuiteConnectionSchema, netsuiteOptions } from "./configuration.ts";
import { netsuiteDescription } from "./description.ts";
import { NetsuiteSink } from "./sink.ts";

export const netsuiteAdapter = defineAdapter(
  netsuiteDescription,
  netsuiteConnectionSchema,
  (read, secret) => {
    const options = netsuiteOptions(read, secret);
    return options === undefined ? undefined : (environment) => new NetsuiteSink(options, environment);
  },
);
