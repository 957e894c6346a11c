import { describe, expect, it } from "vitest";
import { faultOfLog, faultOfReply } from "../../../../src/sinks/erp/sap-s4hana/classify-fault.ts";
import { readConfirmation } from "../../../../src/sinks/erp/sap-s4hana/confirmation.ts";

const item = (typeId: string, note = "", severity = 3) => ({ typeId, note, severity });
const UMBRELLA = item("609(RW)", "Error in document: BKPFF $ S4H");

describe("messages of a log", () => {
  it.each([
    ["201(F5)", "", "period-closed"],
    ["102(F5)", "", "mapping"],
    ["104(F5)", "", "mapping"],
    ["507(F5)", "", "mapping"],
    ["808(F5)", "", "mapping"],
    ["016(FINS_FI_POSTING_IF)", "", "validation"],
    ["019(FINS_FI_POSTING_IF)", "", "validation"],
    ["021(FINS_FI_POSTING_IF)", "", "validation"],
    ["023(FINS_FI_POSTING_IF)", "", "mapping"],
    ["004(FINS_FI_POSTING_IF)", "Currency is missing", "validation"],
    ["999(XX)", "Period 006/2026 is not open for account type D and G/L 12100000", "period-closed"],
    ["999(XX)", "Profit center YB999 does not exist", "mapping"],
    ["999(XX)", "Account 41000000 is blocked for posting", "mapping"],
    ["999(XX)", "Account 41000000 requires an assignment to a CO object", "mapping"],
    ["999(XX)", "No authorization for company code 1710", "permission"],
    ["999(XX)", "Customer 1000123 is currently locked by user ACCOUNTANT", "transient"],
    ["999(XX)", "Document already exists", "duplicate"],
    ["999(XX)", "Something else", "validation"],
  ] as const)("%s %s", (typeId, note, kind) => {
    expect(faultOfLog([UMBRELLA, item("100(ZZ)", "Only said", 1), item(typeId, note)])).toMatchObject({
      kind,
      code: typeId,
    });
  });

  it("alone, the umbrella says no more than that it was refused", () => {
    expect(faultOfLog([UMBRELLA])).toMatchObject({ kind: "validation", code: "609(RW)" });
    expect(faultOfLog([])).toMatchObject({ kind: "validation", code: null });
  });
});

describe("replies", () => {
  const odata = (value: string, code = "X/1") =>
    JSON.stringify({ error: { code, message: { lang: "en", value } } });
  const soap = (text: string) =>
    `<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"><soap-env:Body><soap-env:Fault><faultcode>soap-env:Server</faultcode><faultstring xml:lang="en">${text}</faultstring></soap-env:Fault></soap-env:Body></soap-env:Envelope>`;
  it.each([
    [500, soap("Error during XML deserialization"), "write", "validation"],
    [
      500,
      soap("Web service processing error; more details in the web service error log"),
      "write",
      "unknown",
    ],
    [
      500,
      soap("Web service processing error; more details in the web service error log"),
      "read",
      "transient",
    ],
    [500, "", "write", "unknown"],
    [500, "", "read", "transient"],
    [502, "<html>Bad gateway</html>", "write", "unknown"],
    [504, "", "write", "unknown"],
    [408, "", "write", "unknown"],
    [503, "", "write", "transient"],
    [429, "", "write", "throttle"],
    [401, "", "write", "authentication"],
    [403, "", "write", "permission"],
    [403, odata("No authorization to access service 'X'"), "read", "permission"],
    [412, odata("Precondition failed"), "write", "version-conflict"],
    [404, "", "read", "transient"],
    [404, odata("Resource not found for the segment 'X'"), "read", "validation"],
    [302, "", "read", "transient"],
    [400, odata("Company code 9999 does not exist"), "write", "mapping"],
    [400, odata("Business partner already exists"), "write", "duplicate"],
    [400, odata("Business partner 1 is being processed by user X"), "write", "transient"],
    [400, odata("Enter a name"), "write", "validation"],
    [400, odata("Property 'X' is invalid"), "write", "validation"],
  ] as const)("%i %s (%s)", (status, text, effect, kind) => {
    expect(faultOfReply({ status, text, retryAfterMs: undefined }, effect).kind).toBe(kind);
  });

  it("keep the wait that SAP asks for", () => {
    expect(faultOfReply({ status: 429, text: "", retryAfterMs: 3_000 }, "write").retryAfterMs).toBe(3_000);
  });
});

describe("a confirmation", () => {
  const entry = (id: string, number: string, year: string, items: readonly (readonly [string, number])[]) =>
    `<JournalEntryCreateConfirmation><MessageHeader><ReferenceID>${id}</ReferenceID></MessageHeader><JournalEntryCreateConfirmation><AccountingDocument>${number}</AccountingDocument><CompanyCode>1710</CompanyCode><FiscalYear>${year}</FiscalYear></JournalEntryCreateConfirmation><Log><MaximumLogItemSeverityCode>${Math.max(0, ...items.map(([, severity]) => severity))}</MaximumLogItemSeverityCode>${items.map(([typeId, severity]) => `<Item><TypeID>${typeId}</TypeID><SeverityCode>${severity}</SeverityCode><Note>note</Note></Item>`).join("")}</Log></JournalEntryCreateConfirmation>`;
  const bulk = (inner: string, log = "<Log/>") =>
    `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n0:JournalEntryBulkCreateConfirmation xmlns:n0="http://sap.com/xi/SAPSCORE/SFIN">${inner}${log}</n0:JournalEntryBulkCreateConfirmation></e:Body></e:Envelope>`;
  const read = (text: string) =>
    readConfirmation(text, ["M-1"]).map((answer) =>
      answer.status === "failed" ? answer.fault.kind : answer.status === "confirmed" ? answer.erp.id : "",
    );

  it.each([
    ["posted", entry("M-1", "0100000008", "2026", [["605(RW)", 1]]), "1710-2026-0100000008"],
    ["posted with a warning", entry("M-1", "0100000008", "2026", [["605(RW)", 2]]), "1710-2026-0100000008"],
    [
      "refused",
      entry("M-1", "0000000000", "0000", [
        ["609(RW)", 3],
        ["201(F5)", 3],
      ]),
      "period-closed",
    ],
    ["refused, without a number", entry("M-1", "", "", [["507(F5)", 3]]), "mapping"],
    ["posted and refused", entry("M-1", "0100000008", "2026", [["609(RW)", 3]]), "unknown"],
    ["neither", entry("M-1", "0000000000", "0000", [["605(RW)", 1]]), "unknown"],
    [
      "without a number, although a year is given",
      entry("M-1", "0000000000", "2026", [["605(RW)", 1]]),
      "unknown",
    ],
    ["of another message", entry("M-2", "0100000008", "2026", [["605(RW)", 1]]), "unknown"],
  ])("%s", (_, inner, expected) => {
    expect(read(bulk(inner))).toEqual([expected]);
  });

  it("is unknown where it can't be read, and what the whole log says where there is none of its own", () => {
    expect(read("")).toEqual(["unknown"]);
    expect(read("<html>")).toEqual(["unknown"]);
    const log =
      "<Log><Item><TypeID>019(FINS_FI_POSTING_IF)</TypeID><SeverityCode>3</SeverityCode></Item></Log>";
    expect(read(bulk("", log))).toEqual(["validation"]);
  });
});
