import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { SapSimulator } from "./simulator.ts";
import { sampleSystem } from "./system.ts";

/**
 * The simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
const CONFIGURATION = z.strictObject({
  controlToken: z.string().min(16),
  basic: z.strictObject({ username: z.string(), password: z.string() }).optional(),
  oauth: z.strictObject({ clientId: z.string(), clientSecret: z.string() }).optional(),
  knowsInvoiceReference: z.boolean().default(true),
  needsEtag: z.boolean().default(true),
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
const { basic, oauth, knowsInvoiceReference, needsEtag, ...others } = CONFIGURATION.parse(
  JSON.parse(readFileSync(values.config, "utf8")),
);
const stateFile = values["state-file"];
const simulator = await SapSimulator.start({
  ...others,
  system: sampleSystem({ knowsInvoiceReference, needsEtag }),
  users: { ...(basic !== undefined && { basic }), ...(oauth !== undefined && { oauth }) },
  ...(stateFile !== undefined && { stateFile }),
  port: Number(values.port),
});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
process.once("SIGTERM", () => {
  void simulator.close();
});
