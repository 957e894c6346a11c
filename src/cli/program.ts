import { CommanderError, type Command } from "commander";
import { codeOf, messageOf } from "../model/errors.ts";
import { normaliseTwins, TwinnedCommand } from "./environment-twins.ts";
import { ExitCode, exitCodeOf } from "./exit-codes.ts";
import { VERSION } from "./version.ts";

type AddCommand = (program: Command) => void;

/**
 * Commands in the order of the help, by name. A command's modules are loaded when it is asked for: all of them together take
 * most of a second of processor time.
 */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import("./commands/run.ts")).addRunCommand,
  validate: async () => (await import("./commands/validate.ts")).addValidateCommand,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctorCommand,
  simulate: async () => (await import("./commands/simulate.ts")).addSimulateCommand,
  export: async () => (await import("./commands/export.ts")).addExportCommand,
  inspect: async () => (await import("./commands/inspect.ts")).addInspectCommand,
  explain: async () => (await import("./commands/explain.ts")).addExplainCommand,
  invoices: async () => (await import("./commands/invoices.ts")).addInvoicesCommand,
  ledger: async () => (await import("./commands/ledger.ts")).addLedgerCommand,
  payments: async () => (await import("./commands/payments.ts")).addPaymentsCommand,
  postings: async () => (await import("./commands/postings.ts")).addPostingsCommand,
  reconcile: async () => (await import("./commands/reconcile.ts")).addReconcileCommand,
  close: async () => (await import("./commands/close.ts")).addCloseCommand,
  recover: async () => (await import("./commands/recover.ts")).addRecoverCommand,
  backup: async () => (await import("./commands/backup.ts")).addBackupCommand,
  restore: async () => (await import("./commands/restore.ts")).addRestoreCommand,
  repartition: async () => (await import("./commands/repartition.ts")).addRepartitionCommand,
  bench: async () => (await import("./commands/bench.ts")).addBenchCommand,
  schema: async () => (await import("./commands/schema.ts")).addSchemaCommand,
  version: async () => (await import("./commands/version.ts")).addVersionCommand,
};

/**
 * The command line, without running it: documentation is generated from it.
 * @param only the one command that it has, where this is the name of one; else it has all
 */
export async function createProgram(only?: string): Promise<Command> {
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
  const isCommand = only !== undefined && Object.hasOwn(COMMANDS, only);
  for (const [name, load] of Object.entries(COMMANDS))
    if (!isCommand || name === only) (await load())(program);
  return program;
}

/** Runs a command line; faults are printed to standard error and become the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(argv[2]);
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
