import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { csv } from "../../../src/sinks/erp/file/formats/csv.ts";
import { fixedWidth } from "../../../src/sinks/erp/file/formats/fixed-width.ts";
import type { FileFormat } from "../../../src/sinks/erp/file/formats/format.ts";
import { idoc } from "../../../src/sinks/erp/file/formats/idoc.ts";
import { filePair } from "../../../src/sinks/erp/file/manifest.ts";
import type { PostedDocument } from "../../../src/model/posting.ts";
import {
  LegacyDropConsumer,
  type Ack,
  type LegacyDropOptions,
} from "../../simulators/legacy-drop/consumer.ts";
import { CsvFault, readCsv } from "../../simulators/legacy-drop/csv.ts";
import { aCustomer, aJournal, aMemo, anInvoice, commandOf } from "../../support/posting-commands.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { waitUntil } from "../../support/wait-until.ts";

const FORMATS: Readonly<Record<string, FileFormat>> = {
  csv,
  "fixed-width": fixedWidth(),
  idoc: idoc({
    senderPort: "TRB",
    senderPartner: "TRIBUTARY",
    receiverPort: "ERP",
    receiverPartner: "ERPCLNT100",
    client: "100",
  }),
};

let folder = "";
beforeEach(() => {
  folder = temporaryFolder();
});

const consumerOf = (options: Omit<LegacyDropOptions, "folder"> = {}): LegacyDropConsumer =>
  new LegacyDropConsumer({ folder, ...options });

interface Changes {
  readonly document?: PostedDocument;
  readonly format?: FileFormat;
  /** Changes the file before it is summed up. */
  readonly text?: (text: string) => string;
  readonly data?: Buffer;
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly leaves?: "data" | "manifest";
}

/** Writes a file as the sink would, but for the changes; its id. */
function write(changes: Changes = {}): string {
  const { document = anInvoice, format = csv, text = (same: string) => same } = changes;
  const isAsWritten = [changes.text, changes.data, changes.manifest].every((change) => change === undefined);
  const command = commandOf(document);
  const pair = filePair(
    command,
    `trb-${command.key}`,
    format.render(command, `trb-${command.key}`),
    format.extension,
  );
  const data = changes.data ?? Buffer.from(text(pair.content));
  const sha256 = createHash("sha256").update(data).digest("hex");
  const fileId = pair.fileId.replace(/[0-9a-f]{8}$/, sha256.slice(0, 8));
  const manifest = {
    ...JSON.parse(pair.manifest),
    fileId,
    fileName: `${fileId}${format.extension}`,
    sha256,
    bytes: data.length,
    ...changes.manifest,
  };
  const outbound = join(folder, "outbound");
  if (changes.leaves !== "data") writeFileSync(join(outbound, `${fileId}${format.extension}`), data);
  if (changes.leaves !== "manifest")
    writeFileSync(
      join(outbound, `${fileId}.manifest.json`),
      isAsWritten ? pair.manifest : JSON.stringify(manifest),
    );
  return fileId;
}

function ackOf(fileId: string): Ack {
  const ack: Ack = JSON.parse(readFileSync(join(folder, "ack", `${fileId}.ack`), "utf8"));
  return ack;
}

const DOCUMENTS = { invoice: anInvoice, memo: aMemo, journal: aJournal, customer: aCustomer };
const WRITTEN = Object.keys(FORMATS).flatMap((format) =>
  (["invoice", "memo", "journal", "customer"] as const)
    .filter((name) => format !== "idoc" || name !== "customer")
    .map((name) => [format, name] as const),
);

describe("a file of the sink", () => {
  it.each(WRITTEN)("in format %s is booked with its amounts: %s", (format, name) => {
    const consumer = consumerOf();
    const document = DOCUMENTS[name];
    write({ document, ...(FORMATS[format] === undefined ? {} : { format: FORMATS[format] }) });
    consumer.runOnce();
    expect(consumer.faultyFiles).toEqual([]);
    const booked = consumer.booked.get(`trb-${commandOf(document).key}`);
    expect(booked?.document.kind).toBe(document.kind);
    const lines = "lines" in document ? document.lines : [];
    expect(booked?.document.lines.map(({ net, debit, credit }) => net || debit || `-${credit}`)).toEqual(
      lines.map((line) => ("net" in line ? line.net : (line.debit ?? `-${String(line.credit)}`))),
    );
  });
});

