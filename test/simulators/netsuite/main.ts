import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { NetSuiteSimulator } from "./simulator.ts";

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
  controlToken: z.string().min(16),
  token: z
    .strictObject({
      consumerKey: z.string(),
      consumerSecret: z.string(),
      tokenKey: z.string(),
      tokenSecret: z.string(),
    })
    .optional(),
  machine: z
    .strictObject({ clientId: z.string(), certificates: z.record(z.string(), z.string()) })
    .optional(),
  concurrency: z.number().int().positive().default(5),
  latencyMs: z.number().nonnegative().default(0),
  asyncDelayMs: z.number().nonnegative().default(0),
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
const { token, machine, ...others } = CONFIGURATION.parse(JSON.parse(readFileSync(values.config, "utf8")));
const stateFile = values["state-file"];
const simulator = await NetSuiteSimulator.start({
  ...others,
  ...(token === undefined ? {} : { token }),
  ...(machine === undefined ? {} : { machine }),
  ...(stateFile === undefined ? {} : { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
