import { createHash } from "node:crypto";
import type {
  MappedReferences,
  PostedCustomer,
  PostedDocument,
  PostedInvoice,
  PostedJournal,
  PostingCommand,
} from "../../src/model/posting.ts";

/** An invoice of two lines with tax, of which prepaid credits pay a part: 100.00 − 30.00 + 19.00 = 89.00. */
export const anInvoice: PostedInvoice = {
  kind: "invoice",
  document: "0:acme:2026-06",
  number: "DE-000042",
  legalEntity: "de",
  customer: "acme",
  account: "acme.com",
  contract: "acme-1",
  currency: "EUR",
  issueDate: "2026-07-02",
  dueDate: "2026-08-01",
  periodStart: "2026-05-31T22:00:00.000Z",
  periodEnd: "2026-06-30T22:00:00.000Z",
  lines: [
    {
      line: 1,
      kind: "charge",
      item: "api",
      meter: "api_calls",
      description: "API calls, June",
      quantity: "1204331",
      net: "100.00",
      tax: "19.00",
      taxes: [
        {
          key: "DE/standard",
          name: "VAT",
          jurisdiction: "DE",
          percent: "19",
          basis: "100.00",
          amount: "19.00",
        },
      ],
      periodStart: "2026-05-31T22:00:00.000Z",
      periodEnd: "2026-06-30T22:00:00.000Z",
      adjusts: null,
      dimensions: { region: "eu", department: "platform" },
    },
    {
      line: 2,
      kind: "credits",
      item: "credits",
      meter: null,
      description: "Prepaid credits",
      quantity: null,
      net: "-30.00",
      tax: "0.00",
      taxes: [],
      periodStart: "2026-05-31T22:00:00.000Z",
      periodEnd: "2026-06-30T22:00:00.000Z",
      adjusts: null,
      dimensions: {},
    },
  ],
  net: "70.00",
  tax: "19.00",
  total: "89.00",
  corrects: null,
  memo: "Usage June 2026",
};

/** Gives back 10.00 and its tax of the invoice. */
export const aMemo: PostedInvoice = {
  ...anInvoice,
  kind: "credit-memo",
  document: "0:acme:2026-06:note-1",
  number: "DE-000043",
  lines: [
    {
      ...anInvoice.lines[0]!,
      quantity: null,
      description: "Outage on 12 June",
      net: "10.00",
      tax: "1.90",
      taxes: [
        {
          key: "DE/standard",
          name: "VAT",
          jurisdiction: "DE",
          percent: "19",
          basis: "10.00",
          amount: "1.90",
        },
      ],
      adjusts: "DE-000042",
    },
  ],
  net: "10.00",
  tax: "1.90",
  total: "11.90",
  corrects: { key: "invoice:DE-000042", number: "DE-000042" },
  memo: "Outage",
};

export const aJournal: PostedJournal = {
  kind: "journal",
  legalEntity: "de",
  currency: "EUR",
  date: "2026-06-30",
  reversalDate: "2026-07-01",
  lines: [
    {
      line: 1,
      account: "unbilled-receivable",
      debit: "300.00",
      credit: null,
      dimensions: { region: "eu" },
      memo: "acme",
    },
    {
      line: 2,
      account: "revenue",
      debit: null,
      credit: "300.00",
      dimensions: { region: "eu" },
      memo: "acme",
    },
  ],
  memo: "Unbilled revenue 2026-06",
  reverses: null,
};

export const aCustomer: PostedCustomer = {
  kind: "customer",
  customer: "acme",
  name: "Acme GmbH",
  email: "ap@acme.test",
  taxId: "DE123456789",
  address: {
    street: "Invalidenstr. 1",
    city: "Berlin",
    region: null,
    postalCode: "10115",
    country: "DE",
  },
  legalEntity: "de",
  currency: "EUR",
  paymentDays: 30,
};

const KEYS: Readonly<Record<PostedDocument["kind"], (document: PostedDocument) => string>> = {
  customer: (document) => (document.kind === "customer" ? `customer:de:${document.customer}` : ""),
  invoice: (document) => ("number" in document ? `invoice:${document.number}` : ""),
  "credit-memo": (document) => ("number" in document ? `credit-memo:${document.number}` : ""),
  journal: () => "journal:de:2026-06:EUR:0:1",
};

/** A command as a partition queues it. */
export function commandOf(
  document: PostedDocument,
  references: MappedReferences = {},
  changes: Partial<PostingCommand> = {},
): PostingCommand {
  const key = KEYS[document.kind](document);
  return {
    schemaVersion: 1,
    connection: "erp",
    kind: document.kind,
    key,
    revision: 1,
    partition: 0,
    orderKey: document.kind === "journal" ? key : `de:acme`,
    after: document.kind === "customer" || document.kind === "journal" ? [] : ["customer:de:acme"],
    contentHash: createHash("sha256").update(JSON.stringify(document)).digest("hex"),
    document,
    references,
    catalogVersion: "1".repeat(64),
    ...changes,
  };
}
