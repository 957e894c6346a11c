import { plainText, roundedText, scaled, UNIT } from "../exact-numbers.ts";
import { type Books, numberOf, type Row, textOf } from "./books.ts";
import { isClosed, type Rules } from "./ledger-rules.ts";

/**
 * The recurring batch jobs that post free text invoices and journals. What can't be posted stays as it is, and the job's log says why: nobody
 * who asks the service hears of it.
 */
export class PostingJob {
  readonly #rules: Rules;
  readonly log: string[] = [];

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Posts what was finished by `untilMs`. */
  run(untilMs: number): void {
    const { books } = this.#rules;
    books.transaction(() => {
      for (const [id, row] of books.rows("invoices")) if (isDue(row, untilMs)) this.#postInvoice(id, row);
      for (const [id, row] of books.rows("journals")) if (isDue(row, untilMs)) this.#postJournal(id, row);
    });
  }

  #postInvoice(id: string, header: Row): void {
    const { books } = this.#rules;
    const company = textOf(header["dataAreaId"]);
    const externalId = textOf(header["ExternalInvoiceId"]);
    const lines = books
      .rows("invoiceLines")
      .map(([, line]) => line)
      .filter(
        (line) => textOf(line["dataAreaId"]) === company && textOf(line["ExternalInvoiceId"]) === externalId,
      );
    if (lines.length === 0) return;
    if (isClosed(this.#rules, textOf(header["InvoiceDate"]))) {
      this.log.push(`invoice ${externalId}: the fiscal period is not open`);
      return;
    }
    const digits = books.environment.currencies[textOf(header["CurrencyCode"])] ?? 0;
    const net = sumOf(lines.map((line) => scaled(textOf(line["TransactionCurrencyAmount"]))));
    const tax = sumOf(lines.map((line) => taxOf(books, line, digits)));
    const number = String(books.rows("postedInvoices").length + 1).padStart(8, "0");
    const [invoice, voucher] = [`FTI-${number}`, `FTV-${number}`];
    const common = { dataAreaId: company, CurrencyCode: textOf(header["CurrencyCode"]) };
    books.set("invoices", id, { ...header, IsPosted: "Yes" });
    books.set("postedInvoices", books.newRecordId(), {
      ...common,
      InvoiceNumber: invoice,
      InvoiceDate: textOf(header["InvoiceDate"]),
      LedgerVoucher: voucher,
      InvoiceCustomerAccountNumber: textOf(header["CustomerAccount"]),
      CustomersOrderReference: textOf(header["CustomerReference"]),
      TotalInvoiceAmount: numberOf(plainText(net + tax)),
      TotalTaxAmount: numberOf(plainText(tax)),
    });
    // Nothing is owed of an invoice of nothing.
    if (net + tax === 0n) return;
    const key = books.newRecordId();
    books.set("customerTransactions", key, {
      ...common,
      SourceKey: numberOf(key),
      AccountNum: textOf(header["CustomerAccount"]),
      Invoice: invoice,
      Voucher: voucher,
      TransDate: textOf(header["InvoiceDate"]),
      AmountCur: numberOf(plainText(net + tax)),
      SettleAmountCur: numberOf("0"),
    });
  }

  #postJournal(id: string, header: Row): void {
    const { books } = this.#rules;
    const number = textOf(header["JournalBatchNumber"]);
    const company = textOf(header["dataAreaId"]);
    const lines = books
      .rows("journalLines")
      .map(([, line]) => line)
      .filter(
        (line) => textOf(line["dataAreaId"]) === company && textOf(line["JournalBatchNumber"]) === number,
      );
    if (lines.length === 0) return;
    if (lines.some((line) => isClosed(this.#rules, textOf(line["TransDate"])))) {
      this.log.push(`journal ${number}: the fiscal period is not open`);
      return;
    }
    const sum = (field: string): bigint => sumOf(lines.map((line) => scaled(textOf(line[field]))));
    const currencies = new Set(lines.map((line) => textOf(line["CurrencyCode"])));
    if (currencies.size > 1 || sum("DebitAmount") !== sum("CreditAmount")) {
      this.log.push(`journal ${number}: the transactions of the voucher do not balance`);
      return;
    }
    books.set("journals", id, {
      ...header,
      IsPosted: "Yes",
      JournalTotalDebit: numberOf(plainText(sum("DebitAmount"))),
      JournalTotalCredit: numberOf(plainText(sum("CreditAmount"))),
    });
  }
}

function isDue(row: Row, untilMs: number): boolean {
  return textOf(row["IsPosted"]) === "No" && Number(textOf(row["FinishedAt"])) <= untilMs;
}

/** Taxes of the codes that are in both groups of a line, each rounded to the currency, half away from zero. */
export function taxOf({ environment }: Books, line: Row, digits: number): bigint {
  const codes = environment.taxGroups[textOf(line["SalesTaxGroupId"])] ?? [];
  const itemGroup = textOf(line["SalesTaxItemGroupId"]);
  const ofItem = (environment.lists.taxItemGroups ?? [])
    .filter((row) => textOf(row["TaxItemGroupCode"]) === itemGroup)
    .map((row) => textOf(row["TaxCodeId"]));
  const amount = scaled(textOf(line["TransactionCurrencyAmount"]));
  return sumOf(
    codes
      .filter((code) => ofItem.includes(code))
      .map((code) => {
        const percent = scaled(environment.taxRates[code] ?? "0");
        return scaled(roundedText(amount * percent, UNIT * UNIT * 100n, digits));
      }),
  );
}

function sumOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
