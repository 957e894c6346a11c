import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect, type NatsConnection } from "nats";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { locateNatsServer } from "../../scripts/bootstrap/nats-server-locate.mjs";
import { accountToken, partitionOf } from "../../src/model/partition.ts";
import { startNatsServer, type TestServer } from "../support/nats-server.ts";

const PARTITION_COUNT = 7;
const BATCH_BYTES = 7 * 1024 * 1024;

let server: TestServer;
let connection: NatsConnection;

beforeEach(async () => {
  server = await startNatsServer({ partitionCount: PARTITION_COUNT });
  connection = await connect({ servers: server.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
});

afterEach(async () => {
  await connection.close();
  await server.stop();
});

it("places each account on the partition that the code computes, whatever the name holds", async () => {
  const accounts = [
    "acme.com",
    "a b",
    "*",
    ">",
    "ä€😀",
    "x".repeat(200),
    ...range(50).map((i) => `account-${i}`),
  ];
  const subscription = connection.subscribe("usage.*.*", { max: accounts.length });
  for (const account of accounts) {
    connection.publish(`usage.in.${accountToken(account)}.eu-west`, account);
  }
  const found: Record<string, string> = {};
  for await (const message of subscription) found[message.string()] = message.subject;
  const expected = accounts.map((account) => [
    account,
    `usage.${partitionOf(account, PARTITION_COUNT)}.eu-west`,
  ]);
  expect(found).toEqual(Object.fromEntries(expected));
});

it("takes a batch of several MB", async () => {
  const subscription = connection.subscribe("usage.0.eu", { max: 1 });
  connection.publish("usage.0.eu", new Uint8Array(BATCH_BYTES));
  const sizes: number[] = [];
  for await (const message of subscription) sizes.push(message.data.length);
  expect(sizes).toEqual([BATCH_BYTES]);
});

it("keeps acknowledged messages, ports and identity over a kill and a restart", async () => {
  const manager = await connection.jetstreamManager();
  const { created } = await manager.streams.add({ name: "USAGE_0", subjects: ["usage.0.*"] });
  await connection.jetstream().publish("usage.0.eu", "first");
  const firstPid = server.pid;
  await server.kill();
  expect(() => server.pid).toThrow("does not run");
  await server.restart();
  expect(server.pid).not.toBe(firstPid);

  const fresh = await connect({ servers: server.url });
  const info = await (await fresh.jetstreamManager()).streams.info("USAGE_0");
  await fresh.close();
  expect(info.state.messages).toBe(1);
  expect(info.created).toBe(created);
});

it("leaves neither process nor files behind", async () => {
  const other = await startNatsServer();
  const { pid, storeDir } = other;
  await other.stop();
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(dirname(storeDir))).toBe(false);
});

it("ends with the process that started it, even if that is killed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tributary-guard-"));
  const script = new URL("../../scripts/nats-server/process.mjs", import.meta.url).href;
  const owner = spawn(
    process.execPath,
    [
      "--input-type=module",
      "--eval",
      `import { startNatsServerProcess } from ${JSON.stringify(script)};
       const server = await startNatsServerProcess(${JSON.stringify({ binary: process.env["TRIBUTARY_NATS_SERVER"], directory })});
       console.log(server.pid());
       setInterval(() => undefined, 1000);`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = await once(owner.stdout.setEncoding("utf8"), "data");
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  owner.kill("SIGKILL");
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000 });
  await rm(directory, { recursive: true });
});

it("says what the log says when the server can't start", async () => {
  // Above what may be pending for a client (64 MB), a payload limit is refused by the server.
  await expect(startNatsServer({ maxPayload: 128 * 1024 * 1024 })).rejects.toThrow(
    /ended while it started[^]*max_payload/,
  );
  await expect(startNatsServer({ serverBinary: process.execPath })).rejects.toThrow("ended while it started");
  await expect(startNatsServer({ serverBinary: "/nowhere/nats-server" })).rejects.toThrow(
    "ended while it started",
  );
});

it("is found by the environment, and a server that can't be used is refused, not replaced", async () => {
  const named = process.env["TRIBUTARY_NATS_SERVER"] ?? "";
  const located = await locateNatsServer({ projectRoot: ".", env: { TRIBUTARY_NATS_SERVER: named } });
  expect(located).toMatchObject({ path: named, origin: "TRIBUTARY_NATS_SERVER" });
  await expect(
    locateNatsServer({ projectRoot: ".", env: { TRIBUTARY_NATS_SERVER: process.execPath } }),
  ).rejects.toThrow(/TRIBUTARY_NATS_SERVER names a server that can't be used: .* is not a nats-server/);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
