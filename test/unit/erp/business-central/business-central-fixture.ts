import type {
  MappedReferences,
  PostedCustomer,
  PostedDocument,
  PostedInvoice,
  PostedJournal,
  PostedLine,
  PostingCommand,
} from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/business-central/plan.ts";
import { NET_30, NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";

/** Commands that tests plan and send. Numbers and codes are those of the simulator's sample environment. */

export const PREFIX = "umr-";

export const SETTINGS: PlanSettings = {
  companies: [NORTH, SOUTH],
  taxes: "computed",
  taxAreas: {},
  sendsTaxIds: true,
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: { company: NORTH, local_currency: "USD" },
    south: { company: SOUTH, local_currency: "EUR" },
  },
  currency: { USD: { code: "USD" }, EUR: { code: "EUR" }, JPY: { code: "JPY" } },
  item: { api: { account: "4000" }, "*": { item: "1000" }, credits: { account: "2450" } },
  tax: {
    "ca-state": { code: "TAXABLE", account: "2210" },
    "ca-district": { code: "TAXABLE", account: "2220" },
    "de-vat": { code: "VAT19", account: "2220" },
  },
  account: { "unbilled-receivable": { number: "1150" }, revenue: { number: "4010" } },
  dimension: {
    "region=west": { dimension: "REGION", value: "WEST" },
    "team=sales": { dimension: "DEPARTMENT", value: "SALES" },
  },
  terms: { "30": { id: NET_30 } },
};

export function customer(changes: Partial<PostedCustomer> = {}): PostedCustomer {
  return {
    kind: "customer",
    customer: "acme",
    name: "Acme Corporation",
    email: "ap@acme.test",
    taxId: null,
    address: {
      street: "1 Main Street",
      city: "Los Angeles",
      region: "CA",
      postalCode: "90012",
      country: "US",
    },
    legalEntity: "north",
    currency: "USD",
    paymentDays: 30,
    ...changes,
  };
}

export function line(changes: Partial<PostedLine> = {}): PostedLine {
  return {
    line: 1,
    kind: "charge",
    item: "api",
    meter: "requests",
    description: "API access",
    quantity: "1204331",
    net: "120.50",
    tax: "7.23",
    taxes: [
      {
        key: "ca-state",
        name: "Sales tax",
        jurisdiction: "US/CA",
        percent: "6",
        basis: "120.50",
        amount: "7.23",
      },
    ],
    periodStart: "2026-06-01",
    periodEnd: "2026-07-01",
    adjusts: null,
    dimensions: {},
    ...changes,
  };
}

export function invoice(changes: Partial<PostedInvoice> = {}): PostedInvoice {
  return {
    kind: "invoice",
    document: "A-1:2026-06-01",
    number: "N-1",
    legalEntity: "north",
    customer: "acme",
    account: "acme",
    contract: "A-1",
    currency: "USD",
    issueDate: "2026-06-30",
    dueDate: "2026-07-30",
    periodStart: "2026-06-01",
    periodEnd: "2026-07-01",
    lines: [line()],
    net: "120.50",
    tax: "7.23",
    total: "127.73",
    corrects: null,
    memo: "Usage of June 2026",
    ...changes,
  };
}

/** An invoice without taxes over one amount. */
export function untaxed(number: string, net: string, changes: Partial<PostedInvoice> = {}): PostedInvoice {
  return invoice({
    number,
    lines: [line({ net, tax: "0", taxes: [] })],
    net,
    tax: "0",
    total: net,
    ...changes,
  });
}

export function journal(changes: Partial<PostedJournal> = {}): PostedJournal {
  const fields = { dimensions: {}, memo: "A-1" };
  return {
    kind: "journal",
    legalEntity: "north",
    currency: "USD",
    date: "2026-06-30",
    reversalDate: null,
    lines: [
      { line: 1, account: "unbilled-receivable", debit: "300.00", credit: null, ...fields },
      { line: 2, account: "revenue", debit: null, credit: "300.00", ...fields },
    ],
    memo: "Unbilled revenue 2026-06",
    reverses: null,
    ...changes,
  };
}

export function command(document: PostedDocument, changes: Partial<PostingCommand> = {}): PostingCommand {
  return {
    schemaVersion: 1,
    connection: "main",
    kind: document.kind,
    key: keyOf(document),
    revision: 1,
    partition: 0,
    orderKey: "acme",
    after: document.kind === "customer" || document.kind === "journal" ? [] : ["customer:north:acme"],
    contentHash: "0".repeat(64),
    document,
    references: REFERENCES,
    catalogVersion: "1",
    ...changes,
  };
}

function keyOf(document: PostedDocument): string {
  if (document.kind === "customer") return `customer:${document.legalEntity}:${document.customer}`;
  if (document.kind === "journal") return `journal:${document.legalEntity}:2026-06:${document.currency}:0:1`;
  return `${document.kind}:${document.legalEntity}:${document.number}`;
}

/** A memo that gives back of invoice N-1. */
export function memo(changes: Partial<PostedInvoice> = {}): PostingCommand {
  const corrects = { key: "invoice:north:N-1", number: "N-1" };
  return command(invoice({ kind: "credit-memo", number: "C-1", corrects, ...changes }), {
    after: ["customer:north:acme", "invoice:north:N-1"],
  });
}
