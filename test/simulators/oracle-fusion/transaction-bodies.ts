import { z } from "zod";
import { date, number, text } from "./body-check.ts";

/** Attributes of invoices and credit memos on account that a request may have. */

const taxLine = z.strictObject({
  TaxRegimeCode: text(30),
  TaxRateCode: text(30),
  TaxAmount: number,
});
const common = {
  BusinessUnit: text(240),
  TransactionSource: text(50),
  TransactionType: text(20),
  TransactionNumber: text(20),
  CrossReference: text(150),
  TransactionDate: date,
  AccountingDate: date,
  BillToCustomerNumber: text(30),
  BillToSite: text(150),
};
const invoiceSchema = z.strictObject({
  ...common,
  InvoiceCurrencyCode: text(15),
  PaymentTerms: text(15),
  DueDate: date,
  Comments: text(1760),
  InvoiceStatus: z.enum(["Complete", "Incomplete"]).optional(),
  receivablesInvoiceLines: z
    .array(
      z.strictObject({
        LineNumber: number,
        MemoLine: text(50),
        ItemNumber: text(300),
        Description: text(240),
        Quantity: number,
        UnitSellingPrice: number,
        TaxClassificationCode: text(50),
        receivablesInvoiceLineTaxLines: z.array(taxLine).optional(),
      }),
    )
    .optional(),
  receivablesInvoiceDistributions: z
    .array(
      z.strictObject({
        AccountClass: text(30),
        AccountCombination: text(4000),
        Amount: number,
        InvoiceLineNumber: number,
      }),
    )
    .optional(),
});
const memoSchema = z.strictObject({
  ...common,
  CreditMemoCurrency: text(15),
  CreditMemoComments: text(1760),
  CreditMemoStatus: z.enum(["Complete", "Incomplete"]).optional(),
  receivablesCreditMemoLines: z
    .array(
      z.strictObject({
        LineNumber: number,
        MemoLine: text(50),
        ItemNumber: text(300),
        LineDescription: text(240),
        LineQuantityCredit: number,
        UnitSellingPrice: number,
        TaxClassificationCode: text(50),
        receivablesCreditMemoLineTaxLines: z.array(taxLine).optional(),
      }),
    )
    .optional(),
  receivablesCreditMemoDistributions: z
    .array(
      z.strictObject({
        AccountClass: text(30),
        AccountCombination: text(4000),
        Amount: number,
        CreditMemoLineNumber: number,
      }),
    )
    .optional(),
});

export interface GivenLine {
  readonly number: string | undefined;
  readonly memoLine: string | undefined;
  readonly itemNumber: string | undefined;
  readonly description: string | undefined;
  readonly quantity: string | undefined;
  readonly price: string | undefined;
  readonly classification: string | undefined;
  readonly taxes: readonly z.output<typeof taxLine>[] | undefined;
}

/** The same for both kinds. */
export interface GivenTransaction extends Pick<
  z.output<typeof invoiceSchema>,
  Exclude<keyof typeof common, never>
> {
  readonly currency: string | undefined;
  readonly terms: string | undefined;
  readonly dueDate: string | undefined;
  readonly comments: string | undefined;
  readonly status: string | undefined;
  readonly lines: readonly GivenLine[];
  readonly distributions: readonly {
    readonly accountClass: string | undefined;
    readonly combination: string | undefined;
    readonly amount: string | undefined;
    readonly line: string | undefined;
  }[];
}

export const TRANSACTION_BODIES = { invoice: invoiceSchema, memo: memoSchema };

export function givenInvoice(body: z.output<typeof invoiceSchema>): GivenTransaction {
  return {
    ...body,
    currency: body.InvoiceCurrencyCode,
    terms: body.PaymentTerms,
    dueDate: body.DueDate,
    comments: body.Comments,
    status: body.InvoiceStatus,
    lines: (body.receivablesInvoiceLines ?? []).map((line) => ({
      number: line.LineNumber,
      memoLine: line.MemoLine,
      itemNumber: line.ItemNumber,
      description: line.Description,
      quantity: line.Quantity,
      price: line.UnitSellingPrice,
      classification: line.TaxClassificationCode,
      taxes: line.receivablesInvoiceLineTaxLines,
    })),
    distributions: (body.receivablesInvoiceDistributions ?? []).map((distribution) => ({
      accountClass: distribution.AccountClass,
      combination: distribution.AccountCombination,
      amount: distribution.Amount,
      line: distribution.InvoiceLineNumber,
    })),
  };
}

export function givenMemo(body: z.output<typeof memoSchema>): GivenTransaction {
  return {
    ...body,
    currency: body.CreditMemoCurrency,
    terms: undefined,
    dueDate: undefined,
    comments: body.CreditMemoComments,
    status: body.CreditMemoStatus,
    lines: (body.receivablesCreditMemoLines ?? []).map((line) => ({
      number: line.LineNumber,
      memoLine: line.MemoLine,
      itemNumber: line.ItemNumber,
      description: line.LineDescription,
      quantity: line.LineQuantityCredit,
      price: line.UnitSellingPrice,
      classification: line.TaxClassificationCode,
      taxes: line.receivablesCreditMemoLineTaxLines,
    })),
    distributions: (body.receivablesCreditMemoDistributions ?? []).map((distribution) => ({
      accountClass: distribution.AccountClass,
      combination: distribution.AccountCombination,
      amount: distribution.Amount,
      line: distribution.CreditMemoLineNumber,
    })),
  };
}
