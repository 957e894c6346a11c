import type { PostedInvoice, PostingCommand } from "../../../model/posting.ts";
import { checkInvoiceTotals } from "../common/document-totals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { ErpFault } from "../erp-sink.ts";
import { codeOf, customerNumber, externalDocumentNumber } from "./external-id.ts";
import { MAX_REFERENCE_CHARACTERS } from "./limits.ts";
import { mappedCompany } from "./mapped-company.ts";
import type { BusinessCentralPlan, PlanContext } from "./plan.ts";
import {
  type AmountLine,
  amountLine,
  commentLine,
  comparedLine,
  descriptionOf,
  dimensionsOf,
  lineObject,
} from "./plan-lines.ts";
import { taxCodeOf, taxLines } from "./plan-taxes.ts";

/** An invoice or a credit memo. Every amount is sent as it is in the document; what Business Central works out (taxes) is compared before it is posted. */
export function planInvoice(
  command: PostingCommand,
  document: PostedInvoice,
  { prefix, settings }: PlanContext,
): BusinessCentralPlan {
  checkInvoiceTotals(document);
  const { number, issueDate, dueDate, corrects } = document;
  const isInvoice = document.kind === "invoice";
  if (isInvoice && number.length > MAX_REFERENCE_CHARACTERS)
    throw new ErpFault(
      "validation",
      `Business Central's references have at most ${MAX_REFERENCE_CHARACTERS} characters: ${number}`,
    );
  const rows = new MappedRows(command.references);
  const company = mappedCompany(rows, document.legalEntity, settings);
  const currency = codeOf(rows.required("currency", document.currency, "code"));
  const externalId = externalDocumentNumber(prefix, command.key);
  const known = rows.optional("customer", document.customer, "number");
  const customer = known === undefined ? customerNumber(prefix, document.customer) : codeOf(known);
  const isComputed = settings.taxes === "computed";
  const amounts: readonly AmountLine[] = [
    ...document.lines.map((line): AmountLine => ({
      object: lineObject(rows, line.item),
      amount: line.net,
      description: descriptionOf(line),
      description2: `${line.periodStart} - ${line.periodEnd}`,
      taxCode: taxCodeOf(line, rows, settings),
      dimensions: dimensionsOf(line.dimensions, rows),
    })),
    ...(isComputed ? [] : taxLines(document, rows, settings)),
  ];
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer,
      legalEntity: company,
      currency,
      date: issueDate,
      total: document.total,
      tax: isComputed ? document.tax : "0",
      lines: amounts.map(comparedLine),
    },
    request: {
      kind: "sale",
      company,
      header: {
        externalDocumentNumber: externalId,
        [isInvoice ? "invoiceDate" : "creditMemoDate"]: issueDate,
        postingDate: issueDate,
        dueDate: isInvoice ? dueDate : undefined,
        customerNumber: customer,
        currencyCode: currency,
        customerPurchaseOrderReference: isInvoice ? number : undefined,
      },
      lines: [
        commentLine(commentOf(document), 1),
        ...amounts.map((line, index) => amountLine(line, index + 2, number)),
      ],
      applyTo:
        // A memo is applied to its invoice; an invoice that takes a memo back is a claim of its own.
        corrects === null || isInvoice
          ? null
          : {
              externalId: externalDocumentNumber(prefix, corrects.key),
              mustExist: command.after.includes(corrects.key),
            },
    },
  };
}

/** Business Central gives its own number: ours is said first. */
function commentOf({ number, memo, corrects }: PostedInvoice): string {
  const facts = [number, ...(corrects === null ? [] : [`corrects ${corrects.number}`])].join(", ");
  return memo === "" ? facts : `${facts}: ${memo}`;
}
