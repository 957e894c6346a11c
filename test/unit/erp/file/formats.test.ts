import { createHash } from "node:crypto";
import { XMLParser } from "fast-xml-parser";
import { describe, expect, test } from "vitest";
import { csv } from "../../../../src/sinks/erp/file/formats/csv.ts";
import { fixedWidth } from "../../../../src/sinks/erp/file/formats/fixed-width.ts";
import { idoc, idocNumber } from "../../../../src/sinks/erp/file/formats/idoc.ts";
import { filePair } from "../../../../src/sinks/erp/file/manifest.ts";
import { COLUMNS } from "../../../../src/sinks/erp/file/rows.ts";
import { aCustomer, aJournal, aMemo, anInvoice, commandOf } from "../../../support/posting-commands.ts";

const PARTNERS = {
  senderPort: "TRIB",
  senderPartner: "TRIBUTARY",
  receiverPort: "SAPERP",
  receiverPartner: "ERPCLNT100",
  client: "100",
};
const references = {
  customer: { acme: { id: "1000123" } },
  item: { api: { id: "86", account: "41000000" } },
  tax: { "DE/standard": { code: "A1" } },
  account: { revenue: { id: "41000000" }, "unbilled-receivable": { id: "12100000" } },
  dimension: { "region=eu": { id: "R-EU" } },
};

/** Cells of a CSV text by RFC 4180, with whether each was quoted. */
function parsed(text: string): { readonly value: string; readonly isQuoted: boolean }[][] {
  return text
    .split("\r\n")
    .filter((line) => line !== "")
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((cell) => ({
        value: cell[1]?.replaceAll('""', '"') ?? cell[2] ?? "",
        isQuoted: cell[1] !== undefined,
      })),
    );
}

describe("CSV", () => {
  test("a head, its lines and a trailer whose figures are those of the rows", () => {
    const { text, rows } = csv.render(commandOf(anInvoice, references), "trb-invoice:DE-000042");
    const [header, head, first, second, trailer] = parsed(text);
    const cell = (row: typeof head, column: (typeof COLUMNS)[number]): string | undefined =>
      row?.[COLUMNS.indexOf(column)]?.value;
    expect(header?.map(({ value }) => value)).toEqual(COLUMNS);
    expect(rows).toBe(3);
    expect([cell(head, "record"), cell(head, "customer"), cell(head, "net"), cell(head, "tax")]).toEqual([
      "H",
      "1000123",
      "70.00",
      "19.00",
    ]);
    expect([
      cell(first, "item"),
      cell(first, "account"),
      cell(first, "tax_codes"),
      cell(first, "dimensions"),
    ]).toEqual(["86", "41000000", "A1", "department=platform;region=R-EU"]);
    expect([cell(second, "item"), cell(second, "net")]).toEqual(["credits", "-30.00"]);
    expect(trailer?.map(({ value }) => value)).toEqual(["T", "3", "89"]);
    expect(text.endsWith("\r\nT,3,89\r\n")).toBe(true);
  });

  test("texts are quoted, decimals are not", () => {
    const { text } = csv.render(commandOf(anInvoice, references), "trb-invoice:DE-000042");
    for (const row of parsed(text).slice(1, -1))
      for (const [index, { value, isQuoted }] of row.entries())
        expect([COLUMNS[index], value, isQuoted]).toEqual([
          COLUMNS[index],
          value,
          !["line", "quantity", "net", "tax", "debit", "credit"].includes(COLUMNS[index] ?? ""),
        ]);
  });

  test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uFF1D1", "-12.50"])(
    "a text that begins like a formula is shown as it is: %j",
    (name) => {
      const { text } = csv.render(commandOf({ ...aCustomer, name }), "x");
      expect(text).toContain(`"'${name}"`);
    },
  );
});

