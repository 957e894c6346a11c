import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dropHoldings, makeDrop } from "../../../scripts/demo/erp/file-drop.mjs";
import { comparePostings } from "../../../scripts/demo/erp/statement.mjs";
import { logTime } from "../../../scripts/demo/log-time.mjs";
import { readPosted } from "../../../scripts/demo/status.mjs";
import { csv } from "../../../src/sinks/erp/file/formats/csv.ts";
import { filePair } from "../../../src/sinks/erp/file/manifest.ts";
import type { PostedDocument } from "../../../src/model/posting.ts";
import { aCustomer, aJournal, anInvoice, commandOf } from "../../support/posting-commands.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const HOUR_MS = 3_600_000;
/** From the first request of the log to its last. */
const LOG_SPAN_MS = 83.5 * HOUR_MS;
const MAX_AGE_MS = 35 * 24 * HOUR_MS;

test("a month ends well within the log, which is neither ahead of the clock nor too old, at any time", () => {
  const from = new Date("2024-01-01T00:00:00Z");
  fc.assert(
    fc.property(fc.date({ min: from, max: new Date("2032-01-01T00:00:00Z"), noInvalidDate: true }), (now) => {
      const { end, month } = logTime(now);
      const endMs = Date.parse(end);
      expect(endMs).toBeLessThanOrEqual(now.getTime());
      expect(now.getTime() - (endMs - LOG_SPAN_MS)).toBeLessThan(MAX_AGE_MS);
      const [year = 0, number = 0] = month.split("-").map(Number);
      const turnMs = Date.UTC(year, number, 1);
      expect(turnMs - (endMs - LOG_SPAN_MS)).toBeGreaterThan(12 * HOUR_MS);
      // Midnight in New York, the grace of a day, and the disorder of three hours.
      expect(endMs - turnMs).toBeGreaterThan((5 + 24 + 3) * HOUR_MS);
    }),
  );
});

test("documents by state are added up by connection", () => {
  const text = [
    'tributary_documents{sink="netsuite",state="confirmed"} 2',
    'tributary_documents{sink="netsuite",state="reconciled"} 3',
    'tributary_documents{sink="netsuite",state="unknown"} 1',
    'tributary_documents_value{sink="netsuite",state="unknown",currency="EUR"} 1.5',
    'tributary_documents{sink="file",state="planned"} 4',
  ].join("\n");
  expect(Object.fromEntries(readPosted(text))).toEqual({
    netsuite: { posted: 5, documents: 6 },
    file: { posted: 0, documents: 4 },
  });
});

function dropOf(...documents: readonly PostedDocument[]): {
  readonly root: string;
  readonly outbound: string;
} {
  const root = temporaryFolder();
  makeDrop(root);
  const outbound = path.join(root, "outbound");
  mkdirSync(outbound, { recursive: true });
  for (const document of documents) {
    const command = commandOf(document);
    const externalId = `demo-${command.key}`;
    const pair = filePair(command, externalId, csv.render(command, externalId), csv.extension);
    writeFileSync(path.join(outbound, pair.fileName), pair.content);
    writeFileSync(path.join(outbound, pair.manifestName), pair.manifest);
  }
  return { root, outbound };
}

function fileOf(outbound: string, start: string, end: string): string {
  const name = readdirSync(outbound).find((each) => each.startsWith(start) && each.endsWith(end));
  return path.join(outbound, name ?? "");
}

