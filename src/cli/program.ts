import { CommanderError, type Command } from "commander";
import { codeOf, messageOf } from "../model/errors.ts";
import { addBenchCommand } from "./commands/bench.ts";
import { addCloseCommand } from "./commands/close.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addExplainCommand } from "./commands/explain.ts";
import { addExportCommand } from "./commands/export.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addInvoicesCommand } from "./commands/invoices.ts";
import { addLedgerCommand } from "./commands/ledger.ts";
import { addPaymentsCommand } from "./commands/payments.ts";
import { addReconcileCommand } from "./commands/reconcile.ts";
import { addRecoverCommand } from "./commands/recover.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSchemaCommand } from "./commands/schema.ts";
import { addSimulateCommand } from "./commands/simulate.ts";
import { addValidateCommand } from "./commands/validate.ts";
import { addVersionCommand } from "./commands/version.ts";
import { normaliseTwins, TwinnedCommand } from "./environment-twins.ts";
import { ExitCode, exitCodeOf } from "./exit-codes.ts";
import { VERSION } from "./version.ts";

/** The command line, without running it: documentation is generated from it. */
export function createProgram(): Command {
  const program = new TwinnedCommand("tributary")
    .description(
      "Turns raw usage events into rated, bookable documents and proves that nothing was lost or counted twice.",
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(add --help for what the command takes)")
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 fault at run time, 2 bad usage or configuration, 3 shutdown deadline passed, 4 the books do not balance.",
    );
  addRunCommand(program);
  addValidateCommand(program);
  addDoctorCommand(program);
  addSimulateCommand(program);
  addExportCommand(program);
  addInspectCommand(program);
  addExplainCommand(program);
  addInvoicesCommand(program);
  addLedgerCommand(program);
  addPaymentsCommand(program);
  addReconcileCommand(program);
  addCloseCommand(program);
  addRecoverCommand(program);
  addBenchCommand(program);
  addSchemaCommand(program);
  addVersionCommand(program);
  return program;
}

/** Runs a command line; faults are printed to standard error and become the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    const program = createProgram();
    normaliseTwins(program, process.env);
    await program.parseAsync(argv);
  } catch (fault) {
    if (fault instanceof CommanderError) {
      // Help and version end with 0; everything else that commander refuses is bad usage, and it has said so.
      process.exitCode = fault.exitCode === 0 ? ExitCode.done : ExitCode.usage;
      return;
    }
    const code = codeOf(fault);
    process.stderr.write(`tributary: ${code}: ${messageOf(fault)}\n`);
    if (code === "internal-fault" && fault instanceof Error) process.stderr.write(`${fault.stack ?? ""}\n`);
    process.exitCode = exitCodeOf(code);
  }
}