describe("a file", () => {
  it("is booked once its manifest is there, and acknowledged", () => {
    const consumer = consumerOf();
    write({ leaves: "manifest" });
    writeFileSync(join(folder, "outbound", "INV_de_2026-06_x_00000000.manifest.json.tmp"), "{");
    consumer.runOnce();
    expect([consumer.booked.size, readdirSync(join(folder, "ack"))]).toEqual([0, []]);
    const fileId = write();
    consumer.runOnce();
    consumer.runOnce();
    const key = `trb-${commandOf(anInvoice).key}`;
    const row = { key, status: "ACCEPTED", erpDoc: "D00000001", code: null, msg: null };
    expect(ackOf(fileId)).toEqual({ fileId, status: "ACCEPTED", rows: [row] });
    expect(consumer.deliveries.get(fileId)).toBe(1);
  });

  it("is booked once where it is delivered twice, and answered as before", () => {
    const consumer = consumerOf({ archives: true });
    const fileId = write();
    consumer.runOnce();
    expect(existsSync(join(folder, "archive", `${fileId}.csv`))).toBe(true);
    const first = ackOf(fileId);
    write();
    consumer.runOnce();
    expect(ackOf(fileId)).toEqual(first);
    expect([consumer.deliveries.get(fileId), consumer.booked.size]).toEqual([2, 1]);
  });

  it("with other contents of a document that is booked is rejected, but for a customer", () => {
    const consumer = consumerOf();
    write();
    const other = write({ document: { ...anInvoice, customer: "globex" } });
    write({ document: aCustomer });
    write({ document: { ...aCustomer, currency: "USD" } });
    consumer.runOnce();
    expect(consumer.faultyFiles).toEqual([]);
    const [one, two] = readdirSync(join(folder, "ack")).filter((name) => name.startsWith("INV"));
    const acks = [one, two].map((name) => ackOf((name ?? "").replace(".ack", "")));
    expect(acks.map(({ status }) => status).toSorted()).toEqual(["ACCEPTED", "REJECTED"]);
    expect(acks.flatMap(({ rows }) => rows.map(({ code }) => code))).toContain("CONFLICT");
    expect(acks.map(({ fileId }) => fileId)).toContain(other);
    expect(consumer.booked.size).toBe(2);
  });

  const cell = (from: string, to: string) => (text: string) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  };
  it.each<[string, Changes]>([
    ["DATA_MISSING", { leaves: "data" }],
    ["MANIFEST", { manifest: { manifestVersion: 2 } }],
    ["MANIFEST", { manifest: { schemaVersion: 2 } }],
    ["MANIFEST", { manifest: { currencyTotals: { EUR: 143.4 } } }],
    ["MANIFEST", { manifest: { extra: true } }],
    ["FILE_NAME", { manifest: { fileId: "INV_de_2026-06_x_00000000" } }],
    ["FILE_NAME", { manifest: { kind: "credit-memo" } }],
    ["FILE_NAME", { manifest: { externalId: "trb-invoice:DE-000043" } }],
    ["BYTES", { manifest: { bytes: 5 } }],
    ["ROWS", { manifest: { rows: 5 } }],
    ["TOTALS", { manifest: { currencyTotals: {} } }],
    ["TOTALS", { manifest: { currencyTotals: { EUR: "1.00" } } }],
    ["TOTALS", { manifest: { debitTotal: "1.00", creditTotal: "1.00" } }],
    ["TOTALS", { document: aJournal, manifest: { debitTotal: "1.00" } }],
    ["FIRST_KEY", { manifest: { firstKey: "trb-invoice:DE-000043" } }],
    ["LAST_KEY", { manifest: { lastKey: "trb-invoice:DE-000043" } }],
    ["TRAILER", { text: (text) => text.replace(/T,\d+,/, "T,9,") }],
    ["TRAILER", { text: (text) => text.replace(/(T,\d+,).*/, "$11.00") }],
    ["TRAILER", { text: (text) => text.replace(/T,(\d+,)/, "X,$1") }],
    ["HEADER", { text: cell('"currency"', '"ccy"') }],
    ["ROW", { text: cell('"H"', '"L"') }],
    ["CSV", { text: (text) => text.replaceAll("\r\n", "\n") }],
    ["QUOTES", { text: (text) => text.replace(/"L","[^"]*"/, (row) => row.replaceAll('"', "")) }],
    ["UNSAFE_TEXT", { text: (text) => text.replace(/"L","[^"]*","invoice","/, "$&=") }],
    ["ENCODING", { data: Buffer.from([0xff, 0xfe]) }],
    ["ENCODING", { text: (text) => `\uFEFF${text}` }],
    ["LINE_END", { format: fixedWidth(), text: (text) => text.replaceAll("\r\n", "\n") }],
    ["WIDTH", { format: fixedWidth(), text: (text) => text.replace("H", "H ") }],
    ["IDOC", { format: FORMATS["idoc"] ?? csv, text: cell("<DIRECT>2<", "<DIRECT>1<") }],
    ["XML", { format: FORMATS["idoc"] ?? csv, text: cell("</IDOC>", "</IDOX>") }],
    [
      "TOTALS",
      { format: FORMATS["idoc"] ?? csv, text: (text) => text.replace(/<SUMME>[^<]*/, "<SUMME>1.00") },
    ],
    [
      "BALANCE",
      {
        document: {
          ...aJournal,
          lines: aJournal.lines.map((line) => ({ ...line, credit: line.credit && "1.00" })),
        },
        manifest: { creditTotal: "1.00" },
      },
    ],
  ])("is rejected whole: %s", (code, changes) => {
    const consumer = consumerOf();
    const fileId = write(changes);
    consumer.runOnce();
    expect(consumer.faultyFiles.map((file) => file.code)).toEqual([code]);
    expect(ackOf(fileId)).toMatchObject({ fileId, status: "REJECTED", rows: [{ status: "REJECTED", code }] });
    expect(consumer.booked.size).toBe(0);
  });
});

