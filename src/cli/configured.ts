import { Option, type Command } from "commander";
import { TributaryError } from "../model/errors.ts";
import { loadWorkerConfig, type WorkerConfig } from "./config/worker-config.ts";

/** Options of every command that reads the worker's configuration. */
export interface ConfiguredOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds `--config` with its environment twin. */
export function addConfigOption(command: Command): Command {
  return command.addOption(new Option("--config <file>", "configuration file").env("TRIBUTARY_CONFIG"));
}

/** Adds `--config` and `--json`. */
export function addConfiguredOptions(command: Command): Command {
  return addConfigOption(command).option("--json", "print JSON");
}

/** Reads the configuration; all its faults are in one error. */
export function readConfig(options: ConfiguredOptions): WorkerConfig {
  const result = loadWorkerConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
  });
  if (result.ok) return result.config;
  const lines = result.faults.map((fault) => `${fault.path}: ${fault.message}`);
  throw new TributaryError("config-invalid", `The configuration has faults:\n  ${lines.join("\n  ")}`, {
    details: { faults: result.faults },
  });
}
