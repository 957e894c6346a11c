import { customerKey, type PostedInvoice, type PostingCommand } from "../../../model/posting.ts";
import { checkInvoiceTotals } from "../common/document-totals.ts";
import { sumOfDecimals } from "../common/decimals.ts";
import { MappedRows } from "../common/mapped-references.ts";
import { truncatedText } from "../common/text.ts";
import { type ComparedLine, ErpFault } from "../erp-sink.ts";
import { externalIdOf } from "./external-id.ts";
import { MAX_DOCUMENT_NUMBER_CHARACTERS, MAX_MEMO_CHARACTERS } from "./limits.ts";
import { type NetsuitePlan, type PlanContext, RECORD_TYPES } from "./plan.ts";
import { itemLine } from "./plan-lines.ts";
import { taxDetails, taxLines } from "./plan-taxes.ts";

/** An invoice or a credit memo. Every amount is sent as it is in the document; nothing is left for NetSuite to work out. */
export function planInvoice(
  command: PostingCommand,
  document: PostedInvoice,
  { prefix, settings }: PlanContext,
): NetsuitePlan {
  checkInvoiceTotals(document);
  const { number, issueDate, dueDate, corrects } = document;
  if (settings.ownNumbers && number.length > MAX_DOCUMENT_NUMBER_CHARACTERS)
    throw new ErpFault(
      "validation",
      `NetSuite's document numbers have at most ${MAX_DOCUMENT_NUMBER_CHARACTERS} characters: ${number}`,
    );
  const rows = new MappedRows(command.references);
  const isInvoice = document.kind === "invoice";
  const externalId = externalIdOf(prefix, command.key);
  const subsidiary = rows.required("legal_entity", document.legalEntity, "id");
  const currency = rows.required("currency", document.currency, "id");
  const period = rows.optional("period", issueDate.slice(0, "YYYY-MM".length), "id");
  const known = rows.optional("customer", document.customer, "id");
  const customer = known ?? externalIdOf(prefix, customerKey(document.legalEntity, document.customer));
  const isSuiteTax = settings.taxes === "suitetax";
  const extraLines = isSuiteTax ? [] : taxLines(document, rows);
  const lines: readonly ComparedLine[] = [
    ...document.lines.map((line) => ({
      reference: rows.required("item", line.item, "id"),
      amount: line.net,
    })),
    ...extraLines.map(({ item, amount }) => ({ reference: item, amount })),
  ];
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer,
      legalEntity: subsidiary,
      currency,
      date: issueDate,
      total: document.total,
      tax: isSuiteTax ? document.tax : sumOfDecimals([]),
      lines,
    },
    request: {
      kind: "upsert",
      recordType: RECORD_TYPES[document.kind],
      replace: isSuiteTax ? ["item", "taxDetails"] : ["item"],
      onlyNew: [],
      number: settings.ownNumbers ? number : null,
      applyTo:
        // A memo is applied to its invoice; an invoice that takes a memo back is a claim of its own.
        corrects === null || document.kind === "invoice"
          ? null
          : {
              externalId: externalIdOf(prefix, corrects.key),
              mustExist: command.after.includes(corrects.key),
            },
      body: {
        externalId,
        entity: known === undefined ? { externalId: customer } : { id: known },
        subsidiary: { id: subsidiary },
        currency: { id: currency },
        tranId: settings.ownNumbers ? number : undefined,
        tranDate: issueDate,
        dueDate: isInvoice ? dueDate : undefined,
        postingPeriod: period === undefined ? undefined : { id: period },
        memo: memoOf(document),
        item: {
          items: [
            ...document.lines.map((line) => itemLine(line, document, rows, settings)),
            ...extraLines.map(({ body }) => body),
          ],
        },
        ...(isSuiteTax && taxDetails(document, rows)),
      },
    },
  };
}

/** Where NetSuite gives its own number, ours is said in the memo. */
function memoOf({ number, memo, corrects }: PostedInvoice): string {
  const facts = [number, ...(corrects === null ? [] : [`corrects ${corrects.number}`])].join(", ");
  return truncatedText(memo === "" ? facts : `${facts}: ${memo}`, MAX_MEMO_CHARACTERS);
}
