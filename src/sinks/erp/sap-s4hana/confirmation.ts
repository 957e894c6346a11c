import type { ErpReference } from "../../../model/posting.ts";
import { type BatchAnswer, ErpFault } from "../erp-sink.ts";
import { faultOfLog, type LogItem } from "./classify-fault.ts";
import { childOf, childrenOf, parseXml, textOf, type XmlNode } from "./xml.ts";

/** Number of a document that was posted; SAP writes zeros, or nothing, where none was. */
const POSTED = /^(?!0+$)[0-9A-Z]{10}$/;
const FISCAL_YEAR = /^(?!0000)\d{4}$/;
/** From this severity on an item of the log is an error. */
const ERROR_SEVERITY = 3;

/** What a document is called: its number is unique in a company code and fiscal year only. */
export function referenceOf(document: {
  readonly companyCode: string;
  readonly fiscalYear: string;
  readonly number: string;
}): ErpReference {
  const { companyCode, fiscalYear, number } = document;
  return { id: `${companyCode}-${fiscalYear}-${number}`, number };
}

/**
 * An answer for each message of a bulk, by its id. A document is posted when its confirmation has a number and no error: SAP answers HTTP 200 to what it
 * refuses, too. A confirmation that is missing or says both leaves open what was done (`unknown`).
 */
export function readConfirmation(text: string, messageIds: readonly string[]): readonly BatchAnswer[] {
  const bulk = childOf(
    childOf(childOf(parseXml(text), "Envelope"), "Body"),
    "JournalEntryBulkCreateConfirmation",
  );
  const confirmations = new Map(
    childrenOf(bulk, "JournalEntryCreateConfirmation").map(
      (confirmation) =>
        [textOf(childOf(confirmation, "MessageHeader"), "ReferenceID"), confirmation] as const,
    ),
  );
  // What concerns the whole message is in a log of its own.
  const common = logItems(childOf(bulk, "Log"));
  return messageIds.map((id) => {
    const confirmation = confirmations.get(id);
    if (confirmation !== undefined) return answerOf(confirmation);
    const fault = common.some(isError)
      ? faultOfLog(common)
      : new ErpFault("unknown", "SAP's answer doesn't say what became of the document");
    return { status: "failed", fault };
  });
}

function answerOf(confirmation: XmlNode): BatchAnswer {
  const document = childOf(confirmation, "JournalEntryCreateConfirmation");
  const number = textOf(document, "AccountingDocument");
  const fiscalYear = textOf(document, "FiscalYear");
  const companyCode = textOf(document, "CompanyCode");
  const items = logItems(childOf(confirmation, "Log"));
  const severity = Number(textOf(childOf(confirmation, "Log"), "MaximumLogItemSeverityCode") || "0");
  const isPosted = POSTED.test(number) && FISCAL_YEAR.test(fiscalYear);
  const isRefused = items.some(isError) || severity >= ERROR_SEVERITY;
  if (isPosted && !isRefused)
    return { status: "confirmed", erp: referenceOf({ companyCode, fiscalYear, number }) };
  if (isRefused && !isPosted) return { status: "failed", fault: faultOfLog(items) };
  const message = `SAP's answer says both that document ${number || "none"} was posted and that ${isRefused ? "it was refused" : "there was no error"}`;
  return { status: "failed", fault: new ErpFault("unknown", message) };
}

function isError({ severity }: LogItem): boolean {
  return severity >= ERROR_SEVERITY;
}

function logItems(log: XmlNode | undefined): readonly LogItem[] {
  return childrenOf(log, "Item").map((item) => ({
    typeId: textOf(item, "TypeID"),
    severity: Number(textOf(item, "SeverityCode") || "0"),
    note: textOf(item, "Note"),
  }));
}
