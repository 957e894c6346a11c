import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { directoryDrop } from "../../../../src/sinks/erp/file/drops/directory-drop.ts";
import type { Drop } from "../../../../src/sinks/erp/file/drops/drop.ts";
import { sftpDrop } from "../../../../src/sinks/erp/file/drops/sftp-drop.ts";
import { csv } from "../../../../src/sinks/erp/file/formats/csv.ts";
import { FileSink } from "../../../../src/sinks/erp/file/sink.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { aCustomer, anInvoice, commandOf } from "../../../support/posting-commands.ts";
import { startSftpServer, type TestSftpServer } from "../../../support/sftp-server.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const DEADLINE_MS = 3_600_000;
const context = { signal: new AbortController().signal, attempt: 1 };

let stop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of stop.splice(0).reverse()) await end();
});

function dropFolder(): string {
  const root = temporaryFolder();
  mkdirSync(path.join(root, "outbound"));
  mkdirSync(path.join(root, "ack"));
  return root;
}

async function sftp(
  root: string,
  hasPosixRename: boolean,
): Promise<{ readonly server: TestSftpServer; readonly drop: Drop }> {
  const server = await startSftpServer({ root, hasPosixRename });
  stop.push(async () => {
    await server.stop();
  });
  const { port, user, password, hostKeySha256 } = server;
  const drop = sftpDrop({ host: "127.0.0.1", port, user, password, hostKeySha256, root: "" });
  stop.push(async () => {
    await drop.close();
  });
  return { server, drop };
}

function sinkOn(drop: Drop, clock = new ManualClock(), isAcknowledged = true): FileSink {
  return new FileSink(
    {
      drop,
      format: csv,
      deadlineMs: 60_000,
      acknowledgements: isAcknowledged
        ? { deadlineMs: DEADLINE_MS, faultCodes: { "NO-CUST": "mapping", BUSY: "transient" } }
        : undefined,
    },
    { prefix: "trb-", clock, random: () => 0.5, onRequest: () => undefined },
  );
}

const kinds = [
  ["a folder", async (root: string) => await Promise.resolve(directoryDrop(root))],
  ["an SFTP server with OpenSSH's rename", async (root: string) => (await sftp(root, true)).drop],
  ["an SFTP server without it", async (root: string) => (await sftp(root, false)).drop],
] as const;

describe.each(kinds)("documents in %s", (_name, open) => {
  test("the file is whole before its manifest is there, and an acknowledgement confirms it", async () => {
    const root = dropFolder();
    const clock = new ManualClock();
    const sink = sinkOn(await open(root), clock);
    const plan = sink.plan(commandOf(anInvoice));
    const answer = await sink.submit(plan, context);
    expect(answer).toEqual({ status: "accepted", handle: String(clock.nowMs()) });
    const [data, manifest] = readdirSync(path.join(root, "outbound")).sort();
    expect(readdirSync(path.join(root, "outbound"))).toHaveLength(2);
    const said = JSON.parse(readFileSync(path.join(root, "outbound", manifest ?? ""), "utf8"));
    expect(said).toMatchObject({ fileName: data, rows: 3 });
    const handle = "handle" in answer ? answer.handle : "";
    expect(await sink.poll(plan, handle, context)).toEqual({ status: "pending" });
    writeFileSync(
      path.join(root, "ack", `${said.fileId}.ack`),
      JSON.stringify({
        fileId: said.fileId,
        status: "ACCEPTED",
        rows: [{ key: "trb-invoice:DE-000042", status: "ACCEPTED", erpDoc: "900042" }],
      }),
    );
    const confirmed = { status: "confirmed", erp: { id: "900042", number: "900042" } };
    expect(await sink.poll(plan, handle, context)).toEqual(confirmed);
    expect(await sink.lookUp(plan, context)).toMatchObject([{ erp: confirmed.erp }]);
    // Sent again although it has been taken: it is recognised, and nothing is written.
    expect(await sink.submit(plan, context)).toEqual(confirmed);
  });

  test("what is sent again has the same name and bytes", async () => {
    const root = dropFolder();
    const sink = sinkOn(await open(root));
    await sink.submit(sink.plan(commandOf(anInvoice)), context);
    const before = readdirSync(path.join(root, "outbound")).map((name) => [
      name,
      readFileSync(path.join(root, "outbound", name), "utf8"),
    ]);
    await sink.submit(sink.plan(commandOf(anInvoice)), { ...context, attempt: 2 });
    const after = readdirSync(path.join(root, "outbound")).map((name) => [
      name,
      readFileSync(path.join(root, "outbound", name), "utf8"),
    ]);
    expect(after).toEqual(before);
  });

  test("a refusal is a fault of its kind, and its word is not taken for that of the next attempt", async () => {
    const root = dropFolder();
    const sink = sinkOn(await open(root));
    const plan = sink.plan(commandOf(anInvoice));
    await sink.submit(plan, context);
    const name = readdirSync(path.join(root, "outbound")).find((file) => file.endsWith(".csv")) ?? "";
    const fileId = name.replace(".csv", "");
    writeFileSync(
      path.join(root, "ack", `${fileId}.ack`),
      JSON.stringify({
        fileId,
        status: "REJECTED",
        rows: [
          { key: "trb-invoice:DE-000042", status: "REJECTED", code: "NO-CUST", msg: "no customer acme" },
        ],
      }),
    );
    await expect(sink.poll(plan, "0", context)).rejects.toMatchObject({
      kind: "mapping",
      code: "NO-CUST",
      message: "rejected: trb-invoice:DE-000042: no customer acme",
    });
    expect(await sink.submit(plan, context)).toMatchObject({ status: "accepted" });
    expect(await sink.poll(plan, String(new ManualClock().nowMs()), context)).toEqual({ status: "pending" });
    expect(readdirSync(path.join(root, "ack"))).toEqual([`${fileId}.ack.superseded`]);
  });
});

