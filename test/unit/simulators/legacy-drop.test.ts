import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import {
  LegacyDropConsumer,
  type Ack,
  type LegacyDropOptions,
} from "../../simulators/legacy-drop/consumer.ts";
import { CsvFault, readCsv } from "../../simulators/legacy-drop/csv.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { waitUntil } from "../../support/wait-until.ts";

let folder = "";
beforeEach(() => {
  folder = temporaryFolder();
});

const consumerOf = (options: Omit<LegacyDropOptions, "folder"> = {}): LegacyDropConsumer =>
  new LegacyDropConsumer({ folder, ...options });

const HEADER = '"document_key","document_date","currency","account","debit","credit","text"';
const ROWS = [
  '"invoice:1","2026-06-30","EUR","1200",143.40,,"API ""calls"", 1,204,331"',
  '"invoice:1","2026-06-30","EUR","4000",,143.40,"line',
  '"invoice:2","2026-06-30","USD","1200",10,,""',
  '"invoice:2","2026-06-30","USD","4000",,10.00,""',
];
ROWS[1] = '"invoice:1","2026-06-30","EUR","4000",,143.40,"two\nlines"';
const TRAILER = "T,4,153.4";

interface Changes {
  readonly sequence?: number;
  readonly header?: string;
  readonly rows?: readonly string[];
  readonly trailer?: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly data?: Buffer;
  readonly leaves?: "data" | "manifest";
}

/** Writes a file as a correct sender would, but for the changes; its id. */
function write(changes: Changes = {}): string {
  const lines = [changes.header ?? HEADER, ...(changes.rows ?? ROWS), changes.trailer ?? TRAILER];
  const data = changes.data ?? Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
  const sha256 = createHash("sha256").update(data).digest("hex");
  const fileId = `INV_acme_2026-06_${changes.sequence ?? 1}_${sha256.slice(0, 8)}`;
  const manifest = {
    fileId,
    schemaVersion: 1,
    rows: 4,
    debitTotal: "153.40",
    creditTotal: "153.4",
    currencyTotals: { EUR: { debit: "143.4", credit: "143.4" }, USD: { debit: "10", credit: "10" } },
    sha256,
    firstKey: "invoice:1",
    lastKey: "invoice:2",
    ...changes.manifest,
  };
  const outbound = join(folder, "outbound");
  if (changes.leaves !== "data") writeFileSync(join(outbound, `${fileId}.csv`), data);
  if (changes.leaves !== "manifest")
    writeFileSync(join(outbound, `${fileId}.manifest.json`), JSON.stringify(manifest));
  return fileId;
}

function ackOf(fileId: string): Ack {
  const ack: Ack = JSON.parse(readFileSync(join(folder, "ack", `${fileId}.ack`), "utf8"));
  return ack;
}

