import type { PostingCommand } from "../../../model/posting.ts";
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
  const head = { external_id: externalId, kind: document.kind };
  switch (document.kind) {
    case "customer":
      return [
        {
          ...head,
          record: "C",
          legal_entity: mapped(references, "legal_entity", document.legalEntity),
          customer: mapped(references, "customer", document.customer),
          customer_name: document.name,
          email: document.email ?? "",
          tax_id: document.taxId ?? "",
          street: document.address.street ?? "",
          city: document.address.city ?? "",
          region: document.address.region ?? "",
          postal_code: document.address.postalCode ?? "",
          country: document.address.country ?? "",
          currency: mapped(references, "currency", document.currency),
          terms: mapped(references, "terms", String(document.paymentDays)),
        },
      ];
    case "invoice":
    case "credit-memo":
      return [
        {
          ...head,
          record: "H",
          document_number: document.number,
          legal_entity: mapped(references, "legal_entity", document.legalEntity),
          customer: mapped(references, "customer", document.customer),
          currency: mapped(references, "currency", document.currency),
          date: document.issueDate,
          due_date: document.dueDate,
          description: document.memo,
          net: document.net,
          tax: document.tax,
          period_start: document.periodStart,
          period_end: document.periodEnd,
          corrects: document.corrects?.number ?? "",
        },
        ...document.lines.map((line) => ({
          ...head,
          record: "L",
          document_number: document.number,
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
    case "journal":
      return [
        {
          ...head,
          record: "H",
          document_number: externalId,
          legal_entity: mapped(references, "legal_entity", document.legalEntity),
          currency: mapped(references, "currency", document.currency),
          date: document.date,
          reversal_date: document.reversalDate ?? "",
          description: document.memo,
          corrects: document.reverses ?? "",
        },
        ...document.lines.map((line) => ({
          ...head,
          record: "L",
          document_number: externalId,
          line: String(line.line),
          account: mapped(references, "account", line.account),
          description: line.memo,
          debit: line.debit ?? "",
          credit: line.credit ?? "",
          dimensions: mappedDimensions(references, line.dimensions),
        })),
      ];
  }
}
