import { type CommonControls, isCommonCommand, performCommonCommand } from "../common/control-commands.ts";
import { plainText, scaled } from "../exact-numbers.ts";
import type { EntraTokenEndpoint } from "../entra/token-endpoint.ts";
import { type Books, numberOf, type Row, textOf } from "./books.ts";
import type { ControlCommand, FaultRule } from "./control-commands.ts";
import type { TableName } from "./entity-definitions.ts";
import { taxOf } from "./posting-job.ts";

/** What commands change while the simulator runs. */
export interface Switches {
  latencyMs: number;
  postingDelayMs: number;
  pageRows: number;
  isPosting: boolean;
  isRegistered: boolean;
  /** Until when every request is throttled, milliseconds. */
  stormEndsMs: number;
  userLimits: { readonly requests: number; readonly windowMs: number; readonly concurrent: number } | null;
  readonly revoked: Set<string>;
  readonly closedPeriods: Set<string>;
}

export interface ControlledParts extends CommonControls<FaultRule> {
  readonly books: Books;
  readonly switches: Switches;
  readonly entra: EntraTokenEndpoint;
  runPosting(): void;
}

/** Does a command. Throws RangeError for what it names and does not exist. */
export function performControl(command: ControlCommand, parts: ControlledParts): object {
  const { books, switches, entra } = parts;
  if (isCommonCommand(command)) return performCommonCommand(command, parts);
  switch (command.do) {
    case "close-period":
      switches.closedPeriods.add(command.month);
      break;
    case "open-period":
      switches.closedPeriods.delete(command.month);
      break;
    case "suspend-account":
    case "activate-account":
      change(
        books,
        "mainAccounts",
        { MainAccountId: command.account },
        {
          IsSuspended: command.do === "suspend-account" ? "Yes" : "No",
        },
      );
      break;
    case "hold-customer":
      change(books, "customers", { CustomerAccount: command.customer }, { OnHoldStatus: "All" });
      break;
    case "revoke-entity":
      switches.revoked.add(command.entity);
      break;
    case "grant-entity":
      switches.revoked.delete(command.entity);
      break;
    case "register-application":
      switches.isRegistered = command.isRegistered;
      break;
    case "accept-secret":
      entra.acceptSecret(command.isGood);
      break;
    case "stop-posting":
      switches.isPosting = false;
      break;
    case "start-posting":
      switches.isPosting = true;
      break;
    case "run-posting":
      parts.runPosting();
      break;
    case "set-posting-delay":
      switches.postingDelayMs = command.ms;
      break;
    case "set-page-rows":
      switches.pageRows = command.rows;
      break;
    case "set-user-limits":
      switches.userLimits = command.limits;
      break;
    case "pay":
      pay(books, command.invoice, command.amount);
      break;
    case "edit-amount":
      editAmount(books, command.document, command.line, command.amount);
      break;
    case "delete-draft":
      deleteDraft(books, command.document);
      break;
  }
  return {};
}

function change(books: Books, table: TableName, key: Readonly<Record<string, string>>, fields: Row): void {
  const found = books.find(table, key);
  if (found === undefined) throw new RangeError(`no record of ${table}: ${Object.values(key).join(", ")}`);
  books.transaction(() => {
    books.set(table, found[0], { ...found[1], ...fields });
  });
}

function postedOf(books: Books, externalId: string): Row | undefined {
  return books.find("postedInvoices", { CustomersOrderReference: externalId })?.[1];
}

function pay(books: Books, externalId: string, amount: string | undefined): void {
  const invoice = postedOf(books, externalId);
  if (invoice === undefined) throw new RangeError(`no posted invoice ${externalId}`);
  const key = { Voucher: textOf(invoice["LedgerVoucher"]) };
  const transaction = books.find("customerTransactions", key)?.[1];
  if (transaction === undefined) throw new RangeError(`nothing is owed of ${externalId}`);
  const settled = scaled(textOf(transaction["SettleAmountCur"]));
  const open = scaled(textOf(transaction["AmountCur"])) - settled;
  const paid = amount === undefined ? open : scaled(amount);
  if (paid > open) throw new RangeError(`no more than ${plainText(open)} is open of ${externalId}`);
  change(books, "customerTransactions", key, { SettleAmountCur: numberOf(plainText(settled + paid)) });
}

function editAmount(books: Books, externalId: string, lineNumber: number, amount: string): void {
  const journal = books.find("journals", { Description: externalId })?.[1];
  if (journal !== undefined) {
    const key = { JournalBatchNumber: textOf(journal["JournalBatchNumber"]), LineNumber: String(lineNumber) };
    change(books, "journalLines", key, { DebitAmount: numberOf(amount), CreditAmount: numberOf("0") });
    return;
  }
  const key = { ExternalInvoiceId: externalId, LineNumber: String(lineNumber) };
  change(books, "invoiceLines", key, { TransactionCurrencyAmount: numberOf(amount) });
  const invoice = postedOf(books, externalId);
  if (invoice === undefined) return;
  const lines = books
    .rows("invoiceLines")
    .map(([, line]) => line)
    .filter((line) => textOf(line["ExternalInvoiceId"]) === externalId);
  const digits = books.environment.currencies[textOf(invoice["CurrencyCode"])] ?? 0;
  const total = lines.reduce(
    (sum, line) => sum + scaled(textOf(line["TransactionCurrencyAmount"])) + taxOf(books, line, digits),
    0n,
  );
  const voucher = textOf(invoice["LedgerVoucher"]);
  change(
    books,
    "postedInvoices",
    { LedgerVoucher: voucher },
    { TotalInvoiceAmount: numberOf(plainText(total)) },
  );
  if (books.find("customerTransactions", { Voucher: voucher }) !== undefined)
    change(books, "customerTransactions", { Voucher: voucher }, { AmountCur: numberOf(plainText(total)) });
}

function deleteDraft(books: Books, externalId: string): void {
  books.transaction(() => {
    const invoice = books.find("invoices", { ExternalInvoiceId: externalId });
    const journal = books.find("journals", { Description: externalId });
    const found = invoice ?? journal;
    if (found === undefined || textOf(found[1]["IsPosted"]) === "Yes")
      throw new RangeError(`no draft ${externalId}`);
    const [table, lines, field] =
      invoice === undefined
        ? (["journals", "journalLines", "JournalBatchNumber"] as const)
        : (["invoices", "invoiceLines", "ExternalInvoiceId"] as const);
    for (const [id, line] of books.rows(lines))
      if (textOf(line[field]) === textOf(found[1][field])) books.delete(lines, id);
    books.delete(table, found[0]);
  });
}
