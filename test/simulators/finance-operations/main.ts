import { z } from "zod";
import { COMMON_CONFIGURATION, runSimulator } from "../common/simulator-process.ts";
import { sampleEnvironment } from "./environment.ts";
import { FinanceOperationsSimulator } from "./simulator.ts";

/** Of the simulator as a process of its own. */
const CONFIGURATION = z.strictObject({
  ...COMMON_CONFIGURATION,
  client: z.strictObject({
    tenant: z.string(),
    clientId: z.string(),
    clientSecret: z.string(),
    scope: z.string(),
    tokenLifetimeSeconds: z.number().positive().default(3_599),
  }),
  /** How the environment is configured; its lists are the sample's. */
  environment: z
    .strictObject({
      defaultCompany: z.string().optional(),
      periodCheck: z.enum(["write", "posting"]).optional(),
    })
    .prefault({}),
  postingDelayMs: z.number().nonnegative().default(0),
});

await runSimulator(CONFIGURATION, ({ environment, ...others }, options) => {
  const { defaultCompany, periodCheck } = environment;
  return FinanceOperationsSimulator.start({
    ...others,
    ...options,
    environment: sampleEnvironment({
      ...(defaultCompany === undefined ? {} : { defaultCompany }),
      ...(periodCheck === undefined ? {} : { periodCheck }),
    }),
  });
});
