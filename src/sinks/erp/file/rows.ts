import type {
  MappedReferences,
  PostedCustomer,
  PostedInvoice,
  PostedJournal,
  PostingCommand,
} from "../../../model/posting.ts";
import { mapped, mappedDimensions } from "./mapped.ts";

/** Columns of a document's rows, in their order; public (docs/erp/file.md): new ones go to the end. */
export const COLUMNS = [
  "record",
  "external_id",
  "kind",
  "document_number",
  "legal_entity",
  "customer",
  "customer_name",
  "email",
  "tax_id",
  "street",
  "city",
  "region",
  "postal_code",
  "country",
  "currency",
  "date",
  "due_date",
  "reversal_date",
  "terms",
  "line",
  "item",
  "account",
  "description",
  "quantity",
  "net",
  "tax",
  "tax_codes",
  "debit",
  "credit",
  "period_start",
  "period_end",
  "dimensions",
  "corrects",
] as const;
export type Column = (typeof COLUMNS)[number];

/** Columns that hold decimals: right-aligned in fixed-width lines, never quoted. */
export const NUMBER_COLUMNS: ReadonlySet<Column> = new Set([
  "line",
  "quantity",
  "net",
  "tax",
  "debit",
  "credit",
]);

export type Row = Readonly<Partial<Record<Column, string>>>;

/** A document as rows of text: `H` for its head, `L` for each line; of a customer `C`. Amounts are decimals with a dot. */
export function documentRows(command: PostingCommand, externalId: string): readonly Row[] {
  const { document, references } = command;
  const keys = { external_id: externalId, kind: document.kind };
  if (document.kind === "customer") return [{ ...keys, ...customerRow(document, references) }];
  const rows =
    document.kind === "journal" ? journalRows(document, references) : invoiceRows(document, references);
  const number = document.kind === "journal" ? externalId : document.number;
  return rows.map((row) => ({ ...keys, document_number: number, ...row }));
}

function customerRow(customer: PostedCustomer, references: MappedReferences): Row {
  const { address } = customer;
  return {
    record: "C",
    legal_entity: mapped(references, "legal_entity", customer.legalEntity),
    customer: mapped(references, "customer", customer.customer),
    customer_name: customer.name,
    email: customer.email ?? "",
    tax_id: customer.taxId ?? "",
    street: address.street ?? "",
    city: address.city ?? "",
    region: address.region ?? "",
    postal_code: address.postalCode ?? "",
    country: address.country ?? "",
    currency: mapped(references, "currency", customer.currency),
    terms: mapped(references, "terms", String(customer.paymentDays)),
  };
}

function invoiceRows(invoice: PostedInvoice, references: MappedReferences): readonly Row[] {
  return [
    {
      record: "H",
      legal_entity: mapped(references, "legal_entity", invoice.legalEntity),
      customer: mapped(references, "customer", invoice.customer),
      currency: mapped(references, "currency", invoice.currency),
      date: invoice.issueDate,
      due_date: invoice.dueDate,
      description: invoice.memo,
      net: invoice.net,
      tax: invoice.tax,
      period_start: invoice.periodStart,
      period_end: invoice.periodEnd,
      corrects: invoice.corrects?.number ?? "",
    },
    ...invoice.lines.map((line) => ({
      record: "L",
      line: String(line.line),
      item: mapped(references, "item", line.item),
      account: references.item?.[line.item]?.["account"] ?? "",
      description: line.description,
      quantity: line.quantity ?? "",
      net: line.net,
      tax: line.tax,
      tax_codes: line.taxes.map(({ key }) => mapped(references, "tax", key, "code")).join(";"),
      period_start: line.periodStart,
      period_end: line.periodEnd,
      dimensions: mappedDimensions(references, line.dimensions),
      corrects: line.adjusts ?? "",
    })),
  ];
}

function journalRows(journal: PostedJournal, references: MappedReferences): readonly Row[] {
  return [
    {
      record: "H",
      legal_entity: mapped(references, "legal_entity", journal.legalEntity),
      currency: mapped(references, "currency", journal.currency),
      date: journal.date,
      reversal_date: journal.reversalDate ?? "",
      description: journal.memo,
      corrects: journal.reverses ?? "",
    },
    ...journal.lines.map((line) => ({
      record: "L",
      line: String(line.line),
      account: mapped(references, "account", line.account),
      description: line.memo,
      debit: line.debit ?? "",
      credit: line.credit ?? "",
      dimensions: mappedDimensions(references, line.dimensions),
    })),
  ];
}
