import { defineAdapter } from "../erp-adapter.ts";
import { netsuiteConnectionSchema, netsuiteOptions } from "./configuration.ts";
import { netsuiteDescription } from "./description.ts";

export const netsuiteAdapter = defineAdapter(
  netsuiteDescription,
  netsuiteConnectionSchema,
  (read, secret) => {
    const options = netsuiteOptions(read, secret);
    if (options === undefined) return undefined;
    return async () => {
      const { NetsuiteSink } = await import("./sink.ts");
      return (environment) => new NetsuiteSink(options, environment);
    };
  },
);
