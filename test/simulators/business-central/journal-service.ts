import { randomUUID } from "node:crypto";
import { plainText, scaled } from "../exact-numbers.ts";
import { type Books, checkPostingDate, writeEntry } from "./books.ts";
import type { CheckedBody } from "./body-check.ts";
import type { Company } from "./environment.ts";
import { dialog, fieldValidation, sameKey } from "./errors.ts";
import { blocked, checkDimensions, checkObject, dimensionsOf, notDirect } from "./line-rules.ts";
import { type StoredLine, type StoredRecord, textOf } from "./store.ts";

/** Lines that one gets where they name none. */
const STEP = 10_000;
/** The template that batches of the API belong to. */
const TEMPLATE = "GENERAL";

/** Journals: batches of lines in the local currency, which are posted together and leave their batch then. */
export class JournalService {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  create({ values, nested }: CheckedBody, company: Company): StoredRecord {
    const { store, nowMs } = this.#books;
    const code = textOf(values, "code");
    if (code === "") throw fieldValidation("Name must have a value in Gen. Journal Batch.");
    if (store.findBy("journals", company.id, "code", code) !== undefined)
      throw sameKey("Gen. Journal Batch", `Journal Template Name='${TEMPLATE}',Name='${code}'`);
    const lines: StoredLine[] = [];
    for (const line of nested["journalLines"] ?? []) lines.push(this.#line(line, lines, company));
    return store.create({
      set: "journals",
      company: company.id,
      modifiedMs: nowMs(),
      applied: "0",
      lines,
      values: { ...values, templateDisplayName: TEMPLATE },
    });
  }

  addLine(record: StoredRecord, body: CheckedBody, company: Company): StoredRecord {
    return this.#books.store.change(record, {
      modifiedMs: this.#books.nowMs(),
      lines: [...record.lines, this.#line(body, record.lines, company)],
    });
  }

  delete(record: StoredRecord): void {
    this.#books.store.delete(record);
  }

  post(record: StoredRecord, company: Company): StoredRecord {
    if (record.lines.length === 0) throw dialog("There is nothing to post.");
    const balances = new Map<string, bigint>();
    for (const line of record.lines) {
      const { values } = line;
      const documentNumber = textOf(values, "documentNumber");
      if (documentNumber === "")
        throw fieldValidation(
          "Document No. must have a value in Gen. Journal Line. It cannot be zero or empty.",
        );
      const date = textOf(values, "postingDate");
      checkPostingDate(company, date);
      checkObject(values, company);
      checkDimensions(line, company);
      const place = `${documentNumber} ${date}`;
      balances.set(place, (balances.get(place) ?? 0n) + scaled(textOf(values, "amount")));
    }
    for (const [place, balance] of balances)
      if (balance !== 0n)
        throw dialog(`The lines in General Journal are out of balance by ${plainText(balance)}: ${place}.`);
    const transactionNumber = randomUUID();
    for (const { values } of record.lines)
      writeEntry(this.#books, company, {
        date: textOf(values, "postingDate"),
        documentNumber: textOf(values, "documentNumber"),
        documentType: " ",
        transactionNumber,
        account: textOf(values, "accountNumber"),
        amount: textOf(values, "amount"),
        description: textOf(values, "description"),
      });
    return this.#books.store.change(record, { modifiedMs: this.#books.nowMs(), lines: [] });
  }

  #line({ values, nested }: CheckedBody, before: readonly StoredLine[], company: Company): StoredLine {
    const number = textOf(values, "accountNumber");
    const lineNumber = textOf(values, "lineNumber") || String((before.length + 1) * STEP);
    if (before.some((line) => line.values["lineNumber"] === lineNumber))
      throw sameKey("Gen. Journal Line", `Line No.='${lineNumber}'`);
    const account = company.accounts.find((each) => each.number === number);
    if (account === undefined) throw dialog('The "accountNumber" does not match to an Account.');
    if (account.isBlocked) throw blocked("G/L Account", number);
    if (!account.directPosting) throw notDirect(number);
    if (textOf(values, "postingDate") === "")
      throw fieldValidation(
        "Posting Date must have a value in Gen. Journal Line. It cannot be zero or empty.",
      );
    const [, fraction = ""] = (textOf(values, "amount") || "0").split(".");
    if (fraction.replace(/0+$/, "").length > company.localCurrency.digits)
      throw fieldValidation("Amount must be rounded in Gen. Journal Line.");
    return {
      id: randomUUID(),
      values: { accountType: "G/L Account", amount: "0", ...values, lineNumber },
      dimensions: dimensionsOf(nested["dimensionSetLines"] ?? [], company),
    };
  }
}
