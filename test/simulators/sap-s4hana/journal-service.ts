import { soapFault, xmlText } from "./errors.ts";
import { checkBulk } from "./journal-schema.ts";
import { type Books, childrenOf, draftOf, type LogItem, textOf } from "./journal-rules.ts";
import { messageOf, SOAP, type SoapRequest } from "./soap-envelope.ts";

/** JournalEntryCreateRequestConfirmation_In: a bulk of entries, each posted or refused by itself. The answer is HTTP 200 either way. */

export const JOURNAL_SERVICE = "journalentrycreaterequestconfi";
export const JOURNAL_PATH = `/sap/bc/srt/scs_ext/sap/${JOURNAL_SERVICE}`;
const ACTION =
  "http://sap.com/xi/SAPSCORE/SFIN/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest";
const SFIN = "http://sap.com/xi/SAPSCORE/SFIN";

/** @param lockedPlaces entries that are refused because somebody works on their account */
export function answerBulk(request: SoapRequest, books: Books, lockedPlaces: readonly number[]): string {
  const bulk = messageOf(request, { action: ACTION, name: "JournalEntryBulkCreateRequest", namespace: SFIN });
  checkBulk(bulk, books.system.knowsInvoiceReference);
  const requests = childrenOf(bulk, "JournalEntryCreateRequest");
  if (requests.length === 0) throw soapFault("The bulk has no entry");
  const seen = new Set<string>();
  const confirmations = requests.map((each, place) => {
    const id = textOf(each, "MessageHeader", "ID");
    const entry = each.children.find(({ name }) => name === "JournalEntry");
    if (id === "" || entry === undefined)
      return confirmation(id, undefined, [fault("019(FINS_FI_POSTING_IF)", "Message id is empty")]);
    if (seen.has(id))
      return confirmation(id, undefined, [
        fault("020(FINS_FI_POSTING_IF)", `Message id ${id} is not unique`),
      ]);
    seen.add(id);
    if (lockedPlaces.includes(place))
      return confirmation(id, undefined, [
        fault("301(F5)", "G/L account 41000000 is currently locked by user ACCOUNTANT"),
      ]);
    const result = draftOf(entry, books);
    if (!("draft" in result)) return confirmation(id, undefined, result);
    const { companyCode, fiscalYear, number } = books.documents.post(result.draft);
    return confirmation(id, { companyCode, fiscalYear, number }, [
      {
        typeId: "605(RW)",
        severity: 1,
        note: `Document posted successfully: BKPFF ${number}${companyCode}${fiscalYear}`,
      },
    ]);
  });
  return (
    `<soap-env:Envelope xmlns:soap-env="${SOAP}"><soap-env:Header/><soap-env:Body>` +
    `<n0:JournalEntryBulkCreateConfirmation xmlns:n0="${SFIN}"><MessageHeader><UUID>00163e0c-0000-1eed-0000-000000000000</UUID>` +
    `<ReferenceID>${xmlText(textOf(bulk, "MessageHeader", "ID"))}</ReferenceID></MessageHeader>` +
    // Not in the order of the request.
    `${confirmations.reverse().join("")}<Log/></n0:JournalEntryBulkCreateConfirmation></soap-env:Body></soap-env:Envelope>`
  );
}

function fault(typeId: string, note: string): LogItem {
  return { typeId, severity: 3, note };
}

function confirmation(
  id: string,
  document:
    { readonly companyCode: string; readonly fiscalYear: string; readonly number: string } | undefined,
  items: readonly LogItem[],
): string {
  const { number, companyCode, fiscalYear } = document ?? {
    number: "0000000000",
    companyCode: "",
    fiscalYear: "0000",
  };
  const umbrella: readonly LogItem[] =
    document === undefined
      ? [{ typeId: "609(RW)", severity: 3, note: "Error in document: BKPFF $ S4H" }]
      : [];
  const all = [...umbrella, ...items];
  const log = all.map(
    ({ typeId, severity, note }) =>
      `<Item><TypeID>${xmlText(typeId)}</TypeID><SeverityCode>${severity}</SeverityCode><Note>${xmlText(note)}</Note></Item>`,
  );
  return (
    `<JournalEntryCreateConfirmation><MessageHeader><ReferenceID>${xmlText(id)}</ReferenceID></MessageHeader>` +
    `<JournalEntryCreateConfirmation><AccountingDocument>${number}</AccountingDocument><CompanyCode>${companyCode}</CompanyCode>` +
    `<FiscalYear>${fiscalYear}</FiscalYear></JournalEntryCreateConfirmation>` +
    `<Log><MaximumLogItemSeverityCode>${Math.max(...all.map(({ severity }) => severity))}</MaximumLogItemSeverityCode>${log.join("")}</Log>` +
    "</JournalEntryCreateConfirmation>"
  );
}
