import { plainText, scaled } from "../../exact-numbers.ts";
import type { ListEntry, Period } from "../account.ts";
import { numberOf, textOf } from "../draft.ts";
import { definitionOf } from "../record-definitions.ts";
import { openAmount, referenceId, type StoredRecord } from "../record-store.ts";
import { nameOfRecord, statusOf } from "../record-view.ts";
import type { Books } from "../transaction-rules.ts";
import { column, flag, type Cell, type Columns, type ColumnType } from "./columns.ts";
import { localTime } from "./dates.ts";
import { accountingColumns, lineColumns, linesOf } from "./transaction-lines.ts";

/** A row: its values are worked out when they are asked for. */
export interface Row {
  value(column: string): Cell;
  display(column: string): Cell;
}

export interface Table {
  typeOf(column: string): ColumnType | undefined;
  rows(): Iterable<Row>;
}

/** The table of a name; undefined where there is none, or the role does not see it. */
export function tableOf(name: string, books: Books): Table | undefined {
  const { account, store } = books;
  switch (name) {
    case "transaction":
      return table(transactionColumns(books), () =>
        [...store.all()].filter(({ type }) => type !== "customer"),
      );
    case "transactionline":
      return table(lineColumns(books), () => linesOf(store));
    case "transactionaccountingline":
      return table(accountingColumns(books), () => linesOf(store));
    case "customer":
      return table(customerColumns(books), () => [...store.ofType("customer")]);
    case "accountingperiod":
      return table(PERIOD_COLUMNS, () => account.periods);
    default: {
      const types = LIST_TABLES[name];
      if (types === undefined) return undefined;
      return table(listColumns(types.columns), () =>
        account.lists.filter(({ type }) => types.of.includes(type)),
      );
    }
  }
}

function table<Source>(columns: Columns<Source>, sources: () => Iterable<Source>): Table {
  return {
    typeOf: (name) => columns[name]?.type,
    *rows() {
      for (const source of sources())
        yield {
          value: (name) => columns[name]?.of(source) ?? null,
          display: (name) => (columns[name]?.display ?? columns[name]?.of)?.(source) ?? null,
        };
    },
  };
}

const field = (record: StoredRecord, name: string): Cell => textOf(record.fields[name]) ?? null;
const link = (record: StoredRecord, name: string): Cell => referenceId(record.fields[name]) ?? null;

/** Letters of the statuses, by the status that people see. */
const STATUS_LETTERS: Readonly<Record<string, string>> = {
  Open: "A",
  "Paid In Full": "B",
  "Fully Applied": "B",
  "Pending Approval": "A",
  "Approved for Posting": "B",
  Deposited: "C",
  Voided: "V",
};

/** Transactions have no column for the subsidiary: lines have. Amounts are in the transaction's currency, negative where they reduce what a customer owes. */
function transactionColumns(books: Books): Columns<StoredRecord> {
  const { store, account } = books;
  const isReducing = ({ type }: StoredRecord): boolean => type === "creditMemo" || type === "customerPayment";
  const signed = (record: StoredRecord, amount: bigint): string =>
    plainText(isReducing(record) ? -amount : amount);
  const customer = (record: StoredRecord): Cell => link(record, "entity") ?? link(record, "customer");
  const time = (timeMs: number): string => localTime(timeMs, account.utcOffsetMinutes);
  const day = (name: string) => (record: StoredRecord) => {
    const text = field(record, name);
    return text === null ? null : `${text}T00:00:00`;
  };
  const total = (record: StoredRecord): bigint => scaled(record.totals.total);
  const onlyOf =
    (type: (record: StoredRecord) => boolean, amount: (record: StoredRecord) => bigint) =>
    (record: StoredRecord): Cell =>
      type(record) ? plainText(amount(record)) : null;
  const isInvoice = ({ type }: StoredRecord): boolean => type === "invoice";
  const custom = Object.fromEntries(
    account.customFields
      .filter((name) => name.startsWith("custbody_"))
      .map((name) => [name, column<StoredRecord>("text", (record) => field(record, name))]),
  );
  return {
    id: column("id", ({ id }) => id),
    externalid: column("text", ({ externalId }) => externalId),
    tranid: column("text", (record) => field(record, "tranId")),
    transactionnumber: column("text", (record) => field(record, "tranId")),
    type: column(
      "text",
      ({ type }) => definitionOf(type)?.transaction?.code ?? null,
      ({ type }) => definitionOf(type)?.transaction?.title ?? null,
    ),
    recordtype: column("text", ({ type }) => type.toLowerCase()),
    entity: column("id", customer, (record) => nameOfRecord(customer(record) ?? "", ["customer"], store)),
    currency: column(
      "id",
      (record) => link(record, "currency"),
      (record) =>
        account.lists.find(({ type, id }) => type === "currency" && id === link(record, "currency"))?.name ??
        null,
    ),
    exchangerate: column("number", (record) => numberOf(record.fields["exchangeRate"]) ?? null),
    trandate: column("date", day("tranDate")),
    duedate: column("date", day("dueDate")),
    postingperiod: column("id", (record) => link(record, "postingPeriod")),
    memo: column("text", (record) => field(record, "memo")),
    otherrefnum: column("text", (record) => field(record, "otherRefNum")),
    status: column(
      "text",
      (record) => STATUS_LETTERS[statusOf(record, store).id] ?? null,
      (record) =>
        `${definitionOf(record.type)?.transaction?.title ?? ""} : ${statusOf(record, store).refName}`,
    ),
    foreigntotal: column("number", (record) => signed(record, total(record))),
    foreignamountpaid: column(
      "number",
      onlyOf(isInvoice, (record) => total(record) - openAmount(store, record)),
    ),
    foreignamountunpaid: column(
      "number",
      onlyOf(isInvoice, (record) => openAmount(store, record)),
    ),
    foreignpaymentamountused: column(
      "number",
      onlyOf(isReducing, (record) => total(record) - openAmount(store, record)),
    ),
    foreignpaymentamountunused: column(
      "number",
      onlyOf(isReducing, (record) => openAmount(store, record)),
    ),
    createddate: column("date", ({ createdMs }) => time(createdMs)),
    lastmodifieddate: column("date", ({ modifiedMs }) => time(modifiedMs)),
    posting: column("text", (record) => flag(record.fields["approved"] !== false)),
    voided: column("text", ({ isVoid }) => flag(isVoid)),
    reversal: column("id", ({ reversalOf, reversedBy }) => reversalOf ?? reversedBy),
    isreversal: column("text", ({ reversalOf }) => flag(reversalOf !== null)),
    reversaldate: column("date", day("reversalDate")),
    ...custom,
  };
}

