import { join } from "node:path";
import { rmSync, writeFileSync } from "node:fs";
import { DiscardPolicy, nanos } from "nats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { accountIn, publishRequests, writeProject } from "../../support/cli-fixture.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { runCommand, WorkerProcess } from "../../support/worker/worker-process.ts";

const PARTITIONS = 2;
const ACCOUNT = accountIn(0, PARTITIONS);

const doctorSchema = z.object({
  healthy: z.boolean(),
  findings: z.array(
    z.object({
      severity: z.string(),
      check: z.string(),
      of: z.array(z.string()),
      seen: z.string(),
      action: z.string(),
    }),
  ),
});

let server: TestServer;
let connection: BrokerConnection;
beforeAll(async () => {
  server = await startNatsServer({ partitionCount: PARTITIONS });
  connection = await testConnection(server.url);
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

function project(partitionCount = PARTITIONS): { config: string; folder: string } {
  const folder = temporaryFolder();
  const config = writeProject(folder, {
    server: server.url,
    partitionCount,
    owned: [0],
    accounts: [ACCOUNT],
  });
  return { config, folder };
}

async function doctor(...args: string[]): Promise<z.output<typeof doctorSchema> & { code: number | null }> {
  const { code, stdout, stderr } = await runCommand(["doctor", "--json", ...args]);
  if (stdout === "") throw new Error(stderr);
  return { code, ...doctorSchema.parse(JSON.parse(stdout)) };
}

const of = (report: z.output<typeof doctorSchema>, check: string): string[] =>
  report.findings
    .filter((finding) => finding.check === check)
    .map(({ severity, of, seen }) => `${severity} ${of.join(",")} ${seen}`);

test("doctor names missing streams, then a sound set-up, then each thing that can lose money", async () => {
  const { config } = project();
  const empty = await doctor("--config", config);
  expect(empty.code).toBe(1);
  expect(of(empty, "stream-exists")).toEqual([
    "critical ALERTS,CONTROL_0,CONTROL_1,DLQ,DOCUMENTS,RATED,REFERENCE,USAGE_0,USAGE_1 the stream does not exist",
  ]);
  expect(of(empty, "subject-mapping")[0]).toMatch(/^critical .*probes were not stored/);

  await ensureTopology(connection, { partitionCount: PARTITIONS });
  const blind = await doctor("--config", config);
  expect(blind).toMatchObject({ code: 0, healthy: true });
  expect(of(blind, "sync-interval")).toEqual(["warn  not visible to a client"]);
  expect(of(blind, "subject-mapping")).toEqual(["ok  24 probes were stored in their accounts' partitions"]);
  expect(of(blind, "clock")[0]).toMatch(/^ok/);
  expect(of(blind, "replicas")).toEqual(["warn USAGE_0,CONTROL_0,USAGE_1,CONTROL_1 one replica"]);
  expect(of(blind, "consumer")).toEqual(["warn partition 0 no consumer"]);
  // The test server waits a minute before it writes to the disk.
  const seeing = await doctor("--config", config, "--monitor", server.monitorUrl, "--skip-probes");
  expect(seeing).toMatchObject({ code: 1, healthy: false });
  expect(of(seeing, "sync-interval")).toEqual(["critical  acknowledged data may wait 1m for the disk"]);
  expect(of(seeing, "subject-mapping")).toEqual([]);
  expect(of(seeing, "storage-limit")[0]).toMatch(/^ok server/);

  const { streams } = connection.manager;
  await streams.update("USAGE_0", { max_age: nanos(3_600_000), duplicate_window: nanos(1_000) });
  await streams.update("USAGE_1", {
    max_msgs: 1_000,
    discard: DiscardPolicy.Old,
    max_msg_size: 64 * 1024 * 1024,
  });
  await streams.update("CONTROL_1", { max_bytes: 1024 * 1024 });
  const ill = await doctor("--config", config);
  expect(ill.code).toBe(1);
  expect(of(ill, "retention")).toEqual([
    "critical USAGE_0 usage is removed after 1h",
    "ok USAGE_1 usage is kept for ever",
  ]);
  expect(of(ill, "discard")[0]).toBe("critical USAGE_1 max_msgs 1000 with discard policy `old`");
  expect(of(ill, "control-limits")[0]).toBe("critical CONTROL_1 max_bytes 1MiB");
  expect(of(ill, "duplicate-window")[0]).toBe("warn USAGE_0 duplicate window of 1s");
  expect(of(ill, "message-size")[0]).toMatch(/^warn USAGE_1 messages up to 64MiB/);
  const text = await runCommand(["doctor", "--config", config, "--skip-probes"]);
  expect(text.stdout).toContain("CRITICAL  control-limits: max_bytes 1MiB (CONTROL_1)");
  expect(text.stdout).toMatch(/3 critical, \d+ to look at, \d+ in order\./);
});

test("doctor finds a mapping for another partition count, and a server that is not there", async () => {
  await ensureTopology(connection, { partitionCount: 3 });
  const { config } = project(3);
  expect(of(await doctor("--config", config), "subject-mapping")[0]).toMatch(
    /^critical .*were stored in another partition/,
  );
  const gone = await runCommand(["doctor", "--config", config, "--json"], {
    TRIBUTARY__NATS__SERVERS: "nats://127.0.0.1:1",
  });
  expect(gone.code).toBe(1);
  expect(of(doctorSchema.parse(JSON.parse(gone.stdout)), "connection")[0]).toMatch(/^critical/);
  expect(await runCommand(["doctor", "--config", config, "--monitor", "nonsense"])).toMatchObject({
    code: 2,
  });
  const notNats = await runCommand(["doctor", "--config", config, "--monitor", "http://127.0.0.1:1"]);
  expect(notNats.code).toBe(1);
  expect(notNats.stderr).toContain("No NATS monitoring");
});

test("validate --connect compares the catalog with the one in effect", async () => {
  const { config, folder } = project();
  const before = await runCommand(["validate", "--config", config, "--connect", "--json"]);
  expect(before.code).toBe(0);
  expect(JSON.parse(before.stdout)).toMatchObject({
    connected: { inEffect: [{ version: null, partitions: [0, 1] }] },
  });
  const worker = new WorkerProcess({ config });
  await worker.ready();
  await publishRequests(connection, 0, ACCOUNT, 1, 1);
  await worker.drain();
  const same = await runCommand(["validate", "--config", config, "--connect"]);
  expect(same.stdout).toContain("The catalog is in effect already in partition 0.");

  const customer = JSON.stringify({ id: "other", name: "Other" });
  writeFileSync(join(folder, "catalog/customers/other.json"), customer);
  const grown = await runCommand(["validate", "--config", config, "--connect"]);
  expect(grown).toMatchObject({ code: 0, stderr: "" });
  expect(grown.stdout).toContain("customers added: other");
  expect(grown.stdout).toContain("warning: customers/other: has no contract");

  // A meter with usage can't go, and a version of a plan stays what it is.
  rmSync(join(folder, "catalog/meters/requests.json"));
  writeFileSync(
    join(folder, "catalog/meters/logins.json"),
    JSON.stringify({ key: "logins", event_type: "login", aggregation: "count" }),
  );
  const plan = { key: "standard", version: 1, currency: "EUR", prices: [] };
  writeFileSync(join(folder, "catalog/plans/standard.json"), JSON.stringify(plan));
  const broken = await runCommand(["validate", "--config", config, "--connect", "--json"]);
  expect(broken.code).toBe(2);
  expect(JSON.parse(broken.stdout)).toMatchObject({
    valid: false,
    faults: [
      {
        in: "catalog in effect",
        path: "partition 0",
        message: "meter requests is missing: meters with usage can't be removed",
      },
      {
        in: "catalog in effect",
        path: "partition 0",
        message: "plan standard@1 has changed: raise its version",
      },
    ],
  });
});
