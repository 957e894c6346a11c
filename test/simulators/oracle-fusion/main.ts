import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { OracleFusionSimulator } from "./simulator.ts";

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
  controlToken: z.string().min(16),
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
  latencyMs: z.number().nonnegative().default(0),
  tokenLifetimeSeconds: z.number().positive().default(3_600),
  seed: z.number().int().default(1),
});

const { values } = parseArgs({
  options: {
    config: { type: "string" },
    port: { type: "string", default: "0" },
    "state-file": { type: "string" },
  },
});
if (values.config === undefined) throw new Error("--config FILE is required");
const { credentials, ...others } = CONFIGURATION.parse(JSON.parse(readFileSync(values.config, "utf8")));
const { basic, oauth, jwt } = credentials;
const stateFile = values["state-file"];
const simulator = await OracleFusionSimulator.start({
  ...others,
  credentials: {
    ...(basic !== undefined && { basic }),
    ...(oauth !== undefined && { oauth }),
    ...(jwt !== undefined && { jwt }),
  },
  ...(stateFile === undefined ? {} : { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
