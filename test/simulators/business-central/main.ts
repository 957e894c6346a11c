import { z } from "zod";
import { COMMON_CONFIGURATION, runSimulator } from "../common/simulator-process.ts";
import { sampleEnvironment } from "./environment.ts";
import { BusinessCentralSimulator } from "./simulator.ts";

/** Of the simulator as a process of its own. */
const CONFIGURATION = z.strictObject({
  ...COMMON_CONFIGURATION,
  client: z.strictObject({ id: z.string(), secret: z.string() }),
  /** Whether a posted invoice has the id of its draft. */
  keepsIds: z.boolean().default(false),
  tokenLifetimeSeconds: z.number().positive().default(3_599),
  requestsPerWindow: z.number().int().positive().default(6_000),
});

await runSimulator(CONFIGURATION, ({ keepsIds, ...others }, options) =>
  BusinessCentralSimulator.start({
    ...others,
    ...options,
    environment: sampleEnvironment({ keepsIds }),
  }),
);