describe("the demo's view of a file drop", () => {
  test("has each document by its number, journals by their debits, customers only as files", () => {
    const { root } = dropOf(anInvoice, aJournal, aCustomer);
    expect(dropHoldings(root)).toMatchObject({
      documents: new Map([[anInvoice.number, { currency: "EUR", units: 890_000n }]]),
      journals: [{ currency: aJournal.currency }],
      repeated: 0,
      faulty: 0,
    });
  });

  test.each([
    ["another amount", (text: string) => text.replace("100.00", "100.01")],
    ["a row less", (text: string) => text.replace(/^"L",.*\r\n/m, "")],
    ["another end of a text", (text: string) => text.replace("API calls, June", "API calls, Juni")],
  ])("sees that a file is not what its manifest says: %s", (_what, change) => {
    const { root, outbound } = dropOf(anInvoice);
    const file = fileOf(outbound, "INV_", ".csv");
    const text = readFileSync(file, "utf8");
    expect(change(text)).not.toBe(text);
    writeFileSync(file, change(text));
    expect(dropHoldings(root).faulty).toBe(1);
  });

  test("sees a document that is there twice, and a file without a manifest", () => {
    const [first, ...others] = anInvoice.lines;
    if (first === undefined) throw new RangeError("the invoice has no lines");
    const { root, outbound } = dropOf(anInvoice, {
      ...anInvoice,
      lines: [{ ...first, description: "changed" }, ...others],
    });
    writeFileSync(path.join(outbound, "INV_without.csv"), "");
    expect(dropHoldings(root)).toMatchObject({ repeated: 1, faulty: 1 });
  });
});

describe("the comparison of the books with the ERPs", () => {
  const books = {
    invoices: [
      { number: "INV-1", kind: "invoice", status: "final", currency: "EUR", total: "2.50", periodEnd: "" },
      {
        number: "INV-2",
        kind: "credit-memo",
        status: "final",
        currency: "EUR",
        total: "1.00",
        periodEnd: "",
      },
      { number: null, kind: "invoice", status: "draft", currency: "EUR", total: "9.00", periodEnd: "" },
    ],
    entries: [
      {
        document: null,
        currency: "EUR",
        lines: [
          { account: "unbilled-receivable", debit: "4.00" },
          { account: "revenue", debit: "0" },
        ],
      },
      { document: null, currency: "EUR", lines: [{ account: "unbilled-receivable", debit: "0" }] },
      { document: "1", currency: "EUR", lines: [{ account: "receivable", debit: "2.50" }] },
    ],
    postings: [{ connection: "file", kind: "invoice", state: "confirmed" }],
  };
  const equal = {
    documents: new Map([
      ["INV-1", { currency: "EUR", units: 25_000n }],
      ["INV-2", { currency: "EUR", units: -10_000n }],
    ]),
    journals: [
      { currency: "EUR", units: 30_000n },
      { currency: "EUR", units: 10_000n },
    ],
    repeated: 0,
    faulty: 0,
  };
  const differences = (holdings: typeof equal, held: Partial<typeof books> = {}): Record<string, string> =>
    Object.fromEntries(
      comparePostings({ ...books, ...held }, new Map([["file", holdings]]))
        .filter((line) => !line.equal)
        .map(({ what, books: expected, erps }) => [what.trim(), `${expected} ${erps["file"]}`]),
    );

  test("is empty without ERPs, and without a difference where each document is there once", () => {
    expect(comparePostings(books, new Map())).toEqual([]);
    expect(differences(equal)).toEqual({});
  });

  test("names what is missing, with the gap", () => {
    const documents = new Map([...equal.documents].slice(1));
    expect(differences({ ...equal, documents })).toEqual({
      invoices: "2 1",
      "with another amount": "0 1",
      "their value, EUR": "1.50 -1.00",
      "gap, EUR": "0.00 2.50",
    });
    expect(differences({ ...equal, journals: equal.journals.slice(1) })).toEqual({
      "accrued by journals, EUR": "4.00 1.00",
      "gap, EUR": "0.00 3.00",
    });
  });

  test("sees amounts that are exchanged, although the sum is right", () => {
    const documents = new Map([
      ["INV-1", { currency: "EUR", units: -10_000n }],
      ["INV-2", { currency: "EUR", units: 25_000n }],
    ]);
    expect(differences({ ...equal, documents })).toEqual({ "with another amount": "0 2" });
  });

  test("sees what is there twice, what has a fault, and what is not confirmed", () => {
    expect(differences({ ...equal, repeated: 1, faulty: 2 })).toEqual({
      "documents there twice": "0 1",
      "documents with a fault": "0 2",
    });
    const postings = [{ connection: "file", kind: "invoice", state: "unknown" }];
    expect(differences(equal, { postings })).toEqual({ "documents not confirmed": "0 1" });
  });
});
