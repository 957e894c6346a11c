import { defineAdapter } from "../erp-adapter.ts";
import { sapConnectionSchema, sapOptions } from "./configuration.ts";
import { sapS4hanaDescription } from "./description.ts";

export const sapS4hanaAdapter = defineAdapter(sapS4hanaDescription, sapConnectionSchema, (read, secret) => {
  const options = sapOptions(read, secret);
  if (options === undefined) return undefined;
  return async () => {
    const { SapSink } = await import("./sink.ts");
    return (environment) => new SapSink(options, environment);
  };
});
