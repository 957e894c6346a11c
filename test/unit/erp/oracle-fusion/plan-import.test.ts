import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { negatedDecimal, sumOfDecimals } from "../../../../src/sinks/erp/common/decimals.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import { planCommand } from "../../../../src/sinks/erp/oracle-fusion/plan-command.ts";
import {
  DISTRIBUTIONS_FILE,
  LINES_FILE,
  raInterfaceZip,
} from "../../../../src/sinks/erp/oracle-fusion/ra-interface.ts";
import { filesOf } from "../../../simulators/oracle-fusion/interface-files.ts";
import { command, invoice, line, memo, PREFIX, REFERENCES, rowsOf, SETTINGS } from "./oracle-fixture.ts";

/** Invoices and memos as files of AutoInvoice. Columns are counted from 1 here, as in Oracle's template. */

function planned(posted: PostingCommand) {
  return planCommand(posted, { prefix: PREFIX, settings: { ...SETTINGS, importsInvoices: true } });
}

/** Values of each row of a file that are not empty, by the column's number. */
function sent(posted: PostingCommand, file = LINES_FILE): readonly Readonly<Record<number, string>>[] {
  const files = filesOf(raInterfaceZip(rowsOf(planned(posted).request)));
  if (typeof files === "string") throw new Error(files);
  const rows = files[file] ?? [];
  for (const row of rows) expect(row).toHaveLength(file === LINES_FILE ? 372 : 140);
  return rows.map((row) =>
    Object.fromEntries(row.flatMap((value, index) => (value === "" ? [] : [[index + 1, value]]))),
  );
}

