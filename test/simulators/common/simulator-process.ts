import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";

/** What the configuration of every ERP's simulator has. */
export const COMMON_CONFIGURATION = {
  controlToken: z.string().min(16),
  latencyMs: z.number().nonnegative().default(0),
  seed: z.number().int().default(1),
};

/** Where a process's command line says the simulator is to listen and keep its state. */
export interface ProcessOptions {
  readonly port: number;
  readonly stateFile?: string;
}

/**
 * A simulator as a process of its own: `node --import tsx main.ts --config FILE [--port N] [--state-file FILE]`. Prints one line
 * `{"url": …}` when it listens; ends at SIGTERM. The configuration is a file, so that no secret is on a command line.
 */
export async function runSimulator<Configuration>(
  schema: z.ZodType<Configuration>,
  start: (
    configuration: Configuration,
    options: ProcessOptions,
  ) => Promise<{ readonly url: string; close(): Promise<void> }>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      port: { type: "string", default: "0" },
      "state-file": { type: "string" },
    },
  });
  if (values.config === undefined) throw new Error("--config FILE is required");
  const configuration = schema.parse(JSON.parse(readFileSync(values.config, "utf8")));
  const stateFile = values["state-file"];
  const simulator = await start(configuration, {
    port: Number(values.port),
    ...(stateFile !== undefined && { stateFile }),
  });
  process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
  process.once("SIGTERM", () => {
    void simulator.close();
  });
}