test("without an acknowledgement in time the document is not found, and the file is sent again", async () => {
  const root = dropFolder();
  const clock = new ManualClock();
  const sink = sinkOn(directoryDrop(root), clock);
  const plan = sink.plan(commandOf(anInvoice));
  const answer = await sink.submit(plan, context);
  const handle = "handle" in answer ? answer.handle : "";
  await clock.advance(DEADLINE_MS);
  expect(await sink.poll(plan, handle, context)).toEqual({ status: "pending" });
  await clock.advance(1);
  await expect(sink.poll(plan, handle, context)).rejects.toMatchObject({
    kind: "version-conflict",
    code: "acknowledgement-missing",
  });
  expect(await sink.lookUp(plan, context)).toEqual([]);
  expect(await sink.submit(plan, context)).toMatchObject({ status: "accepted" });
});

test.each([
  ["of another form", '{"fileId":"x","status":"FINE"}', "acknowledgement-invalid"],
  ["another file's", '{"fileId":"x","status":"ACCEPTED"}', "acknowledgement-of-another-file"],
])("an acknowledgement that is %s confirms nothing", async (_name, text, code) => {
  const root = dropFolder();
  const sink = sinkOn(directoryDrop(root));
  const plan = sink.plan(commandOf(anInvoice));
  await sink.submit(plan, context);
  const name = readdirSync(path.join(root, "outbound")).find((file) => file.endsWith(".csv")) ?? "";
  writeFileSync(path.join(root, "ack", name.replace(".csv", ".ack")), text);
  await expect(sink.poll(plan, "0", context)).rejects.toMatchObject({ kind: "validation", code });
});

test("an acknowledgement that is being written is waited for", async () => {
  const root = dropFolder();
  const clock = new ManualClock();
  const sink = sinkOn(directoryDrop(root), clock);
  const plan = sink.plan(commandOf(anInvoice));
  await sink.submit(plan, context);
  const name = readdirSync(path.join(root, "outbound")).find((file) => file.endsWith(".csv")) ?? "";
  const fileId = name.replace(".csv", "");
  const file = path.join(root, "ack", `${fileId}.ack`);
  const handle = String(clock.nowMs());
  for (const text of ["", '{"fileId":"x","sta']) {
    writeFileSync(file, text);
    expect(await sink.poll(plan, handle, context)).toEqual({ status: "pending" });
    expect(await sink.lookUp(plan, context)).toEqual([]);
  }
  writeFileSync(file, JSON.stringify({ fileId, status: "ACCEPTED" }));
  expect(await sink.poll(plan, handle, context)).toMatchObject({ status: "confirmed" });
});

test("what the receiver refused for a time is sent again; what it refused for good is not found", async () => {
  const root = dropFolder();
  const sink = sinkOn(directoryDrop(root));
  const plan = sink.plan(commandOf(anInvoice));
  await sink.submit(plan, context);
  const name = readdirSync(path.join(root, "outbound")).find((file) => file.endsWith(".csv")) ?? "";
  const fileId = name.replace(".csv", "");
  for (const [code, kind] of [
    ["BUSY", "version-conflict"],
    ["NO-CUST", "mapping"],
  ]) {
    const rows = [{ key: "1", status: "REJECTED", code }];
    writeFileSync(
      path.join(root, "ack", `${fileId}.ack`),
      JSON.stringify({ fileId, status: "REJECTED", rows }),
    );
    await expect(sink.poll(plan, "0", context)).rejects.toMatchObject({ kind, code });
    expect(await sink.lookUp(plan, context)).toEqual([]);
  }
});

