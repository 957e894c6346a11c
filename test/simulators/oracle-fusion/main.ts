import { z } from "zod";
import { COMMON_CONFIGURATION, runSimulator } from "../common/simulator-process.ts";
import { OracleFusionSimulator } from "./simulator.ts";

/** Of the simulator as a process of its own. */
const CONFIGURATION = z.strictObject({
  ...COMMON_CONFIGURATION,
  credentials: z.strictObject({
    basic: z.strictObject({ username: z.string(), password: z.string() }).optional(),
    oauth: z.strictObject({ clientId: z.string(), clientSecret: z.string(), scope: z.string() }).optional(),
    jwt: z
      .strictObject({
        issuer: z.string(),
        username: z.string(),
        certificateThumbprint: z.string(),
        publicKey: z.string(),
      })
      .optional(),
  }),
  importDelayMs: z.number().nonnegative().default(0),
  lagMs: z.number().nonnegative().default(0),
  tokenLifetimeSeconds: z.number().positive().default(3_600),
});

await runSimulator(CONFIGURATION, ({ credentials, ...others }, options) => {
  const { basic, oauth, jwt } = credentials;
  return OracleFusionSimulator.start({
    ...others,
    ...options,
    credentials: {
      ...(basic !== undefined && { basic }),
      ...(oauth !== undefined && { oauth }),
      ...(jwt !== undefined && { jwt }),
    },
  });
});