function customerColumns({ account }: Books): Columns<StoredRecord> {
  const custom = Object.fromEntries(
    account.customFields
      .filter((name) => name.startsWith("custentity_"))
      .map((name) => [name, column<StoredRecord>("text", (record) => field(record, name))]),
  );
  const time = (timeMs: number): string => localTime(timeMs, account.utcOffsetMinutes);
  return {
    id: column("id", ({ id }) => id),
    externalid: column("text", ({ externalId }) => externalId),
    entityid: column("text", (record) => field(record, "entityId")),
    companyname: column("text", (record) => field(record, "companyName")),
    email: column("text", (record) => field(record, "email")),
    phone: column("text", (record) => field(record, "phone")),
    isperson: column("text", ({ fields }) => flag(fields["isPerson"] === true)),
    isinactive: column("text", ({ fields }) => flag(fields["isInactive"] === true)),
    subsidiary: column("id", (record) => link(record, "subsidiary")),
    currency: column("id", (record) => link(record, "currency")),
    terms: column("id", (record) => link(record, "terms")),
    datecreated: column("date", ({ createdMs }) => time(createdMs)),
    lastmodifieddate: column("date", ({ modifiedMs }) => time(modifiedMs)),
    ...custom,
  };
}

const PERIOD_COLUMNS: Columns<Period> = {
  id: column("id", ({ id }) => id),
  periodname: column("text", ({ name }) => name),
  startdate: column("date", ({ startDate }) => `${startDate}T00:00:00`),
  enddate: column("date", ({ endDate }) => `${endDate}T00:00:00`),
  closed: column("text", ({ isClosed }) => flag(isClosed)),
  alllocked: column("text", ({ isClosed }) => flag(isClosed)),
  arlocked: column("text", ({ isClosed }) => flag(isClosed)),
  isadjust: column("text", () => "F"),
  isquarter: column("text", () => "F"),
  isyear: column("text", () => "F"),
  isinactive: column("text", () => "F"),
};

/** Tables over the account's lists: the types of their entries, and the columns that only they have. */
const LIST_TABLES: Readonly<
  Record<string, { readonly of: readonly string[]; readonly columns: readonly string[] }>
> = {
  item: {
    of: ["serviceSaleItem", "nonInventorySaleItem", "otherChargeSaleItem", "discountItem"],
    columns: ["itemtype"],
  },
  account: { of: ["account"], columns: ["acctnumber", "accttype"] },
  subsidiary: { of: ["subsidiary"], columns: ["currency", "country"] },
  currency: { of: ["currency"], columns: ["symbol"] },
  term: { of: ["term"], columns: ["daysuntilnetdue"] },
  department: { of: ["department"], columns: [] },
  classification: { of: ["classification"], columns: [] },
  location: { of: ["location"], columns: [] },
  salestaxitem: { of: ["salesTaxItem"], columns: ["taxtype", "rate"] },
  taxtype: { of: ["taxType"], columns: [] },
};

/** What the entry's name is called differs from list to list. */
const NAME_COLUMNS = ["name", "fullname", "itemid", "displayname", "accountsearchdisplayname"];

function listColumns(own: readonly string[]): Columns<ListEntry> {
  return {
    id: column("id", ({ id }) => id),
    isinactive: column("text", ({ isInactive }) => flag(isInactive)),
    ...Object.fromEntries(
      NAME_COLUMNS.map((name) => [name, column<ListEntry>("text", (entry) => entry.name)]),
    ),
    ...Object.fromEntries(
      own.map((name) => [name, column<ListEntry>("text", ({ values }) => values[name] ?? null)]),
    ),
  };
}
