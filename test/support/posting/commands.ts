import { createHash } from "node:crypto";
import type {
  PostedCustomer,
  PostedDocument,
  PostedInvoice,
  PostedJournal,
  PostingCommand,
} from "../../../src/model/posting.ts";

export const CONNECTION = "books";

export interface CommandFields {
  readonly key?: string;
  readonly revision?: number;
  readonly partition?: number;
  readonly orderKey?: string;
  readonly after?: readonly string[];
  readonly references?: PostingCommand["references"];
}

function commandOf(
  document: PostedDocument,
  fields: Required<Omit<CommandFields, "references">> & CommandFields,
): PostingCommand {
  const { key, revision, partition, orderKey, after, references = {} } = fields;
  return {
    schemaVersion: 1,
    connection: CONNECTION,
    kind: document.kind,
    key,
    revision,
    partition,
    orderKey,
    after,
    contentHash: createHash("sha256").update(JSON.stringify(document)).digest("hex"),
    document,
    references,
    catalogVersion: "c".repeat(64),
  };
}

export function customerCommand(
  customer: string,
  { name = customer, ...fields }: CommandFields & { readonly name?: string } = {},
): PostingCommand {
  const document: PostedCustomer = {
    kind: "customer",
    customer,
    name,
    email: null,
    taxId: null,
    address: { street: null, city: null, region: null, postalCode: null, country: "DE" },
    legalEntity: "de",
    currency: "EUR",
    paymentDays: 30,
  };
  const key = fields.key ?? `customer:de:${customer}`;
  return commandOf(document, {
    revision: 1,
    partition: 0,
    orderKey: `de:${customer}`,
    after: [],
    key,
    ...fields,
  });
}

export function invoiceCommand(
  number: string,
  {
    customer = "c1",
    total = "119.00",
    kind = "invoice",
    issueDate = "2026-03-01",
    ...fields
  }: CommandFields & {
    readonly customer?: string;
    readonly total?: string;
    readonly kind?: "invoice" | "credit-memo";
    readonly issueDate?: string;
  } = {},
): PostingCommand {
  const document: PostedInvoice = {
    kind,
    document: `d-${number}`,
    number,
    legalEntity: "de",
    customer,
    account: customer,
    contract: "k1",
    currency: "EUR",
    issueDate,
    dueDate: "2026-03-31",
    periodStart: "2026-02-01",
    periodEnd: "2026-03-01",
    lines: [
      {
        line: 1,
        kind: "charge",
        item: "api",
        meter: "calls",
        description: "API calls",
        quantity: "1000",
        net: total,
        tax: "0",
        taxes: [],
        periodStart: "2026-02-01",
        periodEnd: "2026-03-01",
        adjusts: null,
        dimensions: {},
      },
    ],
    net: total,
    tax: "0",
    total,
    corrects: null,
    memo: "",
  };
  const key = fields.key ?? `${kind}:${number}`;
  const after = [`customer:de:${customer}`];
  return commandOf(document, {
    revision: 1,
    partition: 0,
    orderKey: `de:${customer}`,
    after,
    key,
    ...fields,
  });
}

export function journalCommand(
  id: string,
  { total = "50.00", ...fields }: CommandFields & { readonly total?: string } = {},
): PostingCommand {
  const line = { dimensions: {}, memo: "" };
  const document: PostedJournal = {
    kind: "journal",
    legalEntity: "de",
    currency: "EUR",
    date: "2026-02-28",
    reversalDate: null,
    lines: [
      { line: 1, account: "unbilled", debit: total, credit: null, ...line },
      { line: 2, account: "revenue", debit: null, credit: total, ...line },
    ],
    memo: "",
    reverses: null,
  };
  const key = fields.key ?? `journal:${id}`;
  return commandOf(document, { revision: 1, partition: 0, orderKey: key, after: [], key, ...fields });
}
