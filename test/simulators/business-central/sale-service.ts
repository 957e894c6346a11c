import { plainText, scaled } from "../exact-numbers.ts";
import { type Books, checkPostingDate, writeEntry } from "./books.ts";
import type { CheckedBody, Values } from "./body-check.ts";
import { type Company, currencyOf } from "./environment.ts";
import { dialog, fieldValidation } from "./errors.ts";
import { checkDimensions, checkObject, saleLine } from "./line-rules.ts";
import { localAmount, saleAmounts } from "./sale-amounts.ts";
import { type StoredLine, type StoredRecord, textOf } from "./store.ts";

export type SaleSet = "salesInvoices" | "salesCreditMemos";

interface SaleKind {
  readonly word: "invoice" | "credit memo";
  readonly lines: string;
  readonly dateField: string;
  readonly documentType: string;
  readonly draftSeries: string;
  readonly postedSeries: string;
  readonly firstNumber: number;
}

const KINDS: Readonly<Record<SaleSet, SaleKind>> = {
  salesInvoices: {
    word: "invoice",
    lines: "salesInvoiceLines",
    dateField: "invoiceDate",
    documentType: "Invoice",
    draftSeries: "S-INV",
    postedSeries: "PS-INV",
    firstNumber: 103_001,
  },
  salesCreditMemos: {
    word: "credit memo",
    lines: "salesCreditMemoLines",
    dateField: "creditMemoDate",
    documentType: "Credit Memo",
    draftSeries: "S-CR",
    postedSeries: "PS-CR",
    firstNumber: 104_001,
  },
};

export function isSaleSet(set: string): set is SaleSet {
  return Object.hasOwn(KINDS, set);
}

export function linesNameOf(set: SaleSet): string {
  return KINDS[set].lines;
}

export function isDraft({ values }: StoredRecord): boolean {
  return values["status"] === "Draft";
}

/** Invoices and credit memos: drafts that people and programs change, and what is posted of them. */
export class SaleService {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  create(set: SaleSet, body: CheckedBody, company: Company): StoredRecord {
    const { store, nowMs } = this.#books;
    const kind = KINDS[set];
    const customer = this.#customer(body.values, company);
    const invoiceNumber = this.#appliesTo(body.values, customer, company);
    const today = new Date(nowMs()).toISOString().slice(0, 10);
    const date = textOf(body.values, kind.dateField) || today;
    const values: Values = {
      ...body.values,
      number: `${kind.draftSeries}${store.takeNumber(`${company.id} ${kind.draftSeries}`, kind.firstNumber)}`,
      customerNumber: textOf(customer.values, "number"),
      customerName: textOf(customer.values, "displayName"),
      currencyCode: this.#currency(body.values, customer, company),
      [kind.dateField]: date,
      postingDate: textOf(body.values, "postingDate") || date,
      dueDate: textOf(body.values, "dueDate") || date,
      status: "Draft",
      ...(set === "salesCreditMemos" && { invoiceNumber }),
    };
    const lines: StoredLine[] = [];
    for (const line of body.nested[kind.lines] ?? []) lines.push(saleLine(line, lines, company));
    return store.create({
      set,
      company: company.id,
      modifiedMs: nowMs(),
      applied: "0",
      ...this.#amounts({ values, lines }, company, customer),
    });
  }

