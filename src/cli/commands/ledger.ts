import type { Command } from "commander";
import { type AccountBalance, totalsOf, TrialBalance } from "../../billing/ledger/balances.ts";
import { functionalBalances } from "../../billing/ledger/functional-balances.ts";
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
    "debits and credits of every account, by legal entity and currency; in its functional currency too",
  ).action(async (options: LedgerOptions) => {
    await reading(options, (partitions) => {
      const legalEntities = partitions[0]?.engine.catalog?.legalEntities;
      process.exitCode = printTrialBalance(
        entriesOf(partitions, options),
        (legalEntity) => legalEntities?.get(legalEntity)?.functional_currency,
        options.json === true,
      );
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
            [
              "date",
              "memo",
              "contract",
              "account",
              "product",
              "debit",
              "credit",
              "currency",
              "functional debit",
              "functional credit",
              "in",
              "rate",
            ],
            rows.flatMap(({ date, memo, contract, currency, functional, lines }) =>
              lines.map(({ account, product, debit, credit, functionalDebit, functionalCredit }) => [
                date,
                memo,
                contract,
                account,
                product,
                debit,
                credit,
                currency,
                functionalDebit ?? "-",
                functionalCredit ?? "-",
                functional?.currency ?? "-",
                functional === undefined ? "-" : (functional.rate ?? "historical"),
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

/** Exit code `unbalanced` where debits and credits differ, in the entries' currencies or in the functional one. */
function printTrialBalance(
  entries: readonly JournalEntry[],
  functionalOf: (legalEntity: string) => string | undefined,
  json: boolean,
): ExitCode {
  const trial = new TrialBalance();
  for (const entry of entries) trial.add(entry);
  const money = (minorUnits: bigint, currency: string): string =>
    formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
  const accountRow = ({ legalEntity, currency, account, debits, credits }: AccountBalance) => ({
    legalEntity,
    currency,
    account,
    debits: money(debits, currency),
    credits: money(credits, currency),
    balance: money(debits - credits, currency),
  });
  const totalRow = ({ legalEntity, currency, debits, credits }: Omit<AccountBalance, "account">) => ({
    legalEntity,
    currency,
    debits: money(debits, currency),
    credits: money(credits, currency),
    balanced: debits === credits,
  });
  const inFunctional = functionalBalances(trial.balances(), functionalOf);
  const accounts = trial.balances().map(accountRow);
  const totals = trial.totals().map(totalRow);
  const functional = {
    accounts: inFunctional.map(accountRow),
    totals: totalsOf(inFunctional).map(totalRow),
  };
  const balanced = [...totals, ...functional.totals].every((total) => total.balanced);
  if (json) {
    printJson({ accounts, totals, functional, balanced });
    return balanced ? ExitCode.done : ExitCode.unbalanced;
  }
  const table = (of: Pick<typeof functional, "accounts" | "totals">, currencyTitle: string): void => {
    printTable(
      ["legal entity", currencyTitle, "account", "debits", "credits", "balance"],
      [
        ...of.accounts.map((row) => Object.values(row)),
        ...of.totals.map(({ legalEntity, currency, debits, credits, balanced: isBalanced }) => [
          legalEntity,
          currency,
          "total",
          debits,
          credits,
          isBalanced ? "balanced" : "NOT BALANCED",
        ]),
      ],
    );
  };
  table({ accounts, totals }, "currency");
  if (functional.accounts.length > 0) table(functional, "functional");
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
