import { execFile } from "node:child_process";
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { Producer } from "../../../src/producer/index.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { PROJECT_ROOT, readProjectFile } from "../../support/project-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { DEADLINE_MS } from "../../support/wait-until.ts";

const run = promisify(execFile);
const PARTITIONS = 16;
const DOCUMENTED_SERVER = "nats://127.0.0.1:4222";

let server: TestServer;
let connection: BrokerConnection;

beforeEach(async () => {
  server = await startNatsServer({ partitionCount: PARTITIONS });
  connection = await testConnection(server.url);
  await ensureTopology(connection, { partitionCount: PARTITIONS });
});

afterEach(async () => {
  await connection.close();
  await server.stop();
});

/** What is stored in all partitions: events, and manifests that are the producers' last. */
async function stored(): Promise<{ events: string[]; lastManifests: number }> {
  const decoder = createDecoder("00112233445566778899aabbccddeeff");
  const events: string[] = [];
  let lastManifests = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const log = openUsageLog(connection, partition);
    const { lastSequence } = await log.identity();
    if (lastSequence === 0) continue;
    for await (const message of log.readRange(1, lastSequence)) {
      const { batch } = decoder.decode([message]);
      if (batch.numbered[0]?.manifest?.isLast === true) lastManifests++;
      for (let row = 0; row < batch.count; row++) events.push(decoder.eventText(message, row));
    }
  }
  return { events, lastManifests };
}

test("the example sends a file once, and what is added to it", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "usage.ndjson");
  const line = (n: number): string =>
    JSON.stringify({
      source: "meter",
      type: "web.request",
      account: `a-${n % 9}`,
      timeMs: Date.now(),
      data: { bytes: n },
    });
  const send = async (): Promise<string> => {
    const script = join(PROJECT_ROOT, "examples/numbered-producer/send.mjs");
    const { stdout } = await run(process.execPath, [script, server.url, join(folder, "spool"), file], {
      cwd: folder,
    });
    return stdout;
  };
  writeFileSync(file, `${Array.from({ length: 1_300 }, (_, n) => line(n)).join("\n")}\n`);
  expect(await send()).toMatch(/^sent 1300 events as epoch \d+$/m);
  expect(await send()).toMatch(/^sent 0 events/);
  appendFileSync(file, `${line(1_300)}\n`);
  expect(await send()).toMatch(/^sent 1 events/);
  const { events, lastManifests } = await stored();
  const bytes = events.map((text) => Number(JSON.parse(text).data.bytes)).sort((a, b) => a - b);
  expect(bytes).toEqual(Array.from({ length: 1_301 }, (_, n) => n));
  expect(lastManifests).toBe(3 * PARTITIONS);
});

test("the page's program works as it is written", async () => {
  const [, program = ""] = /```ts\n([^]*?)```/.exec(readProjectFile("docs/producer.md")) ?? [];
  expect(program).toContain(DOCUMENTED_SERVER);
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(PROJECT_ROOT, join(folder, "node_modules/tributary"));
  writeFileSync(join(folder, "page.mjs"), program.replace(DOCUMENTED_SERVER, server.url));
  await run(process.execPath, ["page.mjs"], { cwd: folder });
  expect((await stored()).events).toHaveLength(1);
});

test("a producer outlives a broker that is away, bounds what it keeps, and refuses what is not its own", async () => {
  const folder = join(temporaryFolder(), "spool");
  const options = { producer: "p", region: "eu", folder, partitionCount: PARTITIONS, lingerMs: 5 };
  const broker = { servers: [server.url], name: "test" };
  const event = {
    source: "s",
    type: "t",
    account: "a",
    timeMs: Date.now(),
    data: { text: "x".repeat(1_000) },
  };
  const retries: Error[] = [];
  const producer = await Producer.open({
    ...options,
    broker,
    maxUnsentBytes: 5_000,
    onRetry: (fault) => retries.push(fault),
  });
  await producer.send([event], "1");
  await producer.flush();
  expect(producer.unsent).toEqual({ messages: 0, bytes: 0 });
  await expect(producer.send([event])).rejects.toMatchObject({ code: "usage-invalid" });
  await expect(producer.announce(1)).rejects.toMatchObject({ code: "usage-invalid" });
  await expect(Producer.open({ ...options, broker })).rejects.toMatchObject({ code: "state-locked" });

  await server.kill();
  // Each commit holds one event: the sixth waits for room until the broker is back.
  for (let n = 2; n <= 6; n++) {
    await producer.send([event], String(n));
    await producer.commit();
  }
  expect(producer.position).toBe("6");
  let isTaken = false;
  const waiting = producer.send([event], "7").then(() => (isTaken = true));
  await expect.poll(() => retries.length, { timeout: DEADLINE_MS }).toBeGreaterThan(0);
  expect(isTaken).toBe(false);
  await server.restart();
  await waiting;
  await producer.flush();
  await producer.close();
  await expect(producer.send([event], "8")).rejects.toMatchObject({ code: "usage-invalid" });
  expect((await stored()).events).toHaveLength(7);

  await expect(Producer.open({ ...options, broker, producer: "q" })).rejects.toMatchObject({
    code: "state-mismatch",
  });
  // What was not flushed is the next process's.
  const second = await Producer.open({ ...options, broker });
  expect([second.position, second.epoch]).toEqual(["7", producer.epoch]);
  await second.send([event], "8");
  await second.close({ flush: false });
  const third = await Producer.open({ ...options, broker: connection });
  await third.close();
  expect(third.position).toBe("8");
  expect(new Set((await stored()).events).size).toBe(8);

  // In another region it goes on under the same numbers; once it has announced, that one would wait for its word.
  const moved = await Producer.open({ ...options, region: "us", broker: connection, manifests: true });
  expect(moved.position).toBe("8");
  await moved.send([event], "9");
  await moved.announce(Date.now());
  await moved.close();
  await expect(Producer.open({ ...options, broker: connection })).rejects.toMatchObject({
    code: "state-mismatch",
    message: expect.stringContaining("region us, not eu"),
  });
});
