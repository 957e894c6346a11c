import type { Argument, Command, Option } from "commander";
import { commandsOf, settingOptions } from "../../src/cli/environment-twins.ts";

/** Text in a cell: a bar would end it. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function defaultOf(option: Option): string {
  if (option.defaultValue === undefined) return "";
  return `\`${option.defaultValueDescription ?? JSON.stringify(option.defaultValue)}\``;
}

function optionRow(option: Option): string {
  const required = option.mandatory ? " Required." : "";
  return `| \`${cell(option.flags)}\` | ${cell(option.description)}${required} | ${defaultOf(option)} | \`${option.envVar ?? ""}\` |`;
}

function argumentRow(argument: Argument): string {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  const choices = argument.argChoices === undefined ? "" : `: ${argument.argChoices.join(", ")}`;
  return `- \`${name}\` ${argument.description}${choices}`;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function section(command: Command): string[] {
  const options = settingOptions(command);
  const lines = ["", `## ${pathOf(command)}`, ""];
  const summary = command.summary() === "" ? command.description() : command.summary();
  lines.push(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`.replace(/\.\.$/, "."));
  if (command.summary() !== "" && command.description() !== "")
    lines.push("", "```text", command.description(), "```");
  if (command.registeredArguments.length > 0) lines.push("", ...command.registeredArguments.map(argumentRow));
  if (command.commands.length > 0) {
    lines.push(
      "",
      ...command.commands.map((sub) => `- \`${pathOf(sub)}\`: ${sub.summary() || sub.description()}`),
    );
  }
  if (options.length > 0) {
    lines.push(
      "",
      "| option | meaning | default | environment |",
      "| --- | --- | --- | --- |",
      ...options.map(optionRow),
    );
  }
  return lines;
}

/** The page that lists every command with its options, their environment twins and the exit codes. */
export function renderCliReference(program: Command): string {
  const commands = commandsOf(program).filter((command) => command !== program);
  return [
    "# Command line",
    "",
    `${program.description()} Written from the program itself by \`npm run docs\`.`,
    "",
    "- `tributary --help` and `tributary <command> --help` say the same in a terminal.",
    "- Every option has a variable of the environment, named in the last column; the option wins. An empty variable counts as",
    "  not set; that of a switch is `true` or `1`, `false` or `0`.",
    "- Settings of the worker have variables of their own, `TRIBUTARY__…`: `configuration.md`.",
    "- Data goes to standard output, progress and faults to standard error. `--json` prints one JSON document.",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "| --- | --- |",
    "| 0 | done |",
    "| 1 | a fault at run time; for `doctor` a critical finding, for `recover` a partition that can't start, for `explain` an unknown event |",
    "| 2 | bad usage, or faults in the configuration or catalog |",
    "| 3 | the shutdown deadline passed before the worker had drained |",
    "| 4 | the books do not balance |",
    ...commands.flatMap(section),
    "",
  ].join("\n");
}
