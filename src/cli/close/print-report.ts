import type { LineFigures } from "../../model/control.ts";
import type { CloseReport, CloseReportLine } from "../../pipeline/close/close-report.ts";
import { ageText } from "../age-text.ts";
import { printLine, printTable } from "../print.ts";

/** A close report for people: the lines, what is open in them, the ledger, the verdict. */
export function printCloseReport(report: CloseReport): void {
  const { legalEntity, from, to, timeZone, lines, missingPartitions } = report;
  printLine(`Close of ${legalEntity}, ${from} to ${to} (${timeZone})`);
  printLine();
  printTable(
    ["line", "count", "amount", "oldest", "state"],
    lines.map(({ line, all, oldestAgeSeconds, state }) => [
      line,
      String(all.count),
      amountsText(all),
      oldestAgeSeconds === null ? "-" : ageText(oldestAgeSeconds),
      state,
    ]),
  );
  for (const line of lines) if (line.state !== "zero") printItems(line);
  printLine();
  printLine(
    `Final documents issued in the period: ${report.documents.count} (${amountsText(report.documents)}).`,
  );
  printLine(`Usage not invoiced yet: ${amountsText({ count: 0, amounts: report.unbilled })}.`);
  if (report.accounts.length > 0) {
    printLine();
    printTable(
      ["account", "currency", "debits", "credits", "balance at the end"],
      report.accounts.map(({ account, currency, debits, credits, balance }) => [
        account,
        currency,
        debits,
        credits,
        balance,
      ]),
    );
  }
  printLine(report.ledgerBalanced ? "The ledger balances." : "THE LEDGER DOES NOT BALANCE.");
  if (missingPartitions.length > 0)
    printLine(
      `NOT KNOWN: partitions ${missingPartitions.join(", ")} have no state here; read all workers' states together.`,
    );
  printVerdict(report);
}

function printVerdict({ partitions, lines, closable }: CloseReport): void {
  const [signedOff] = partitions.flatMap((partition) => partition.signedOff ?? []);
  if (signedOff !== undefined && partitions.every((partition) => partition.signedOff !== null))
    printLine(
      `Signed off by ${signedOff.actor} at ${signedOff.decidedAt}${signedOff.override ? ", with an override" : ""}. What is booked for its days since goes to ${signedOff.to}.`,
    );
  else if (closable) printLine("Ready to be signed off: every line is zero or explained.");
  else {
    const open = lines.filter(({ state }) => state === "open").map(({ line }) => line);
    printLine(`OPEN: ${open.length === 0 ? "not all partitions are known" : open.join(", ")}.`);
  }
}

function printItems({ line, all, items, explanations }: CloseReportLine): void {
  printLine();
  printLine(`${line}:`);
  for (const { id, partition, detail, explanation, since, amount, currency } of items) {
    const money = amount === null ? "" : `, ${amount} ${currency ?? ""}`;
    const time = since === null ? "" : `, since ${since}`;
    const explained =
      explanation === null ? "" : ` [explained by ${explanation.actor}: ${explanation.reason}]`;
    printLine(`  ${id} (partition ${partition}): ${detail}${money}${time}${explained}`);
  }
  const listed = items.reduce((sum, { count }) => sum + count, 0);
  if (listed < all.count) printLine(`  and ${all.count - listed} more (--items shows more).`);
  for (const { partition, actor, reason } of explanations)
    printLine(`  [partition ${partition} explained by ${actor}: ${reason}]`);
}

function amountsText({ amounts }: LineFigures): string {
  const texts = Object.entries(amounts).map(([currency, amount]) => `${amount} ${currency}`);
  return texts.length === 0 ? "-" : texts.join(", ");
}
