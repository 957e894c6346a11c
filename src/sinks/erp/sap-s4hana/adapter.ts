import { defineAdapter } from "../erp-adapter.ts";
import { sapConnectionSchema, sapOptions } from "./configuration.ts";
import { sapS4hanaDescription } from "./description.ts";
import { SapSink } from "./sink.ts";

export const sapS4hanaAdapter = defineAdapter(sapS4hanaDescription, sapConnectionSchema, (read, secret) => {
  const options = sapOptions(read, secret);
  return options === undefined ? undefined : (environment) => new SapSink(options, environment);
});
