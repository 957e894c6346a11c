import type { Command } from "commander";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { ExitCode } from "../exit-codes.ts";
import { parseInteger } from "../option-values.ts";
import { printJson } from "../print.ts";
import { loadReport } from "./load-report.ts";
import { printCloseReport } from "./print-report.ts";
import { addScopeOptions, type ScopeOptions } from "./scope-options.ts";

/** Items of each line and partition that are listed where nothing else is asked for. */
export const DEFAULT_LISTED_ITEMS = 20;
const MAX_LISTED_ITEMS = 1_000_000;

interface ReportOptions extends ConfiguredOptions, ScopeOptions {
  readonly items: number;
}

export function addReportCommand(close: Command): void {
  addScopeOptions(
    addConfiguredOptions(
      close
        .command("report", { isDefault: true })
        .summary("what is open, held and late in a period; the default")
        .description(
          "Reads the last checkpoints in the state directory; a worker may run meanwhile. Exit code 4 while a line is open or a partition's\n" +
            "state is not there. With --json, what `tributary schema close-report` describes.",
        ),
    ),
  )
    .option(
      "--items <number>",
      "items of each line and partition to list, the oldest first",
      parseInteger(0, MAX_LISTED_ITEMS),
      DEFAULT_LISTED_ITEMS,
    )
    .action(async (options: ReportOptions) => {
      const { report } = await loadReport(readConfig(options), options, options.items);
      if (options.json === true) printJson(report);
      else printCloseReport(report);
      process.exitCode = report.closable ? ExitCode.done : ExitCode.unbalanced;
    });
}
