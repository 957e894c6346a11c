import type { Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import type { PublishedDocument } from "../../billing/invoices/billing-document.ts";
import type { Correction } from "../../operators/invoice/invoice-corrections.ts";
import type { RequestHead } from "../../pipeline/operations/operation.ts";
import { askPartitions, printAnswers } from "../close/ask-partitions.ts";
import { addDecisionOptions, requestHeadOf, type DecisionOptions } from "../close/decision-options.ts";
import { Inspection } from "../compose/inspection.ts";
import { readConfig } from "../configured.ts";
import { addHeldCommand, addRetryTaxCommand } from "../corrections/held-documents.ts";
import { findInvoice, type FoundInvoice } from "../corrections/find-invoice.ts";
import { collectLineAmount, inMinorUnits, type LineAmount } from "../corrections/line-amounts.ts";
import { ExitCode } from "../exit-codes.ts";
import { printJson, printLine, printTable } from "../print.ts";

interface CorrectionOptions extends DecisionOptions {
  readonly reason: string;
  readonly legalEntity?: string;
  readonly dryRun?: boolean;
}
interface CreditOptions extends CorrectionOptions {
  readonly line?: readonly LineAmount[];
}
interface VoidOptions extends CorrectionOptions {
  readonly reissue?: boolean;
  readonly unapplied?: boolean;
}

export function addInvoicesCommand(program: Command): void {
  const invoices = program
    .command("invoices")
    .summary("correct final invoices: credit notes, void and reissue; documents that are held")
    .description(
      "A final invoice is never changed. A credit memo gives back of it; it is decided by the worker that owns the partition and stands in\n" +
        "its control log with who decided it and why (docs/corrections.md). `tributary inspect invoices` lists invoices with their corrections.",
    );
  correctionCommand(
    invoices
      .command("credit")
      .summary("give back of an invoice by a credit note, in part or whole")
      .description(
        "Goodwill: what was billed for the invoice's periods stays as it is, and is not billed again. Discounts and tax are given back in\n" +
          "proportion; money before prepaid credits.",
      )
      .option(
        "--line <n=amount>",
        "give back so much of line n: of its amount, before the invoice's discounts and tax; may be repeated (default: all that is left)",
        collectLineAmount,
      ),
  ).action(async (number: string, options: CreditOptions) => {
    process.exitCode = await correct(number, options, ({ stored: { document } }) => ({
      ...requestHeadOf("credit-note", options, options.reason),
      lines: options.line === undefined ? null : inMinorUnits(options.line, document.currency),
    }));
  });
  correctionCommand(
    invoices
      .command("void")
      .summary("take an invoice or credit memo back whole, to bill it again")
      .description(
        "A credit memo takes back all of the invoice. What it billed is due again, as it stands now: on the contract's next invoice, or at\n" +
          "once on one of its own. A credit memo is taken back by an invoice; of a credit note nothing is due again.",
      )
      .option("--reissue", "bill it again at once")
      .option("--unapplied", "of a credit memo: it was neither refunded nor applied to an invoice"),
  ).action(async (number: string, options: VoidOptions) => {
    process.exitCode = await correct(number, options, () => ({
      ...requestHeadOf("void-invoice", options, options.reason),
      reissue: options.reissue === true,
      ...(options.unapplied === true ? { unapplied: true } : {}),
    }));
  });
  addHeldCommand(invoices);
  addRetryTaxCommand(invoices);
}

function correctionCommand(command: Command): Command {
  return addDecisionOptions(
    command
      .argument("<number>", "number of the document")
      .requiredOption("--reason <text>", "why, for the record; the document that corrects it names it")
      .option("--legal-entity <key>", "whose number it is, where several legal entities have one like it")
      .option("--dry-run", "show the correcting document as it would be now, and decide nothing"),
  );
}

type Request = RequestHead &
  (
    | { kind: "credit-note"; lines: [number, string][] | null }
    | { kind: "void-invoice"; reissue: boolean; unapplied?: boolean }
  );

async function correct(
  number: string,
  options: CorrectionOptions,
  requestFor: (found: FoundInvoice) => Request,
): Promise<ExitCode> {
  const inspection = await Inspection.open(readConfig(options));
  try {
    const found = findInvoice(inspection.partitions, number, options.legalEntity);
    const { ordinal, document } = found.stored;
    const request = { ...requestFor(found), document: document.id, ordinal };
    const memo = preview(found, request);
    if (options.dryRun === true) {
      printMemo(memo, options.json === true);
      return ExitCode.done;
    }
    const { partition } = found.partition;
    const answers = await askPartitions(await inspection.broker(), [[partition, request]], options.timeout);
    return printAnswers(request.request, answers, options.json === true);
  } finally {
    await inspection.close();
  }
}

/** The memo by the last checkpoint. Throws `operator-refused` where the owner would refuse. */
function preview({ partition, stored }: FoundInvoice, correction: Correction): PublishedDocument {
  const memo = partition.engine.invoices.previewCorrection(stored, correction, Date.now());
  if ("fault" in memo)
    throw new TributaryError("operator-refused", `${memo.fault}: ${memo.message}. Nothing was decided.`);
  return memo;
}

function printMemo(memo: PublishedDocument, json: boolean): void {
  if (json) {
    printJson(memo);
    return;
  }
  printTable(
    ["line", "description", "period", "amount", "discount", "tax"],
    memo.lines.map((line) => [
      String(line.line),
      line.description,
      `${line.periodStart} to ${line.periodEnd}`,
      line.amount,
      line.discount,
      line.tax,
    ]),
  );
  printLine();
  printLine(
    `${memo.kind === "invoice" ? "Invoice that takes back" : "Credit memo of"} ${memo.corrects?.number ?? ""}: subtotal ${memo.subtotal}, discounts ${memo.discounts}, tax ${memo.tax}, ` +
      `credits ${memo.credits}, total ${memo.total} ${memo.currency}. Nothing was decided.`,
  );
}
