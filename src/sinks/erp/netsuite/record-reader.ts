import { readForm } from "../common/read-answer.ts";
import { z } from "zod";
import { isJsonNumber } from "../../../model/decimal.ts";
import {
  differenceOfDecimals,
  magnitudeOfDecimal,
  negatedDecimal,
  sumOfDecimals,
} from "../common/decimals.ts";
import type { ComparedLine, FoundDocument } from "../erp-sink.ts";
import { paymentOf } from "../common/payment.ts";
import { customerComparison } from "./plan-customer.ts";
import type { NetsuitePlan, RecordType } from "./plan.ts";

/** Records as `GET …?expandSubResources=true` gives them. Numbers come as their texts. */

const amount = z.string().refine(isJsonNumber, "must be a number");
const reference = z.looseObject({ id: z.string() });
const isTrue = z.boolean().nullish();

const headerFields = {
  id: z.string(),
  externalId: z.string().nullish(),
  subsidiary: reference.nullish(),
  currency: reference.nullish(),
};
const customerSchema = z.looseObject({ ...headerFields, entityId: z.string().nullish() });
const transactionFields = {
  ...headerFields,
  tranId: z.string().nullish(),
  tranDate: z.string(),
  /** A voided transaction. */
  void: isTrue,
  status: z.looseObject({ id: z.string().nullish() }).nullish(),
};
const itemSchema = z.looseObject({ item: reference, amount });
const saleSchema = z.looseObject({
  ...transactionFields,
  entity: z.looseObject({ id: z.string() }),
  total: amount,
  amountRemaining: amount.nullish(),
  item: z.looseObject({ items: z.array(itemSchema), hasMore: isTrue }),
});
const journalSchema = z.looseObject({
  ...transactionFields,
  line: z.looseObject({
    items: z.array(z.looseObject({ account: reference, debit: amount.nullish(), credit: amount.nullish() })),
    hasMore: isTrue,
  }),
});

/** A record, and the id of its customer, whose external id is not part of it. */
export interface ReadRecord {
  readonly found: FoundDocument;
  readonly customerId: string | null;
  /** Not all lines came with it. */
  readonly isCut: boolean;
}

/** Throws ErpFault `transient` for what is no record. */
export function readRecord(recordType: RecordType, body: unknown, plan: NetsuitePlan): ReadRecord {
  if (recordType === "customer") return { found: readCustomer(body, plan), customerId: null, isCut: false };
  return recordType === "journalEntry" ? readJournal(body, plan) : readSale(recordType, body, plan);
}

function readCustomer(body: unknown, plan: NetsuitePlan): FoundDocument {
  const { id, externalId, entityId, subsidiary, currency } = parsed(customerSchema, body);
  const isMapped = plan.request.kind === "existing-customer";
  return {
    erp: { id, number: entityId ?? null },
    externalId: externalId ?? plan.externalId,
    document: isMapped
      ? customerComparison({ customer: id, legalEntity: null, currency: null })
      : customerComparison({
          customer: null,
          legalEntity: subsidiary?.id ?? null,
          currency: currency?.id ?? null,
        }),
    payment: null,
  };
}

function readSale(recordType: RecordType, body: unknown, plan: NetsuitePlan): ReadRecord {
  const sale = parsed(saleSchema, body);
  const lines = sale.item.items.map((line): ComparedLine => ({
    reference: line.item.id,
    amount: line.amount,
  }));
  const total = magnitudeOfDecimal(sale.total);
  const isVoid = sale.void === true || /^void/i.test(sale.status?.id ?? "");
  return {
    customerId: sale.entity.id,
    isCut: sale.item.hasMore === true,
    found: {
      erp: { id: sale.id, number: sale.tranId ?? null },
      externalId: sale.externalId ?? plan.externalId,
      document: {
        customer: sale.entity.id,
        legalEntity: sale.subsidiary?.id ?? null,
        currency: sale.currency?.id ?? null,
        date: sale.tranDate,
        total,
        tax: taxOf(total, lines),
        lines,
      },
      payment:
        recordType === "invoice"
          ? paymentOf({ total, openAmount: sale.amountRemaining ?? total, isVoid })
          : null,
    },
  };
}

function readJournal(body: unknown, plan: NetsuitePlan): ReadRecord {
  const journal = parsed(journalSchema, body);
  const { items } = journal.line;
  return {
    customerId: null,
    isCut: journal.line.hasMore === true,
    found: {
      erp: { id: journal.id, number: journal.tranId ?? null },
      externalId: journal.externalId ?? plan.externalId,
      document: {
        customer: null,
        legalEntity: journal.subsidiary?.id ?? null,
        currency: journal.currency?.id ?? null,
        date: journal.tranDate,
        total: sumOfDecimals(items.flatMap(({ debit }) => debit ?? [])),
        tax: null,
        lines: items.map(({ account, debit, credit }) => ({
          reference: account.id,
          amount: differenceOfDecimals(debit ?? "0", credit ?? "0"),
        })),
      },
      payment: null,
    },
  };
}

/** What the lines don't explain of a total. */
export function taxOf(total: string, lines: readonly ComparedLine[]): string {
  return sumOfDecimals([total, ...lines.map(({ amount: lineAmount }) => negatedDecimal(lineAmount))]);
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  return readForm(schema, body, "NetSuite's record");
}
