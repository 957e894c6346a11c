import { Option, type Command } from "commander";
import { TributaryError } from "../model/errors.ts";
import { workerConfigKeys, type ConfigKey } from "./config/config-keys.ts";
import { loadWorkerConfig, type WorkerConfig } from "./config/worker-config.ts";

/** Options of every command that reads the worker's configuration; settings that have a flag stand beside them. */
export interface ConfiguredOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds `--config` with its environment twin. */
export function addConfigOption(command: Command): Command {
  return command.addOption(new Option("--config <file>", "configuration file").env("TRIBUTARY_CONFIG"));
}

/** Adds a flag for every setting that is no secret; it wins over the file and the environment. */
export function addSettingOptions(command: Command): Command {
  for (const key of workerConfigKeys()) {
    const option = settingOption(key);
    if (option !== undefined) command.addOption(option);
  }
  return command;
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
    flags: settingsOf(options),
  });
  if (result.ok) return result.config;
  const lines = result.faults.map((fault) => `${fault.path}: ${fault.message}`);
  throw new TributaryError("config-invalid", `The configuration has faults:\n  ${lines.join("\n  ")}`, {
    details: { faults: result.faults },
  });
}

function settingOption(key: ConfigKey): Option | undefined {
  if (key.flag === undefined) return undefined;
  return new Option(`${key.flag} <value>`, key.description).env(key.environment).helpGroup("Settings:");
}

/** Texts of the settings' flags by dotted path. */
function settingsOf(options: ConfiguredOptions): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const key of workerConfigKeys()) {
    const name = settingOption(key)?.attributeName();
    const value: unknown = name === undefined ? undefined : Reflect.get(options, name);
    if (typeof value === "string") texts[key.path] = value;
  }
  return texts;
}
