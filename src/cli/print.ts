import type { UsageReport } from "../pipeline/partition-report.ts";

/** Data goes to standard output, whole, as one JSON document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

export function printLine(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Rows under headings, columns padded to their longest cell; figures (cells that look like numbers) to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const isFigure = headings.map(
    (_, i) => rows.length > 0 && rows.every((row) => /^-?[\d.,]+$/.test(row[i] ?? "")),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (isFigure[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  printLine(line(headings));
  printLine(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows) printLine(line(row));
}

/** A report for people: counts, totals by meter, unbilled value, the balance. */
export function printReport(report: UsageReport): void {
  const { counts } = report;
  printTable(
    ["outcome", "events"],
    [
      ["read", String(counts.read)],
      ["accepted", String(counts.accepted)],
      ["  of them late", String(counts.late)],
      ["duplicate", String(counts.duplicate)],
      ["conflicting", String(counts.conflicting)],
      ["rejected", String(counts.rejected)],
      ["parked", String(counts.parked)],
      ["misrouted", String(counts.misrouted)],
    ],
  );
  printLine();
  printLine(
    `${report.messages.messages} messages, ${report.messages.undecodable} of them undecodable; ${report.aggregates.length} aggregates; ${report.exceptions.length} parked or exceptional events.`,
  );
  for (const total of report.unbilledTotals) {
    printLine(`Unbilled: ${total.amount} ${total.currency} on ${total.accounts} accounts.`);
  }
  printBalance(report);
}

/** Epochs of producers, with what is missing of them. */
export function printProducers(rows: UsageReport["producers"]): void {
  printTable(
    [
      "partition",
      "producer",
      "epoch",
      "last batch",
      "batches missing",
      "first",
      "announced",
      "read",
      "missing",
      "unannounced",
    ],
    rows.map((row) => [
      String(row.partition),
      row.producer,
      String(row.epoch),
      String(row.lastSequence),
      String(row.missingBatches),
      row.missingBatches === 0 ? "-" : String(row.firstMissing),
      String(row.announced),
      String(row.read),
      String(row.missingEvents),
      String(row.unannouncedEvents),
    ]),
  );
}

/** The balance: what does not add up is named, what does is counted. */
export function printBalance(report: Pick<UsageReport, "checks" | "balanced">): void {
  printLine();
  const bad = report.checks.filter((check) => !check.balanced);
  if (bad.length > 0) {
    printTable(
      ["partition", "check", "of", "left", "right"],
      bad.map((check) => [String(check.partition), check.check, check.of, check.left, check.right]),
    );
  }
  printLine(
    report.balanced
      ? `Balanced: ${report.checks.length} checks, no difference.`
      : `NOT BALANCED: ${bad.length} of ${report.checks.length} checks differ.`,
  );
}
