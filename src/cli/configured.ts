import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { TributaryError } from "../model/errors.ts";
import { loadWorkerConfig } from "./config/load-config.ts";
import type { WorkerConfig } from "./config/worker-config.ts";

/** Options of every command that reads the worker's configuration. */
export interface ConfiguredOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds `--config` with its environment twin, and `--json`. */
export function addConfiguredOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "configuration file (environment: TRIBUTARY_CONFIG)",
      process.env["TRIBUTARY_CONFIG"],
    )
    .option("--json", "print JSON");
}

/** Reads the configuration; all its faults are in one error. */
export function readConfig(options: ConfiguredOptions): WorkerConfig {
  const result = loadWorkerConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    flags: {},
    readFile: (path) => readFileSync(path, "utf8"),
  });
  if (result.ok) return result.config;
  const lines = result.faults.map((fault) => `${fault.path}: ${fault.message}`);
  throw new TributaryError("config-invalid", `The configuration has faults:\n  ${lines.join("\n  ")}`, {
    details: { faults: result.faults },
  });
}