  /** A line more. */
  addLine(record: StoredRecord, body: CheckedBody, company: Company): StoredRecord {
    if (!isDraft(record)) throw dialog("The action can be applied to a draft document only.");
    const customer = this.#customer(record.values, company);
    const lines = [...record.lines, saleLine(body, record.lines, company)];
    return this.#books.store.change(record, {
      modifiedMs: this.#books.nowMs(),
      ...this.#amounts({ values: record.values, lines }, company, customer),
    });
  }

  delete(record: StoredRecord): void {
    if (!isDraft(record)) throw dialog("You cannot delete a posted document.");
    this.#books.store.delete(record);
  }

  /** Puts a draft into the books: with a number of its own, and its entries in the ledger. */
  post(set: SaleSet, record: StoredRecord, company: Company): StoredRecord {
    const { store, nowMs, environment } = this.#books;
    const kind = KINDS[set];
    if (!isDraft(record)) throw dialog(`The action can be applied to a draft ${kind.word} only.`);
    const customer = this.#customer(record.values, company);
    this.#checkPosting(record, customer, company);
    const { values } = record;
    const total = scaled(textOf(values, "totalAmountIncludingTax"));
    if (total < 0n) throw dialog(`The total amount for the ${kind.word} must be 0 or greater.`);
    const number = `${kind.postedSeries}${store.takeNumber(`${company.id} ${kind.postedSeries}`, kind.firstNumber)}`;
    store.delete(record);
    const applied = set === "salesCreditMemos" ? this.#apply(record, total, company) : 0n;
    const { id, ...draft } = record;
    const posted = store.create({
      ...draft,
      ...(environment.keepsIds && { id }),
      modifiedMs: nowMs(),
      applied: plainText(applied),
      values: {
        ...values,
        number,
        status: total === applied ? "Paid" : "Open",
        ...(set === "salesInvoices" && { remainingAmount: plainText(total) }),
      },
    });
    this.#writeEntries(set, posted, number, company);
    return posted;
  }

  /** Somebody pays of an invoice. */
  pay(record: StoredRecord, amount: bigint): StoredRecord {
    const applied = scaled(record.applied) + amount;
    const total = scaled(textOf(record.values, "totalAmountIncludingTax"));
    if (isDraft(record) || record.set !== "salesInvoices" || amount <= 0n || applied > total)
      throw new RangeError("only what is open of a posted invoice can be paid");
    return this.#books.store.change(record, {
      modifiedMs: this.#books.nowMs(),
      applied: plainText(applied),
      values: {
        ...record.values,
        status: applied === total ? "Paid" : "Open",
        remainingAmount: plainText(total - applied),
      },
    });
  }

  /** An accountant cancels a posted invoice: a memo of all of it, which isn't kept here. */
  cancel(record: StoredRecord): StoredRecord {
    return this.#books.store.change(record, {
      modifiedMs: this.#books.nowMs(),
      values: { ...record.values, status: "Canceled", remainingAmount: "0" },
    });
  }

  #customer(values: Values, company: Company): StoredRecord {
    const { store } = this.#books;
    const [id, number] = [textOf(values, "customerId"), textOf(values, "customerNumber")];
    if (id === "" && number === "") throw dialog('A "customerNumber" or a "customerId" must be provided.');
    const customer =
      id === ""
        ? store.findBy("customers", company.id, "number", number)
        : store.find("customers", company.id, id);
    if (customer === undefined) throw dialog("The sell-to customer cannot be found.");
    if (number !== "" && customer.values["number"] !== number)
      throw dialog("The sell-to customer values do not match to a specific Customer.");
    return customer;
  }

  #currency(values: Values, customer: StoredRecord, company: Company): string {
    const given = values["currencyCode"];
    const code = typeof given === "string" ? given : textOf(customer.values, "currencyCode");
    const currency = currencyOf(company, code);
    if (currency === undefined) throw dialog('The "currencyCode" does not match to a Currency.');
    return currency.code;
  }

  /** Number of the posted invoice that a memo names. */
  #appliesTo(values: Values, customer: StoredRecord, company: Company): string {
    const number = textOf(values, "invoiceNumber");
    if (number === "") return "";
    const invoice = this.#books.store.findBy("salesInvoices", company.id, "number", number);
    if (invoice === undefined || isDraft(invoice))
      throw dialog('The "invoiceId" and "invoiceNumber" do not match to a specific Invoice.');
    if (invoice.values["customerNumber"] !== customer.values["number"])
      throw dialog("You cannot apply to an entry of another customer.");
    return number;
  }

  #amounts(
    draft: Pick<StoredRecord, "values" | "lines">,
    company: Company,
    customer: StoredRecord,
  ): Pick<StoredRecord, "values" | "lines"> {
    const area = company.taxAreas.find(({ id }) => id === customer.values["taxAreaId"])?.code ?? "";
    const { net, tax, lines } = saleAmounts(draft, company, area);
    return {
      lines,
      values: {
        ...draft.values,
        totalAmountExcludingTax: plainText(net),
        totalTaxAmount: plainText(tax),
        totalAmountIncludingTax: plainText(net + tax),
        remainingAmount: plainText(net + tax),
      },
    };
  }

  #checkPosting({ values, lines }: StoredRecord, customer: StoredRecord, company: Company): void {
    const amounts = lines.filter((line) => line.values["lineType"] !== "Comment");
    if (amounts.length === 0) throw dialog("There is nothing to post.");
    checkPostingDate(company, textOf(values, "postingDate"));
    const blockedFor = textOf(customer.values, "blocked");
    if (blockedFor === "All" || blockedFor === "Invoice")
      throw dialog(
        `You cannot post this type of document when Customer ${textOf(customer.values, "number")} is blocked with type ${blockedFor}`,
      );
    for (const line of amounts) {
      if (scaled(textOf(line.values, "quantity")) === 0n)
        throw fieldValidation("Quantity must have a value in Sales Line. It cannot be zero or empty.");
      checkObject(line.values, company);
      checkDimensions(line, company);
    }
  }

  /** What of a memo is taken from the invoice that it names: as far as that is open. */
  #apply({ values }: StoredRecord, total: bigint, company: Company): bigint {
    const number = textOf(values, "invoiceNumber");
    if (number === "") return 0n;
    const invoice = this.#books.store.findBy("salesInvoices", company.id, "number", number);
    const open = scaled(textOf(invoice?.values ?? {}, "remainingAmount") || "0");
    if (invoice === undefined || open === 0n)
      throw fieldValidation(
        `Open must be equal to 'Yes' in Cust. Ledger Entry: Document No.=${number}. Current value is 'No'.`,
      );
    if (textOf(invoice.values, "postingDate") > textOf(values, "postingDate"))
      throw dialog(
        "You are not allowed to apply and post an entry to an entry with an earlier posting date.",
      );
    if (invoice.values["currencyCode"] !== values["currencyCode"])
      throw dialog("You cannot apply an entry of another currency.");
    const amount = open < total ? open : total;
    if (amount > 0n) this.pay(invoice, amount);
    return amount;
  }

  #writeEntries(set: SaleSet, { values, lines }: StoredRecord, number: string, company: Company): void {
    const currency = currencyOf(company, textOf(values, "currencyCode")) ?? company.localCurrency;
    const sign = set === "salesInvoices" ? 1n : -1n;
    const write = (account: string, amount: bigint, description: string): void => {
      if (amount === 0n) return;
      writeEntry(this.#books, company, {
        date: textOf(values, "postingDate"),
        documentNumber: number,
        documentType: KINDS[set].documentType,
        transactionNumber: number,
        account,
        amount: localAmount(amount * sign, currency, company),
        description,
      });
    };
    write(
      company.receivablesAccount,
      scaled(textOf(values, "totalAmountIncludingTax")),
      textOf(values, "customerName"),
    );
    write(company.taxAccount, -scaled(textOf(values, "totalTaxAmount")), "VAT");
    for (const line of lines)
      if (line.values["lineType"] !== "Comment")
        write(
          line.values["lineType"] === "Item" ? "4000" : textOf(line.values, "lineObjectNumber"),
          -scaled(textOf(line.values, "netAmount")),
          textOf(line.values, "description"),
        );
  }
}
