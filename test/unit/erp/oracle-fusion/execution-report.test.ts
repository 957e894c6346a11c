import { describe, expect, it } from "vitest";
import { kindOfDetails } from "../../../../src/sinks/erp/oracle-fusion/classify-fault.ts";
import { executionReport } from "../../../../src/sinks/erp/oracle-fusion/execution-report.ts";
import { ImportRegister } from "../../../../src/sinks/erp/oracle-fusion/import-register.ts";

function record(number: string, message: string, invalid = ""): string {
  return `<G_ERRORS><TRX_NUMBER>${number}</TRX_NUMBER><INTERFACE_LINE_ATTRIBUTE1>KEY-${number}</INTERFACE_LINE_ATTRIBUTE1><MESSAGE_TEXT>${message}</MESSAGE_TEXT><INVALID_VALUE>${invalid}</INVALID_VALUE></G_ERRORS>`;
}

describe("the report of an import", () => {
  it("tells a document's errors, by its number or its lines' segment, in whatever groups they lie", () => {
    const xml = `<?xml version="1.0"?><DATA_DS><A><B>${record("1", "no memo line", "Rare")}${record("1", "no tax")}${record("2", "no customer")}</B></A></DATA_DS>`;
    const report = executionReport(["AutoInvoice Import\n7 row(s) selected\n", xml]);
    expect(report.messagesOf(["KEY-1"])).toEqual(["no memo line [Rare]", "no tax"]);
    expect(report.messagesOf(["2", "KEY-2"])).toEqual(["no customer"]);
    expect(report.messagesOf(["3"])).toEqual([]);
    expect(report.ending).toBe("");
  });

  it("tells why the job ended where no line is named", () => {
    const log = "AutoInvoice Import\nYou must enter a valid context for the LEGACY flexfield.\n";
    expect(executionReport([log]).ending).toBe("You must enter a valid context for the LEGACY flexfield.");
  });

  it("is nothing where there is none, and bounded where there is much", () => {
    for (const files of [[], [""], ["<a"], ["<a/>"], ["<html><b>x</b></html>"], ["%PDF-1.4"]])
      expect(executionReport(files).messagesOf(["1"])).toEqual([]);
    const many = Array.from({ length: 500 }, (_, index) => record("1", `${index} ${"x".repeat(900)}`));
    const messages = executionReport([`<D>${many.join("")}</D>`]).messagesOf(["1"]);
    expect(messages).toHaveLength(20);
    expect(Math.max(...messages.map(({ length }) => length))).toBe(400);
    expect(
      executionReport(["<a>".repeat(100) + record("1", "x") + "</a>".repeat(100)]).messagesOf(["1"]),
    ).toEqual([]);
  });
});

it.each([
  ["You must enter a valid memo line name. [Rare]", "mapping"],
  ["You must enter a valid bill-to customer account number.", "mapping"],
  ["You must enter a valid tax rate code.", "mapping"],
  ["The transaction source isn't valid for the business unit based on reference set association.", "mapping"],
  [
    "You must provide a transaction number if the transaction source indicates manual transaction numbering. Otherwise don't provide a transaction number.",
    "mapping",
  ],
  ["The accounting date isn't in an open or future-enterable period.", "period-closed"],
  ["You must enter a valid context for the LEGACY flexfield.", undefined],
  ["The amount must equal the quantity times the unit selling price.", undefined],
])("%j is %s", (message, kind) => {
  expect(kindOfDetails([{ code: "", message, path: "" }])).toBe(kind);
});

it("an import that is known has its own documents alone, and the latest are remembered", () => {
  const register = new ImportRegister();
  register.sent("1", ["a"]);
  register.sent("1", ["b"]);
  expect(["a", "b", "c"].map((each) => register.mayHave("1", each))).toEqual([true, true, false]);
  expect(register.mayHave("2", "a")).toBe(true);
  for (let id = 2; id <= 1_001; id++) register.sent(String(id), ["z"]);
  expect([register.mayHave("1", "c"), register.mayHave("2", "c")]).toEqual([true, false]);
});