it("is rejected where its data are not those of the manifest", () => {
  const consumer = consumerOf();
  const path = join(folder, "outbound", `${write()}.csv`);
  writeFileSync(path, readFileSync(path, "utf8").replace("2026", "2027"));
  consumer.runOnce();
  expect(consumer.faultyFiles.map(({ code }) => code)).toEqual(["SHA256"]);
});

describe("an acknowledgement", () => {
  it("may be of a rejection, and of another word when the file comes again", () => {
    const consumer = consumerOf();
    const key = `trb-${commandOf(anInvoice).key}`;
    consumer.rejects.set(key, { code: "F5201", msg: "posting period is closed" });
    const fileId = write();
    consumer.runOnce();
    expect(ackOf(fileId)).toMatchObject({
      status: "REJECTED",
      rows: [{ status: "REJECTED", code: "F5201", erpDoc: null }],
    });
    consumer.rejects.clear();
    consumer.redeliver(fileId);
    consumer.runOnce();
    expect(ackOf(fileId)).toMatchObject({ status: "ACCEPTED", rows: [{ erpDoc: "D00000001" }] });
  });

  it("may not come, come in halves, or be of a file that nobody sent", async () => {
    const consumer = consumerOf({ ackFaultOf: (_, delivery) => (delivery === 1 ? "torn" : undefined) });
    consumer.withholdsAcks = true;
    const fileId = write();
    consumer.start(5);
    await waitUntil("the file is taken", () => consumer.booked.size === 1);
    consumer.stop();
    expect(readdirSync(join(folder, "ack"))).toEqual([]);
    consumer.releaseAcks();
    expect(ackOf(fileId).status).toBe("ACCEPTED");
    const torn = write({ document: aJournal });
    consumer.runOnce();
    expect(() => ackOf(torn)).toThrow(SyntaxError);
    consumer.runOnce();
    expect(ackOf(torn).status).toBe("ACCEPTED");
    consumer.writeForeignAck("INV_none", { fileId: "INV_other", status: "ACCEPTED", rows: [] });
    expect(ackOf("INV_none").fileId).toBe("INV_other");
  });
});

it("reads fields of all kinds, and nothing else", () => {
  const texts = (text: string): unknown => readCsv(text).map((line) => line.map((field) => field.text));
  expect(texts('a,"b,""c""",\r\n,"",d\r\n')).toEqual([
    ["a", 'b,"c"', ""],
    ["", "", "d"],
  ]);
  for (const text of ['a"b"\r\n', '"a"b\r\n', "a", "a\nb\r\n", '"a\r\n'])
    expect(() => readCsv(text)).toThrow(CsvFault);
});
