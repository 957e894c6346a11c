import type { ErpReference } from "../model/posting.ts";
import { invoiceKey } from "../billing/posting/posted-invoice.ts";
import type { PostingStatus } from "../operators/posting/posting-row.ts";
import type { PublishedDocument } from "../billing/invoices/billing-document.ts";
import { formatMinorUnits } from "../billing/rating/money.ts";
import { currencyExponent } from "../billing/rating/currencies.ts";
import { storedDocuments, storedEntries } from "../operators/invoice/billing-book.ts";
import type { ReportSource } from "./partition-report.ts";

/** An invoice or credit memo for people and programs; amounts are decimal strings. */
export type InvoiceRow = Omit<PublishedDocument, "status"> & {
  /** draft: its figures still change, or its number is missing. held: its tax can't be told. */
  readonly status: "draft" | "held" | "final";
  /** Numbers of the credit memos that correct it, in the order in which they were made; ids of those without one yet. */
  readonly correctedBy: readonly string[];
  readonly isVoid: boolean;
  /** What has become of it in ERPs; absent where no connection takes it. */
  readonly postings?: readonly {
    readonly connection: string;
    readonly state: PostingStatus;
    readonly erp: ErpReference | null;
  }[];
};

export interface JournalRow {
  readonly date: string;
  readonly memo: string;
  readonly legalEntity: string;
  readonly currency: string;
  readonly contract: string;
  /** Id of the document that it books, null without one. */
  readonly document: string | null;
  /** Where the functional currency of the legal entity is another one. The rate is null where amounts are historical. */
  readonly functional?: {
    readonly currency: string;
    readonly rate: string | null;
    readonly rateDate: string | null;
  };
  /** One of the two is "0". */
  readonly lines: readonly {
    readonly account: string;
    readonly product: string;
    readonly debit: string;
    readonly credit: string;
    /** The same in the functional currency. */
    readonly functionalDebit?: string;
    readonly functionalCredit?: string;
  }[];
}

/** Documents by account and date, numbered ones first; drafts behind them. */
export function invoicesOf(sources: readonly ReportSource[]): InvoiceRow[] {
  const found: Omit<InvoiceRow, "correctedBy" | "isVoid">[] = [];
  for (const { engine, store } of sources) {
    for (const document of storedDocuments(store))
      found.push({ ...document, status: "final", ...postingsOfDocument(engine, document) });
    for (const draft of engine.invoices.drafts())
      found.push({ ...draft, status: draft.status === "held" ? "held" : "draft" });
  }
  const corrections = new Map<string, { by: string[]; isVoid: boolean }>();
  for (const { id, number, corrects } of found) {
    if (corrects === undefined) continue;
    const known = corrections.get(corrects.document) ?? { by: [], isVoid: false };
    known.by.push(number ?? id);
    known.isVoid ||= corrects.kind === "void";
    corrections.set(corrects.document, known);
  }
  const rows = found.map((document): InvoiceRow => {
    const { by = [], isVoid = false } = corrections.get(document.id) ?? {};
    return { ...document, correctedBy: by, isVoid };
  });
  return sortedBy(rows, (row) => [
    row.account,
    row.status === "final" ? "0" : "1",
    row.legalEntity,
    row.number ?? row.id,
  ]);
}

function postingsOfDocument(
  { catalog, postings: { book } }: ReportSource["engine"],
  { kind, legalEntity, number }: PublishedDocument,
): Pick<InvoiceRow, "postings"> {
  const postings = (catalog?.posting.connections ?? []).flatMap(({ key: connection }) => {
    const known = book.numberOf(connection, invoiceKey({ kind, legalEntity, number: number ?? "" }));
    if (known === undefined) return [];
    const { state, erp } = book.at(known);
    return [{ connection, state, erp: erp ?? null }];
  });
  return postings.length === 0 ? {} : { postings };
}

/** The subledger's entries by legal entity, currency and date, then in the order in which they were booked. */
export function journalOf(sources: readonly ReportSource[]): JournalRow[] {
  const rows: { row: JournalRow; place: string }[] = [];
  for (const { partition, store } of sources) {
    for (const entry of storedEntries(store)) {
      const exponent = currencyExponent(entry.currency) ?? 0;
      const money = (minorUnits: bigint): string => formatMinorUnits(minorUnits, exponent);
      const { date, memo, legalEntity, currency, contract, document } = entry;
      rows.push({
        place: `${String(partition).padStart(5, "0")}/${String(entry.ordinal).padStart(15, "0")}`,
        row: {
          date,
          memo,
          legalEntity,
          currency,
          contract,
          document: document ?? null,
          ...(entry.functional === undefined
            ? {}
            : {
                functional: {
                  currency: entry.functional.currency,
                  rate: entry.functional.rate ?? null,
                  rateDate: entry.functional.rateDate ?? null,
                },
              }),
          lines: entry.postings.map(({ account, product, amount, functional }) => ({
            account,
            product,
            debit: amount > 0n ? money(amount) : "0",
            credit: amount < 0n ? money(-amount) : "0",
            ...functionalSides(functional, entry.functional?.currency),
          })),
        },
      });
    }
  }
  return sortedBy(rows, ({ row, place }) => [row.legalEntity, row.currency, row.date, place]).map(
    ({ row }) => row,
  );
}

function functionalSides(
  minorUnits: bigint | undefined,
  currency: string | undefined,
): { readonly functionalDebit?: string; readonly functionalCredit?: string } {
  if (minorUnits === undefined || currency === undefined) return {};
  const exponent = currencyExponent(currency) ?? 0;
  return {
    functionalDebit: minorUnits > 0n ? formatMinorUnits(minorUnits, exponent) : "0",
    functionalCredit: minorUnits < 0n ? formatMinorUnits(-minorUnits, exponent) : "0",
  };
}

function sortedBy<Row>(rows: readonly Row[], keysOf: (row: Row) => readonly string[]): Row[] {
  return rows
    .map((row) => ({ row, key: keysOf(row).join("\u0000") }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}
