import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { sampleEnvironment } from "./environment.ts";
import { BusinessCentralSimulator } from "./simulator.ts";

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
  controlToken: z.string().min(16),
  client: z.strictObject({ id: z.string(), secret: z.string() }),
  /** Whether a posted invoice has the id of its draft. */
  keepsIds: z.boolean().default(false),
  latencyMs: z.number().nonnegative().default(0),
  tokenLifetimeSeconds: z.number().positive().default(3_599),
  requestsPerWindow: z.number().int().positive().default(6_000),
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
const { keepsIds, ...others } = CONFIGURATION.parse(JSON.parse(readFileSync(values.config, "utf8")));
const stateFile = values["state-file"];
const simulator = await BusinessCentralSimulator.start({
  ...others,
  environment: sampleEnvironment({ keepsIds }),
  ...(stateFile === undefined ? {} : { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