describe("a file", () => {
  it("is booked once its manifest is there, and acknowledged by document", () => {
    const consumer = consumerOf({ requiresBalance: true });
    write({ leaves: "manifest" });
    writeFileSync(join(folder, "outbound", "INV_acme_2026-06_1_0.manifest.json.tmp"), "{");
    consumer.runOnce();
    expect([consumer.booked.size, readdirSync(join(folder, "ack"))]).toEqual([0, []]);
    const fileId = write();
    consumer.runOnce();
    consumer.runOnce();
    expect(ackOf(fileId)).toEqual({
      fileId,
      status: "ACCEPTED",
      rows: [
        { key: "invoice:1", status: "BOOKED", erpDoc: "D00000001", code: null, msg: null },
        { key: "invoice:2", status: "BOOKED", erpDoc: "D00000002", code: null, msg: null },
      ],
    });
    expect(consumer.booked.get("invoice:1")).toMatchObject({
      debit: "143.4",
      rows: [{ text: 'API "calls", 1,204,331' }, { text: "two\nlines" }],
    });
    expect(consumer.deliveries.get(fileId)).toBe(1);
  });

  it("is booked once where it is delivered twice, and documents once where two files have them", () => {
    const consumer = consumerOf({ archives: true });
    const fileId = write();
    consumer.runOnce();
    expect(existsSync(join(folder, "archive", `${fileId}.csv`))).toBe(true);
    const first = ackOf(fileId);
    write();
    consumer.runOnce();
    expect(ackOf(fileId)).toEqual(first);
    expect([consumer.deliveries.get(fileId), consumer.booked.size]).toEqual([2, 2]);
    const second = write({ sequence: 2 });
    consumer.runOnce();
    expect(ackOf(second).rows.map(({ status, erpDoc }) => [status, erpDoc])).toEqual([
      ["DUPLICATE", "D00000001"],
      ["DUPLICATE", "D00000002"],
    ]);
    const rows = [ROWS[0] ?? "", ROWS[1] ?? "", ...ROWS.slice(2).map((row) => row.replace('""', '"other"'))];
    const conflict = write({ sequence: 3, rows });
    consumer.runOnce();
    expect(ackOf(conflict)).toMatchObject({ status: "PARTIAL", rows: [{}, { code: "CONFLICT" }] });
  });

  it("waits for those with lower numbers", () => {
    const consumer = consumerOf();
    const third = write({
      sequence: 3,
      rows: ROWS.map((row) => row.replace("invoice:", "invoice:3")),
      manifest: { firstKey: "invoice:31", lastKey: "invoice:32" },
    });
    const second = write({ sequence: 2 });
    consumer.runOnce();
    expect([...consumer.waitingFiles].toSorted()).toEqual([second, third].toSorted());
    write({
      sequence: 1,
      rows: ROWS.map((row) => row.replace("invoice:", "invoice:1")),
      manifest: { firstKey: "invoice:11", lastKey: "invoice:12" },
    });
    consumer.runOnce();
    expect([consumer.booked.size, consumer.waitingFiles.size]).toEqual([6, 0]);
    expect(consumer.rejectedFiles).toEqual([]);
  });

  const rowsWith = (at: number, row: string): readonly string[] =>
    ROWS.map((each, index) => (index === at ? row : each));
  it.each<[string, Changes]>([
    ["DATA_MISSING", { leaves: "data" }],
    ["SHA256", { manifest: { sha256: "0".repeat(64) } }],
    ["MANIFEST", { manifest: { schemaVersion: 2 } }],
    ["MANIFEST", { manifest: { debitTotal: 153.4 } }],
    ["MANIFEST", { manifest: { extra: true } }],
    ["FILE_NAME", { manifest: { fileId: "INV_acme_2026-06_2_00000000" } }],
    ["ROWS", { manifest: { rows: 5 } }],
    ["TOTALS", { manifest: { debitTotal: "153.41" } }],
    ["TOTALS", { manifest: { creditTotal: "153.41" } }],
    ["TOTALS", { manifest: { currencyTotals: { EUR: { debit: "153.4", credit: "153.4" } } } }],
    [
      "TOTALS",
      {
        manifest: {
          currencyTotals: { EUR: { debit: "143.5", credit: "143.4" }, USD: { debit: "9.9", credit: "10" } },
        },
      },
    ],
    ["TRAILER", { trailer: "T,3,153.4" }],
    ["TRAILER", { trailer: "T,4,153.41" }],
    ["TRAILER", { trailer: "X,4,153.4" }],
    ["FIRST_KEY", { manifest: { firstKey: "invoice:2" } }],
    ["LAST_KEY", { manifest: { lastKey: "invoice:1" } }],
    ["HEADER", { header: HEADER.replace("currency", "ccy") }],
    ["CSV", { rows: rowsWith(0, '"invoice:1","2026-06-30","EUR","1200",143.40,') }],
    ["CSV", { rows: rowsWith(0, '"invoice:1","2026-06-30","EUR","1200",143.40,,"open') }],
    ["CSV", { data: Buffer.from([HEADER, ...ROWS, TRAILER].join("\n")) }],
    ["ENCODING", { data: Buffer.from([0xff, 0xfe]) }],
    ["ENCODING", { data: Buffer.from(`\uFEFF${HEADER}\r\n`) }],
    ["UNSAFE_TEXT", { rows: rowsWith(0, '"invoice:1","2026-06-30","EUR","1200",143.40,,"=cmd()"') }],
    ["ROW", { rows: rowsWith(0, '"invoice:1","30.06.2026","EUR","1200",143.40,,""') }],
    ["ROW", { rows: rowsWith(0, '"invoice:1","2026-06-30","Euro","1200",143.40,,""') }],
    ["ROW", { rows: rowsWith(0, '"invoice:1","2026-06-30","EUR","1200","143,40",,""') }],
    ["ROW", { rows: rowsWith(0, '"invoice:1","2026-06-30","EUR","1200",143.40,143.40,""') }],
    ["ROW", { rows: rowsWith(0, '"","2026-06-30","EUR","1200",143.40,,""') }],
    ["ORDER", { rows: [0, 2, 1, 3].map((at) => ROWS[at] ?? "") }],
    ["BALANCE", { rows: rowsWith(1, ROWS[1]?.replace("invoice:1", "invoice:2") ?? "") }],
  ])("is rejected whole: %s", (code, changes) => {
    const consumer = consumerOf({ requiresBalance: true });
    const fileId = write(changes);
    consumer.runOnce();
    expect(consumer.rejectedFiles.map((file) => file.code)).toEqual([code]);
    expect(ackOf(fileId)).toMatchObject({ fileId, status: "REJECTED", rows: [{ status: "REJECTED", code }] });
    expect(consumer.booked.size).toBe(0);
  });
});

describe("an acknowledgement", () => {
  it("may be partial, or of a rejection", () => {
    const consumer = consumerOf();
    consumer.rejects.set("invoice:2", { code: "F5201", msg: "posting period is closed" });
    const fileId = write();
    consumer.runOnce();
    expect(ackOf(fileId)).toMatchObject({
      status: "PARTIAL",
      rows: [{ status: "BOOKED" }, { status: "REJECTED", code: "F5201", erpDoc: null }],
    });
    consumer.rejects.clear();
    consumer.redeliver(fileId);
    consumer.runOnce();
    expect(ackOf(fileId)).toMatchObject({ status: "ACCEPTED", rows: [{ erpDoc: "D00000001" }, {}] });
  });

  it("may not come, come in halves, or be of a file that nobody sent", async () => {
    const consumer = consumerOf();
    consumer.withholdsAcks = true;
    const fileId = write();
    consumer.start(5);
    await waitUntil("the file is taken", () => consumer.booked.size === 2);
    consumer.stop();
    expect(readdirSync(join(folder, "ack"))).toEqual([]);
    consumer.tearsAcks = true;
    consumer.releaseAcks();
    expect(() => ackOf(fileId)).toThrow(SyntaxError);
    consumer.mendAcks();
    expect(ackOf(fileId).status).toBe("ACCEPTED");
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