describe("fixed width", () => {
  test("every line has the same width, decimals on the right, and the trailer its figures", () => {
    const { text } = fixedWidth([
      { column: "record", width: 1 },
      { column: "document_number", width: 12 },
      { column: "net", width: 10 },
      { column: "description", width: 9 },
    ]).render(commandOf(anInvoice, references), "x");
    expect(text.split("\r\n")).toEqual([
      "HDE-000042        70.00Usage Jun",
      "LDE-000042       100.00API calls",
      "LDE-000042       -30.00Prepaid c",
      "T000000000389".slice(0, 11) + "89".padStart(30),
      "",
    ]);
  });

  test("a line break does not begin another row", () => {
    const { text } = fixedWidth([
      { column: "record", width: 1 },
      { column: "customer_name", width: 12 },
    ]).render(commandOf({ ...aCustomer, name: "Acme\r\nH 1" }), "x");
    expect(text.split("\r\n")).toHaveLength(3);
  });

  test("what decides the booking is refused where it does not fit, never cut", () => {
    const narrow = fixedWidth([{ column: "net", width: 4 }]);
    expect(() => narrow.render(commandOf(anInvoice), "x")).toThrow(
      expect.objectContaining({ kind: "validation", code: "field-too-long" }),
    );
  });
});

describe("IDoc", () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@", parseTagValue: false });

  test("an invoice: control record, partners, items, sums", () => {
    const { text } = idoc(PARTNERS).render(commandOf(anInvoice, references), "trb-invoice:DE-000042");
    const { INVOIC02: document } = parser.parse(text);
    expect(document.IDOC.EDI_DC40).toMatchObject({
      DOCNUM: idocNumber("trb-invoice:DE-000042"),
      IDOCTYP: "INVOIC02",
      SNDPRN: "TRIBUTARY",
      CREDAT: "20260702",
    });
    expect(document.IDOC.E1EDKA1).toMatchObject([{ PARTN: "de" }, { PARVW: "RE", PARTN: "1000123" }]);
    expect(document.IDOC.E1EDP01).toMatchObject([
      { E1EDP26: { BETRG: "100.00" }, E1EDP04: { MWSKZ: "A1", MWSBT: "19.00" }, E1EDP19: { IDTNR: "86" } },
      { E1EDP26: { BETRG: "-30.00" } },
    ]);
    expect(document.IDOC.E1EDS01.map(({ SUMME }: { SUMME: string }) => SUMME)).toEqual([
      "70.00",
      "19.00",
      "89.00",
    ]);
  });

  test("a memo names the invoice that it corrects", () => {
    const { text } = idoc(PARTNERS).render(commandOf(aMemo, references), "x");
    const { INVOIC02: document } = parser.parse(text);
    expect(document.IDOC.E1EDK01.BSART).toBe("CRME");
    expect(document.IDOC.E1EDK02).toMatchObject([
      { BELNR: "DE-000043" },
      { QUALF: "087", BELNR: "DE-000042" },
    ]);
  });

  test("a journal has its reversal day and both sides", () => {
    const { text } = idoc(PARTNERS).render(commandOf(aJournal, references), "x");
    const { FIDCCP02: document } = parser.parse(text);
    expect(document.IDOC.E1FIKPF).toMatchObject({ STODT: "20260701", SUMDB: "300" });
    expect(document.IDOC.E1FIKPF.E1FISEG).toMatchObject([
      { SHKZG: "S", HKONT: "12100000", WRBTR: "300.00" },
      { SHKZG: "H", HKONT: "41000000", WRBTR: "300.00" },
    ]);
  });

  test("text with markup stays text", () => {
    const { text } = idoc(PARTNERS).render(commandOf({ ...aJournal, memo: "<E1FIKPF>&" }), "x");
    expect(parser.parse(text).FIDCCP02.IDOC.E1FIKPF.BKTXT).toBe("<E1FIKPF>&");
  });
});

test("the manifest says what the file holds, and is the same each time", () => {
  const command = commandOf(aJournal, references);
  const pair = (): ReturnType<typeof filePair> =>
    filePair(command, "trb-j:1", csv.render(command, "trb-j:1"), ".csv");
  const { fileId, fileName, content, manifest } = pair();
  const sha256 = createHash("sha256").update(content).digest("hex");
  expect(fileId).toBe(`JNL_de_2026-06_trb-j-1_${sha256.slice(0, 8)}`);
  expect(JSON.parse(manifest)).toMatchObject({
    fileId,
    fileName,
    rows: 3,
    debitTotal: "300",
    creditTotal: "300",
    currencyTotals: { EUR: "300" },
    sha256,
    bytes: Buffer.byteLength(content),
    firstKey: "trb-j:1",
  });
  expect(pair()).toEqual(pair());
});
