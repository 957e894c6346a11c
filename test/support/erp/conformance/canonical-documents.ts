import { mappingKeys } from "../../../../src/billing/posting/mapping-keys.ts";
import { postingCommand } from "../../../../src/billing/posting/posting-command.ts";
import { resolveMapping } from "../../../../src/billing/posting/resolve-mapping.ts";
import type { ErpDescription } from "../../../../src/model/erp-description.ts";
import {
  customerKey,
  type PostedCustomer,
  type PostedDocument,
  type PostedInvoice,
  type PostedJournal,
  type PostingCommand,
} from "../../../../src/model/posting.ts";
import { CONNECTION } from "../../posting/commands.ts";
import type { MappingRow } from "../simulated-erp.ts";

/** Documents of the canonical keys that every simulated ERP knows, and commands as a partition queues them. */

/** Month of all documents: before the simulation begins. */
export const MONTH = "2026-02";
export const LAST_DAY = "2026-02-28";
const NEXT_DAY = "2026-03-01";
const PAYMENT_DAYS = 30;
const CATALOG_VERSION = "c".repeat(64);

export const NORTH = { legalEntity: "north", currency: "USD", customer: "acme" } as const;
export const SOUTH = { legalEntity: "south", currency: "EUR", customer: "globex" } as const;
type Side = typeof NORTH | typeof SOUTH;

/** Rate of a side's tax. */
const TAXES = {
  north: { key: "US/CA:Sales tax:6", name: "Sales tax", jurisdiction: "US/CA", percent: "6" },
  south: { key: "DE:VAT:19", name: "VAT", jurisdiction: "DE", percent: "19" },
} as const;

export function customerOf(side: Side, name: string = `${side.customer} "Ltd."`): PostedCustomer {
  const isNorth = side.legalEntity === "north";
  return {
    kind: "customer",
    customer: side.customer,
    name,
    email: `ap@${side.customer}.example.com`,
    taxId: null,
    address: {
      street: "1 Main Street",
      city: isNorth ? "Los Angeles" : "Berlin",
      region: isNorth ? "CA" : null,
      postalCode: isNorth ? "90012" : "10115",
      country: isNorth ? "US" : "DE",
    },
    legalEntity: side.legalEntity,
    currency: side.currency,
    paymentDays: PAYMENT_DAYS,
  };
}

export interface SaleFields {
  readonly side?: Side;
  readonly product?: string;
  /** Cents of each line. */
  readonly net?: readonly number[];
  /** Number of the invoice that a memo gives back of. */
  readonly corrects?: string;
}

export function invoiceOf(number: string, fields: SaleFields = {}): PostedInvoice {
  return saleOf("invoice", number, fields);
}

export function memoOf(number: string, fields: SaleFields = {}): PostedInvoice {
  return saleOf("credit-memo", number, fields);
}

function saleOf(
  kind: PostedInvoice["kind"],
  number: string,
  { side = NORTH, product = "usage", net = [10_000, 5_050], corrects }: SaleFields,
): PostedInvoice {
  const rate = TAXES[side.legalEntity];
  const taxOf = (cents: number): number => Math.round((cents * Number(rate.percent)) / 100);
  const sumNet = net.reduce((sum, cents) => sum + cents, 0);
  const sumTax = net.reduce((sum, cents) => sum + taxOf(cents), 0);
  return {
    kind,
    document: `0:${number}`,
    number,
    legalEntity: side.legalEntity,
    customer: side.customer,
    account: `${side.customer}.example.com`,
    contract: `${side.customer}-1`,
    currency: side.currency,
    issueDate: LAST_DAY,
    dueDate: "2026-03-30",
    periodStart: "2026-02-01",
    periodEnd: NEXT_DAY,
    lines: net.map((cents, index) => ({
      line: index + 1,
      kind: "charge",
      item: product,
      meter: "calls",
      description: `=Usage, "line ${index + 1}"`,
      quantity: "1204331",
      net: decimalOf(cents),
      tax: decimalOf(taxOf(cents)),
      taxes: [{ ...rate, basis: decimalOf(cents), amount: decimalOf(taxOf(cents)) }],
      periodStart: "2026-02-01",
      periodEnd: NEXT_DAY,
      adjusts: corrects ?? null,
      dimensions: {},
    })),
    net: decimalOf(sumNet),
    tax: decimalOf(sumTax),
    total: decimalOf(sumNet + sumTax),
    corrects:
      corrects === undefined
        ? null
        : { key: saleKey("invoice", side.legalEntity, corrects), number: corrects },
    memo: "Usage of February 2026",
  };
}

