import {
  customerKey,
  type PostedInvoice,
  type PostedLine,
  type PostingCommand,
} from "../../../model/posting.ts";
import { JsonDecimal } from "../../http/exact-json.ts";
import { compareDecimals, magnitudeOfDecimal, negatedDecimal } from "../common/decimals.ts";
import { checkInvoiceTotals } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { singleLineText } from "../common/text.ts";
import { ErpFault } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import { comparedAccount, ledgerAccount } from "./ledger-account.ts";
import {
  MAX_CHANGESET_OPERATIONS,
  MAX_INVOICE_TEXT_CHARACTERS,
  MAX_REQUISITION_CHARACTERS,
} from "./limits.ts";
import type { InvoiceRequest, JsonObject, PlanContext, PlanOf } from "./plan.ts";
import { taxedGroups, type TaxGroups, taxLines, untaxedGroups } from "./plan-taxes.ts";
import { Amounts, companyOf, dayTime, descriptionOf, invoiceTextOf } from "./plan-values.ts";

/** A line before it is written down. The amount has the sign of an invoice's: what a memo gives back is negative. */
interface PlannedLine {
  readonly account: string;
  readonly amount: string;
  readonly description: string;
  readonly text: string;
  readonly groups: TaxGroups;
}

/** An invoice or a credit memo becomes a free text invoice; of a memo all amounts are negative. */
export function planInvoice(
  command: PostingCommand,
  document: PostedInvoice,
  { prefix, settings }: PlanContext,
): PlanOf<InvoiceRequest> {
  checkInvoiceTotals(document);
  const { number, issueDate, dueDate, total, tax } = document;
  if (number.length > MAX_REQUISITION_CHARACTERS)
    throw new ErpFault(
      "validation",
      `a customer requisition has at most ${MAX_REQUISITION_CHARACTERS} characters: ${number}`,
    );
  const rows = new MappedRows(command.references);
  const isMemo = document.kind === "credit-memo";
  const amounts = new Amounts(document.currency, number);
  const externalId = externalIdOf(prefix, command.key);
  const company = companyOf(document.legalEntity, rows);
  const currency = rows.required("currency", document.currency, "id").toUpperCase();
  const customer =
    rows.optional("customer", document.customer, "id") ??
    externalIdOf(prefix, customerKey(document.legalEntity, document.customer));
  const signed = (amount: string): string => (isMemo ? negatedDecimal(amount) : amount);
  const isLines = settings.taxes === "lines";
  const untaxed = untaxedGroups(document.legalEntity, rows);
  const accountOf = ({ item, dimensions }: PostedLine): string =>
    ledgerAccount("item", item, dimensions, rows, settings);
  const taxes = isLines ? taxLines(document, rows, settings) : [];
  const lines: readonly PlannedLine[] = [
    ...document.lines.map((line) => ({
      account: accountOf(line),
      amount: signed(line.net),
      description: descriptionOf(line),
      text: invoiceTextOf(line),
      groups: isLines ? untaxed : taxedGroups(line, document, rows),
    })),
    ...taxes.map(({ account, amount, description }) => ({
      account,
      amount: signed(amount),
      description,
      text: description,
      groups: untaxed,
    })),
  ];
  if (lines.length >= MAX_CHANGESET_OPERATIONS)
    throw new ErpFault("validation", `${number} has more lines than one changeset: ${lines.length}`);
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer,
      legalEntity: company,
      currency,
      date: issueDate,
      total,
      tax: isLines ? "0" : tax,
      lines: lines.map(({ account, amount }) => ({
        reference: comparedAccount(account),
        amount: signed(amount),
      })),
    },
    request: {
      kind: "invoice",
      company,
      header: {
        dataAreaId: company,
        ExternalInvoiceId: externalId,
        CustomerAccount: customer,
        CurrencyCode: currency,
        InvoiceDate: dayTime(issueDate),
        DocumentDate: dayTime(issueDate),
        DueDate: isMemo ? undefined : dayTime(dueDate),
        // The posted invoice is found by it.
        CustomerReference: externalId,
        CustomerRequisition: number,
        InclTax: "No",
        SalesTaxGroupId: untaxed.salesTaxGroup,
        SalesTaxItemGroupId: untaxed.itemSalesTaxGroup,
      },
      lines: lines.map((line, index) =>
        lineBody(line, { company, externalId, number: index + 1, amounts, document }),
      ),
    },
  };
}

/** One piece at the price of the whole, or minus one: the product of a true quantity and a rounded price is not the line's amount. */
function lineBody(
  { account, amount, description, text, groups }: PlannedLine,
  of: {
    readonly company: string;
    readonly externalId: string;
    readonly number: number;
    readonly amounts: Amounts;
    readonly document: PostedInvoice;
  },
): JsonObject {
  const { company, externalId, amounts, document } = of;
  const isNegative = compareDecimals(amount, "0") < 0;
  return {
    dataAreaId: company,
    ExternalInvoiceId: externalId,
    LineNumber: new JsonDecimal(String(of.number)),
    Description: description,
    InvoiceText: of.number === 1 ? withMemo(text, document) : text,
    MainAccountDisplayValue: account,
    Quantity: new JsonDecimal(isNegative ? "-1" : "1"),
    UnitPrice: amounts.of(magnitudeOfDecimal(amount)),
    TransactionCurrencyAmount: amounts.of(amount),
    SalesTaxGroupId: groups.salesTaxGroup,
    SalesTaxItemGroupId: groups.itemSalesTaxGroup,
  };
}

/** A free text invoice has no memo: the first line's text says what it is, and what it corrects. */
function withMemo(text: string, { memo, corrects }: PostedInvoice): string {
  const facts = [
    ...(memo === "" ? [] : [memo]),
    ...(corrects === null ? [] : [`corrects ${corrects.number}`]),
  ];
  return singleLineText([text, ...facts].join("; "), MAX_INVOICE_TEXT_CHARACTERS);
}