test("a customer whose data are changed back is another file than the first", () => {
  const sink = sinkOn(directoryDrop(dropFolder()));
  const idOf = (revision: number) =>
    Reflect.get(Object(sink.plan({ ...commandOf(aCustomer), revision }).request), "fileId");
  expect(idOf(1)).toMatch(/^CUS_[A-Za-z0-9.-]+_r1_[A-Za-z0-9.-]+_[0-9a-f]{8}$/);
  expect(idOf(3)).toBe(String(idOf(1)).replace("_r1_", "_r3_"));
});

test("a receiver that took a part of a document needs somebody to look, whatever its code says", async () => {
  const root = dropFolder();
  const sink = sinkOn(directoryDrop(root));
  const plan = sink.plan(commandOf(anInvoice));
  await sink.submit(plan, context);
  const name = readdirSync(path.join(root, "outbound")).find((file) => file.endsWith(".csv")) ?? "";
  const fileId = name.replace(".csv", "");
  const rows = [
    { key: "1", status: "ACCEPTED", erpDoc: "5" },
    { key: "2", status: "REJECTED", code: "NO-CUST" },
  ];
  writeFileSync(path.join(root, "ack", `${fileId}.ack`), JSON.stringify({ fileId, status: "PARTIAL", rows }));
  await expect(sink.poll(plan, "0", context)).rejects.toMatchObject({ kind: "validation", code: "NO-CUST" });
});

test("where nothing is acknowledged, a manifest that is there is a document that was sent", async () => {
  const root = dropFolder();
  const sink = sinkOn(directoryDrop(root), new ManualClock(), false);
  const plan = sink.plan(commandOf(anInvoice));
  expect(await sink.lookUp(plan, context)).toEqual([]);
  const confirmed = await sink.submit(plan, context);
  expect(confirmed).toMatchObject({ status: "confirmed" });
  expect(await sink.lookUp(plan, context)).toHaveLength(1);
});

describe("an SFTP server", () => {
  test("that fails or goes away has taken nothing, and is connected to again", async () => {
    const root = dropFolder();
    const { server, drop } = await sftp(root, true);
    const sink = sinkOn(drop);
    const plan = sink.plan(commandOf(anInvoice));
    server.failNextWrite();
    await expect(sink.submit(plan, context)).rejects.toMatchObject({ kind: "transient" });
    expect(readdirSync(path.join(root, "outbound")).filter((name) => !name.endsWith(".part"))).toEqual([]);
    server.cut();
    await expect(sink.submit(plan, context)).resolves.toMatchObject({ status: "accepted" });
    expect(server.connections()).toBeGreaterThan(1);
  });

  test("whose disk is full without a word has taken nothing", async () => {
    const root = dropFolder();
    const { server, drop } = await sftp(root, true);
    const sink = sinkOn(drop);
    server.failNextWrite(true);
    await expect(sink.submit(sink.plan(commandOf(anInvoice)), context)).rejects.toMatchObject({
      kind: "transient",
      message: expect.stringMatching(/kept 7 of \d+ bytes/),
    });
  });

  test("that is another one, or refuses the credentials, is told so without the password", async () => {
    const root = dropFolder();
    const { server } = await sftp(root, true);
    const { port, user, password, hostKeySha256 } = server;
    const base = { host: "127.0.0.1", port, user, root: "" };
    const other = sftpDrop({ ...base, password, hostKeySha256: "0".repeat(64) });
    await expect(
      sinkOn(other).submit(sinkOn(other).plan(commandOf(anInvoice)), context),
    ).rejects.toMatchObject({
      kind: "authentication",
      code: "host-key-different",
    });
    const refused = sftpDrop({ ...base, password: "guessed-password", hostKeySha256 });
    const fault: unknown = await sinkOn(refused)
      .lookUp(sinkOn(refused).plan(commandOf(anInvoice)), context)
      .catch((error: unknown) => error);
    expect(fault).toMatchObject({ kind: "authentication", code: "credentials-refused" });
    expect(String(fault)).not.toContain("guessed-password");
  });
});

test.each(kinds)("check of %s says which folder is missing", async (_name, open) => {
  const root = temporaryFolder();
  mkdirSync(path.join(root, "outbound"));
  const findings = await sinkOn(await open(root)).check([], context);
  expect(findings).toEqual([{ problem: "permission", message: expect.stringContaining("/ack") }]);
});