/** Unbilled revenue; the ERP's own reversal of it is not asked for. */
export function journalOf(cents: number, side: Side = NORTH): PostedJournal {
  const line = { dimensions: {}, memo: side.customer };
  return {
    kind: "journal",
    legalEntity: side.legalEntity,
    currency: side.currency,
    date: LAST_DAY,
    reversalDate: null,
    lines: [
      { line: 1, account: "unbilled-receivable", debit: decimalOf(cents), credit: null, ...line },
      { line: 2, account: "revenue", debit: null, credit: decimalOf(cents), ...line },
    ],
    memo: "Unbilled revenue 2026-02",
    reverses: null,
  };
}

/** The journal that takes another one back: its sides are changed. */
export function reversalOf(journal: PostedJournal, key: string): PostedJournal {
  return {
    ...journal,
    date: NEXT_DAY,
    lines: journal.lines.map((line) => ({ ...line, debit: line.credit, credit: line.debit })),
    memo: `${journal.memo}, reversed`,
    reverses: key,
  };
}

export function saleKey(kind: PostedInvoice["kind"], legalEntity: string, number: string): string {
  return `${kind}:${legalEntity}:${number}`;
}

export function journalKey(side: Side, ordinal: number): string {
  return `journal:${side.legalEntity}:${MONTH}:${side.currency}:0:${ordinal}`;
}

function keyOf(document: PostedDocument, ordinal: number): string {
  if (document.kind === "customer") return customerKey(document.legalEntity, document.customer);
  if (document.kind === "journal")
    return journalKey(document.legalEntity === "north" ? NORTH : SOUTH, ordinal);
  return saleKey(document.kind, document.legalEntity, document.number);
}

export interface CommandFields {
  readonly revision?: number;
  /** Of a journal, from 1. */
  readonly ordinal?: number;
}

/** The command that posts a document, its keys looked up in a mapping. Throws where the mapping lacks one. */
export function commandFor(
  document: PostedDocument,
  description: ErpDescription,
  rows: readonly MappingRow[],
  { revision = 1, ordinal = 1 }: CommandFields = {},
): PostingCommand {
  const paymentDays = document.kind === "journal" ? undefined : PAYMENT_DAYS;
  const day = document.kind === "customer" ? LAST_DAY : dayOf(document);
  const resolved = resolveMapping(
    { mapped: (table, key) => rows.find((row) => row.table === table && row.key === key)?.values },
    description,
    document.kind,
    mappingKeys(document, paymentDays),
    day,
  );
  if ("missing" in resolved)
    throw new Error(`the mapping lacks ${JSON.stringify(resolved.missing)} for a ${document.kind}`);
  const key = keyOf(document, ordinal);
  const isJournal = document.kind === "journal";
  const customer = isJournal ? "" : customerKey(document.legalEntity, document.customer);
  const corrected = "corrects" in document && document.corrects !== null ? [document.corrects.key] : [];
  return postingCommand(
    {
      connection: CONNECTION,
      key,
      orderKey: isJournal ? key : `${document.legalEntity}:${document.customer}`,
      after: isJournal || document.kind === "customer" ? [] : [customer, ...corrected],
      day,
      paymentDays,
      document,
    },
    { partition: 0, revision, catalogVersion: CATALOG_VERSION },
    resolved.references,
  );
}

function dayOf(document: PostedInvoice | PostedJournal): string {
  return document.kind === "journal" ? document.date : document.issueDate;
}

/** Cents as a decimal text. */
export function decimalOf(cents: number): string {
  const digits = String(cents).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
