import type {
  MappedReferences,
  PostedCustomer,
  PostedDocument,
  PostedInvoice,
  PostedJournal,
  PostedLine,
  PostingCommand,
} from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/oracle-fusion/plan.ts";

/** Commands that tests plan and send. Names are those of the simulator's sample environment. */

export const PREFIX = "umr-";

export const SETTINGS: PlanSettings = {
  transactionSource: "Tributary",
  invoiceType: "Invoice",
  creditMemoType: "Credit Memo",
  ownNumbers: true,
  appliesCreditMemos: true,
  journalSource: "Tributary",
  journalCategory: "Tributary",
  segmentDelimiter: "-",
  oracleOwnsCustomers: false,
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: { business_unit: "North Operations", ledger_id: "300000001", set_id: "300000011" },
  },
  currency: { USD: { code: "USD" } },
  item: {
    api: { memo_line: "Usage", combination: "01-000-4110-0000" },
    "*": { memo_line: "Support" },
    credits: { memo_line: "Credits" },
  },
  tax: {
    "ca-state": { regime: "US SALES TAX", rate_code: "CA-STATE" },
    "ca-district": { regime: "US SALES TAX", rate_code: "CA-DISTRICT" },
  },
  account: {
    "unbilled-receivable": { combination: "01-000-1220-0000" },
    revenue: { combination: "01-000-4110-0000" },
  },
  dimension: {
    "region=west": { segment: "4", value: "7100" },
    "team=sales": { segment: "2", value: "110" },
  },
  terms: { "30": { name: "30 Net" } },
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

/** A memo that gives back of invoice N-1. */
export function memo(changes: Partial<PostedInvoice> = {}): PostingCommand {
  const corrects = { key: "invoice:north:N-1", number: "N-1" };
  return command(invoice({ kind: "credit-memo", number: "C-1", corrects, ...changes }), {
    after: ["customer:north:acme", "invoice:north:N-1"],
  });
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
