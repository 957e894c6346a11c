import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { isCalendarDay } from "../../pipeline/close/close-scope.ts";
import { AGING_BUCKETS, agingOf, type AgingRow } from "../../pipeline/posting-report.ts";
import { addConfiguredOptions, readConfig, type ConfiguredOptions } from "../configured.ts";
import { Inspection } from "../compose/inspection.ts";
import { printJson, printTable } from "../print.ts";

interface AgingOptions extends ConfiguredOptions {
  readonly asOf?: string;
}

export function addPaymentsCommand(program: Command): void {
  const payments = program
    .command("payments")
    .summary("what customers owe, as their ERPs tell it")
    .description(
      "Reads the last checkpoints in the state directory. ERPs tell what is paid of the invoices that were posted to them; `inspect postings`\n" +
        "shows each invoice.",
    );
  addConfiguredOptions(
    payments
      .command("aging")
      .summary("open amounts by days past due, and by stage of dunning")
      .option(
        "--as-of <day>",
        "count days past due as of this day, YYYY-MM-DD (default: today, UTC)",
        calendarDay,
      ),
  ).action(async (options: AgingOptions) => {
    const inspection = await Inspection.open(readConfig(options));
    try {
      const day = options.asOf ?? new Date().toISOString().slice(0, 10);
      const rows = agingOf(inspection.partitions, day);
      if (options.json === true) printJson({ asOf: day, rows });
      else printAging(rows);
    } finally {
      await inspection.close();
    }
  });
}

function calendarDay(text: string): string {
  if (!isCalendarDay(text)) throw new InvalidArgumentError("It must be a day, such as 2026-03-31.");
  return text;
}

function printAging(rows: readonly AgingRow[]): void {
  printTable(
    ["ERP connection", "currency", "invoices", ...AGING_BUCKETS.map(({ name }) => name), "open", "dunning"],
    rows.map(({ connection, currency, invoices, buckets, open, dunning }) => [
      connection,
      currency,
      String(invoices),
      ...AGING_BUCKETS.map(({ name }) => buckets[name]),
      open,
      Object.entries(dunning)
        .map(([stage, amount]) => `${stage} ${amount}`)
        .join(", "),
    ]),
  );
}
