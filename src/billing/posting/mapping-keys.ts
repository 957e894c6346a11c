import type { MappingTable, PostedDocument } from "../../model/posting.ts";

/** Canonical keys that a document has, by mapping table: each once, in the order of the document. */
export type MappingKeys = Readonly<Partial<Record<MappingTable, readonly string[]>>>;

/**
 * The canonical keys of a document. Which of them an ERP needs, and which fields, its description says.
 * @param paymentDays terms of the document; undefined for a journal
 */
export function mappingKeys(document: PostedDocument, paymentDays: number | undefined): MappingKeys {
  const terms = paymentDays === undefined ? {} : { terms: [String(paymentDays)] };
  const common = { currency: [document.currency], legal_entity: [document.legalEntity], ...terms };
  if (document.kind === "customer") return { customer: [document.customer], ...common };
  if (document.kind === "journal")
    return {
      account: distinct(document.lines.map(({ account }) => account)),
      dimension: dimensionKeys(document.lines),
      period: [monthOf(document.date)],
      ...common,
    };
  const { lines } = document;
  const isTaxed = lines.some(({ taxes }) => taxes.length > 0);
  const hasCredits = lines.some(({ kind }) => kind === "credits");
  return {
    customer: [document.customer],
    item: distinct(lines.map(({ item }) => item)),
    tax: distinct(lines.flatMap(({ taxes }) => taxes.map(({ key }) => key))),
    // For ERPs that take an invoice as postings; the income accounts are those of the items.
    account: ["receivable", ...(isTaxed ? ["tax-payable"] : []), ...(hasCredits ? ["credits"] : [])],
    dimension: dimensionKeys(lines),
    period: [monthOf(document.issueDate)],
    ...common,
  };
}

/** Key of the mapping table `dimension`. */
export function dimensionKey(name: string, value: string): string {
  return `${name}=${value}`;
}

function dimensionKeys(
  lines: readonly { readonly dimensions: Readonly<Record<string, string>> }[],
): readonly string[] {
  return distinct(
    lines.flatMap(({ dimensions }) =>
      Object.entries(dimensions).map(([name, value]) => dimensionKey(name, value)),
    ),
  );
}

/** Accounting month of a day: YYYY-MM. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

function distinct(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)];
}
