import type { Command } from "commander";
import { TrialBalance } from "../../billing/ledger/balances.ts";
import type { JournalEntry } from "../../billing/ledger/journal-entry.ts";
import { plainTextLedger } from "../../billing/ledger/plain-text.ts";
import { currencyExponent } from "../../billing/rating/currencies.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import { storedEntries } from "../../operators/invoice/billing-book.ts";
import { invoicesOf, journalOf } from "../../pipeline/billing-report.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { Inspection, type InspectedPartition } from "../compose/inspection.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printTable } from "../print.ts";

interface LedgerOptions extends ConfiguredOptions {
  readonly legalEntity?: string;
  readonly account?: string;
}

export function addLedgerCommand(program: Command): void {
  const ledger = program
    .command("ledger")
    .summary("the subledger: trial balance, entries, an account's statement, export")
    .description(
      "Reads the subledger from the last checkpoints in the state directory; a worker may run meanwhile.\n" +
        "A worker's state holds the entries of its own partitions: for all of them, read all workers' states.",
    );

  withOptions(
    ledger.command("trial-balance"),
    "debits and credits of every account, by legal entity and currency",
  ).action(async (options: LedgerOptions) => {
    await reading(options, (partitions) => {
      process.exitCode = printTrialBalance(entriesOf(partitions, options), options.json === true);
    });
  });

  withOptions(ledger.command("entries"), "every entry, by legal entity, currency and date").action(
    async (options: LedgerOptions) => {
      await reading(options, (partitions) => {
        const rows = journalOf(partitions).filter(
          ({ legalEntity }) => options.legalEntity === undefined || legalEntity === options.legalEntity,
        );
        if (options.json === true) printJson(rows);
        else
          printTable(
            ["date", "memo", "contract", "account", "product", "debit", "credit", "currency"],
            rows.flatMap(({ date, memo, contract, currency, lines }) =>
              lines.map(({ account, product, debit, credit }) => [
                date,
                memo,
                contract,
                account,
                product,
                debit,
                credit,
                currency,
              ]),
            ),
          );
      });
    },
  );

  withOptions(
    ledger.command("statement"),
    "invoices and credit memos of a billing account, with what it owes",
  )
    .requiredOption("--account <account>", "billing account")
    .action(async (options: LedgerOptions) => {
      await reading(options, (partitions) => {
        printStatement(partitions, options);
      });
    });

  withOptions(
    ledger.command("export"),
    "all entries as a Beancount file, which ends with an assertion of every account's balance",
  ).action(async (options: LedgerOptions) => {
    await reading(options, (partitions) => {
      for (const line of plainTextLedger(entriesOf(partitions, options))) process.stdout.write(`${line}\n`);
    });
  });
}

function withOptions(command: Command, description: string): Command {
  return addConfiguredOptions(command.description(description)).option(
    "--legal-entity <key>",
    "of this legal entity only",
  );
}

async function reading(
  options: LedgerOptions,
  print: (partitions: readonly InspectedPartition[]) => void,
): Promise<void> {
  const inspection = await Inspection.open(readConfig(options));
  try {
    print(inspection.partitions);
  } finally {
    await inspection.close();
  }
}

function entriesOf(
  partitions: readonly InspectedPartition[],
  { legalEntity }: LedgerOptions,
): JournalEntry[] {
  return partitions.flatMap(({ store }) =>
    [...storedEntries(store)].filter(
      (entry) => legalEntity === undefined || entry.legalEntity === legalEntity,
    ),
  );
}

/** Exit code `unbalanced` where debits and credits differ. */
function printTrialBalance(entries: readonly JournalEntry[], json: boolean): ExitCode {
  const trial = new TrialBalance();
  for (const entry of entries) trial.add(entry);
  const money = (minorUnits: bigint, currency: string): string =>
    formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
  const accounts = trial.balances().map(({ legalEntity, currency, account, debits, credits }) => ({
    legalEntity,
    currency,
    account,
    debits: money(debits, currency),
    credits: money(credits, currency),
    balance: money(debits - credits, currency),
  }));
  const totals = trial.totals().map(({ legalEntity, currency, debits, credits }) => ({
    legalEntity,
    currency,
    debits: money(debits, currency),
    credits: money(credits, currency),
    balanced: debits === credits,
  }));
  const balanced = totals.every((total) => total.balanced);
  if (json) printJson({ accounts, totals, balanced });
  else
    printTable(
      ["legal entity", "currency", "account", "debits", "credits", "balance"],
      [
        ...accounts.map((row) => Object.values(row)),
        ...totals.map(({ legalEntity, currency, debits, credits, balanced: isBalanced }) => [
          legalEntity,
          currency,
          "total",
          debits,
          credits,
          isBalanced ? "balanced" : "NOT BALANCED",
        ]),
      ],
    );
  return balanced ? ExitCode.done : ExitCode.unbalanced;
}

function printStatement(
  partitions: readonly InspectedPartition[],
  { account, legalEntity, json }: LedgerOptions,
): void {
  const documents = invoicesOf(partitions).filter(
    (document) =>
      document.status === "final" &&
      document.account === account &&
      (legalEntity === undefined || document.legalEntity === legalEntity),
  );
  const owed = new Map<string, bigint>();
  const rows = documents.map(({ legalEntity: entity, currency, number, kind, issueDate, dueDate, total }) => {
    const key = `${entity} ${currency}`;
    const minorUnits = (owed.get(key) ?? 0n) + BigInt(total.replace(".", ""));
    owed.set(key, minorUnits);
    const balance = formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
    return { legalEntity: entity, currency, number, kind, issueDate, dueDate, total, balance };
  });
  if (json === true) printJson(rows);
  else
    printTable(
      ["legal entity", "currency", "number", "kind", "issued", "due", "total", "balance"],
      rows.map((row) => Object.values(row).map((value) => value ?? "-")),
    );
}
