import { z } from "zod";
import { COMMON_CONFIGURATION, runSimulator } from "../common/simulator-process.ts";
import { SapSimulator } from "./simulator.ts";
import { sampleSystem } from "./system.ts";

/** Of the simulator as a process of its own. */
const CONFIGURATION = z.strictObject({
  ...COMMON_CONFIGURATION,
  basic: z.strictObject({ username: z.string(), password: z.string() }).optional(),
  oauth: z.strictObject({ clientId: z.string(), clientSecret: z.string() }).optional(),
  knowsInvoiceReference: z.boolean().default(true),
  needsEtag: z.boolean().default(true),
  tokenLifetimeSeconds: z.number().positive().default(3_600),
});

await runSimulator(CONFIGURATION, ({ basic, oauth, knowsInvoiceReference, needsEtag, ...others }, options) =>
  SapSimulator.start({
    ...others,
    ...options,
    system: sampleSystem({ knowsInvoiceReference, needsEtag }),
    users: { ...(basic !== undefined && { basic }), ...(oauth !== undefined && { oauth }) },
  }),
);