function faultOf(act: () => unknown): ErpFault {
  try {
    act();
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

const tax = (key: string, amount: string) => ({ ...line().taxes[0]!, key, amount });

describe("an invoice of AutoInvoice", () => {
  it("is a row for each line and each of its taxes, which the header's values stand in", () => {
    const taxes = [tax("ca-state", "7.23"), tax("ca-district", "1.21")];
    const document = invoice({
      lines: [line({ taxes, tax: "8.44" })],
      net: "120.50",
      tax: "8.44",
      total: "128.94",
    });
    const [first, state, district, more] = sent(command(document));
    expect(more).toBeUndefined();
    const key = first?.[38] ?? "";
    expect(key).toMatch(/^[0-9A-F]{20}$/);
    const header = {
      2: "Tributary",
      3: "Invoice",
      4: "30 Net",
      5: "2026/06/30",
      6: "2026/06/30",
      7: "N-1",
      28: "USD",
      29: "User",
      31: "1",
      37: "TRIBUTARY",
      38: key,
      287: "North Operations",
      288: "N-1: Usage of June 2026",
      289: "umr-invoice:north:N-1",
      372: "END",
    };
    expect(first).toEqual({
      ...header,
      26: "LINE",
      27: "API access (quantity 1204331)",
      32: "120.50",
      33: "1",
      35: "120.50",
      39: "1",
      111: "Usage",
    });
    const link = { 114: "TRIBUTARY", 115: key, 116: "1" };
    expect(state).toEqual({
      ...header,
      26: "TAX",
      27: "ca-state",
      32: "7.23",
      39: "1-1",
      81: "US SALES TAX",
      84: "CA-STATE",
      ...link,
    });
    expect(district).toMatchObject({ 32: "1.21", 39: "1-2", 84: "CA-DISTRICT", ...link });
  });

  it("has a revenue account for each line whose item has one, with the dimensions in it", () => {
    const document = invoice({ lines: [line({ dimensions: { region: "west" } })] });
    const [first, more] = sent(command(document), DISTRIBUTIONS_FILE);
    expect(more).toBeUndefined();
    expect(first).toEqual({
      2: "REV",
      3: "120.50",
      6: "TRIBUTARY",
      7: sent(command(document))[0]?.[38],
      8: "1",
      22: "01",
      23: "000",
      24: "4110",
      25: "7100",
      99: "North Operations",
      140: "END",
    });
    const other = invoice({ lines: [line({ item: "other" })] });
    expect(sent(command(other), DISTRIBUTIONS_FILE)).toEqual([]);
  });

  it("says how its amounts come to the ledger's currency", () => {
    const currency = { ...REFERENCES.currency, GBP: { code: "GBP" } };
    const references = { ...REFERENCES, currency };
    const [first] = sent(command(invoice({ currency: "GBP" }), { references }));
    expect(first).toMatchObject({ 28: "GBP", 29: "Corporate", 30: "2026/06/30" });
    expect(first?.[31]).toBeUndefined();
    const { ledger_currency: _, ...north } = REFERENCES.legal_entity?.["north"] ?? {};
    expect(
      faultOf(() => planned(command(invoice(), { references: { ...REFERENCES, legal_entity: { north } } }))),
    ).toMatchObject({ kind: "mapping", code: "mapping-missing" });
  });

  it("names tax and status where the mapping does, and the classification of its line", () => {
    const row = { regime: "US SALES TAX", rate_code: "CA-STATE", tax: "STATE", status: "STANDARD" };
    const references = {
      ...REFERENCES,
      tax: { ...REFERENCES.tax, "ca-state": { ...row, classification: "REDUCED" } },
    };
    const document = invoice({
      lines: [line({ taxes: [tax("ca-state", "7.23")], tax: "7.23" })],
      tax: "7.23",
      total: "127.73",
    });
    const [first, state] = sent(command(document, { references }));
    expect(first?.[54]).toBe("REDUCED");
    expect(state).toMatchObject({ 81: "US SALES TAX", 82: "STATE", 83: "STANDARD", 84: "CA-STATE" });
  });

  it("has texts that fit, on one line, and the same file each time", () => {
    const document = invoice({
      memo: 'a "b",\r\nc '.repeat(200),
      lines: [line({ description: "x".repeat(900) })],
    });
    const [first] = sent(command(document));
    expect(first?.[27]?.length).toBeLessThanOrEqual(240);
    expect(first?.[288]?.length).toBeLessThanOrEqual(240);
    expect(first?.[288]).not.toMatch(/[\r\n]/);
    const rows = rowsOf(planned(command(document)).request);
    expect(raInterfaceZip(rows)).toBe(raInterfaceZip(rows));
  });
});

describe("a memo of AutoInvoice", () => {
  it("has negative amounts, a type of its own and no terms", () => {
    const [first] = sent(memo());
    expect(first).toMatchObject({ 3: "Credit Memo", 33: "1" });
    expect(first?.[4]).toBeUndefined();
    expect(first?.[32]).toMatch(/^-/);
    expect(first?.[35]).toBe(first?.[32]);
  });
});

it("lines of two documents have nothing in common that a line is known by", () => {
  const keys = ["N-1", "N-2"].flatMap((number) =>
    sent(command(invoice({ number }))).map((row) => `${row[37]} ${row[38]} ${row[39]}`),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

const cents = fc
  .integer({ min: -1_000_000, max: 1_000_000_000 })
  .map(
    (value) =>
      `${value < 0 ? "-" : ""}${Math.floor(Math.abs(value) / 100)}.${String(Math.abs(value) % 100).padStart(2, "0")}`,
  );

it("what is imported comes to the document's total, whatever its lines are", () => {
  const amounts = fc.array(fc.tuple(cents, cents), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(amounts, fc.boolean(), (given, isInvoice) => {
      const lines = given.map(([net, amount], index) =>
        line({ line: index + 1, net, tax: amount, taxes: [tax("ca-state", amount)] }),
      );
      const net = sumOfDecimals(given.map(([each]) => each));
      const taxes = sumOfDecimals(given.map(([, each]) => each));
      const total = sumOfDecimals([net, taxes]);
      const posted = command(
        invoice({ kind: isInvoice ? "invoice" : "credit-memo", lines, net, tax: taxes, total }),
      );
      const signed = (amount: string): string => (isInvoice ? amount : negatedDecimal(amount));
      const { lines: sentLines, distributions } = rowsOf(planned(posted).request);
      expect(sumOfDecimals(sentLines.map((row) => row.get(31) ?? ""))).toBe(signed(total));
      expect(sumOfDecimals(distributions.map((row) => row.get(2) ?? ""))).toBe(signed(net));
    }),
  );
});
