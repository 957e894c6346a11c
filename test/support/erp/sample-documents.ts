import type {
  MappedReferences,
  PostedCustomer,
  PostedDocument,
  PostedInvoice,
  PostedJournal,
  PostedLine,
  PostingCommand,
} from "../../../src/model/posting.ts";

/** Documents of one customer that tests of every ERP's adapter plan and send; what a test is about it changes. */

/** What external ids of the connection begin with. */
export const PREFIX = "umr-";

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

/** A journal that nothing reverses by itself. */
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

/** A journal that the ERP reverses on the next day. */
export function accrual(changes: Partial<PostedJournal> = {}): PostedJournal {
  return journal({ reversalDate: "2026-07-01", ...changes });
}

export interface SampleCommands {
  readonly command: (document: PostedDocument, changes?: Partial<PostingCommand>) => PostingCommand;
  /** A memo that gives back of invoice N-1, and waits for it: all of it unless the changes say less. */
  readonly memo: (changes?: Partial<PostedInvoice>) => PostingCommand;
}

/** Commands to an ERP whose mapping has these references. */
export function sampleCommands(references: MappedReferences): SampleCommands {
  const command: SampleCommands["command"] = (document, changes = {}) => ({
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
    references,
    catalogVersion: "1",
    ...changes,
  });
  const memo: SampleCommands["memo"] = (changes = {}) => {
    const corrects = { key: "invoice:north:N-1", number: "N-1" };
    return command(invoice({ kind: "credit-memo", number: "C-1", corrects, ...changes }), {
      after: ["customer:north:acme", corrects.key],
    });
  };
  return { command, memo };
}

function keyOf(document: PostedDocument): string {
  if (document.kind === "customer") return `customer:${document.legalEntity}:${document.customer}`;
  if (document.kind === "journal") return `journal:${document.legalEntity}:2026-06:${document.currency}:0:1`;
  return `${document.kind}:${document.legalEntity}:${document.number}`;
}
