import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { sampleEnvironment } from "./environment.ts";
import { FinanceOperationsSimulator } from "./simulator.ts";

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
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
  controlToken: z.string().min(16),
  latencyMs: z.number().nonnegative().default(0),
  postingDelayMs: z.number().nonnegative().default(0),
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
const { environment, ...others } = CONFIGURATION.parse(JSON.parse(readFileSync(values.config, "utf8")));
const { defaultCompany, periodCheck } = environment;
const stateFile = values["state-file"];
const simulator = await FinanceOperationsSimulator.start({
  ...others,
  environment: sampleEnvironment({
    ...(defaultCompany === undefined ? {} : { defaultCompany }),
    ...(periodCheck === undefined ? {} : { periodCheck }),
  }),
  ...(stateFile === undefined ? {} : { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
