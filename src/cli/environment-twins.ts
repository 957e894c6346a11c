import { Command, type Option } from "commander";
import { TributaryError } from "../model/errors.ts";

const ON = new Set(["true", "1"]);
const OFF = new Set(["false", "0", ""]);

/** Every command below and including `command`. */
export function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

/** The options of a command that stand for a setting: not help and version, which ask for text. */
export function settingOptions(command: Command): Option[] {
  return command.options.filter(isSetting);
}

function isSetting({ long }: Option): boolean {
  return long !== undefined && long !== "--version";
}

/**
 * A command whose every long flag has an environment twin: TRIBUTARY_<COMMAND>_<FLAG>, the names of nested commands
 * joined (`inspect partitions --json`: TRIBUTARY_INSPECT_PARTITIONS_JSON). A flag that has a variable already keeps it.
 */
export class TwinnedCommand extends Command {
  override createCommand(name?: string): Command {
    return new TwinnedCommand(name);
  }

  override addOption(option: Option): this {
    // Commander listens to the variable only if it knows it when the option is added.
    if (isSetting(option) && option.envVar === undefined) option.env(twinOf(this, option));
    return super.addOption(option);
  }
}

/**
 * Prepares the variables for commander, which takes any value of a switch's variable, also "false", for on: removes
 * empty ones and switches that are off. Throws `usage-invalid` for a switch that is neither on nor off.
 */
export function normaliseTwins(program: Command, env: NodeJS.ProcessEnv): void {
  for (const command of commandsOf(program)) {
    for (const { envVar, required, optional } of settingOptions(command)) {
      const value = envVar === undefined ? undefined : env[envVar];
      if (envVar === undefined || value === undefined) continue;
      const isSwitch = !required && !optional;
      if (value === "" || (isSwitch && OFF.has(value))) Reflect.deleteProperty(env, envVar);
      else if (isSwitch && !ON.has(value)) {
        throw new TributaryError("usage-invalid", `${envVar} must be true, 1, false or 0.`);
      }
    }
  }
}

function twinOf(command: Command, option: Option): string {
  const names: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
  return ["TRIBUTARY", ...names, (option.long ?? "").replace(/^--(no-)?/, "")]
    .join("_")
    .replaceAll("-", "_")
    .toUpperCase();
}
