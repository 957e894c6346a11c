import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { millis, nanos } from "nats";
import { connectBroker, isAtLeast } from "../../../src/ingest/jetstream/connection.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { PROBE_TYPE } from "../../../src/model/content-types.ts";
import { controlStream, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { probeMapping, subjectMappingSnippet } from "../../../src/ingest/jetstream/subject-mapping.ts";
import { checkTopology, ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { accountToken } from "../../../src/model/partition.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { DEADLINE_MS } from "../../support/wait-until.ts";

const PARTITIONS = 16;
/** RATED, DLQ, ALERTS, DOCUMENTS, REFERENCE. */
const SHARED_STREAMS = 5;

describe("streams and subject mapping", () => {
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

  test("without streams a probe reports that nothing took it", async () => {
    const [probe] = await probeMapping(connection, {
      partitionCount: PARTITIONS,
      tokens: ["acme"],
      region: "probe",
    });
    expect(probe?.actualStream).toBeUndefined();
    expect(probe?.fault).toContain("usage.in");
  });

  test("are created once, and a second call finds nothing to do", async () => {
    const before = await checkTopology(connection, { partitionCount: PARTITIONS });
    expect(before.differences).toHaveLength(2 * PARTITIONS + SHARED_STREAMS);
    const first = await ensureTopology(connection, { partitionCount: PARTITIONS });
    expect(first.created).toHaveLength(2 * PARTITIONS + SHARED_STREAMS);
    expect(first.created).toContain(usageStream(15));
    expect(first.differences).toEqual([]);
    const second = await ensureTopology(connection, { partitionCount: PARTITIONS });
    expect(second).toEqual({ created: [], sourced: [], differences: [] });
  });

  test("several may create what is missing at once, as threads of a worker that starts do", async () => {
    const options = {
      partitionCount: PARTITIONS,
      legalEntities: Array.from({ length: 12 }, (_, at) => `e${at}`),
    };
    const others = await Promise.all([1, 2, 3].map(() => testConnection(server.url)));
    const reports = await Promise.all([connection, ...others].map((each) => ensureTopology(each, options)));
    expect(reports.flatMap(({ differences }) => differences)).toEqual([]);
    expect(new Set(reports.flatMap(({ created }) => created)).size).toBe(12);
    expect(await ensureTopology(connection, options)).toEqual({ created: [], sourced: [], differences: [] });
    await Promise.all(others.map((each) => each.close()));
  });

  test("differences of an existing stream are reported and left alone", async () => {
    await connection.manager.streams.update(usageStream(3), { max_msgs: 1000, max_msg_size: 100_000 });
    const report = await ensureTopology(connection, { partitionCount: PARTITIONS });
    expect(report.created).toEqual([]);
    expect(report.differences).toEqual([
      { stream: "USAGE_3", setting: "max_msg_size", expected: 4 * 1024 * 1024, actual: 100_000 },
      { stream: "USAGE_3", setting: "max_msgs", expected: -1, actual: 1000 },
    ]);
    const { config } = await connection.manager.streams.info(usageStream(3));
    expect(config.max_msgs).toBe(1000);
    await connection.manager.streams.update(usageStream(3), {
      max_msgs: -1,
      max_msg_size: 4 * 1024 * 1024,
    });
  });

  test("a region is added to streams that exist, and never taken away", async () => {
    const eu = { region: "eu", domain: "eu" };
    const us = { region: "us", domain: "us-east" };
    const first = await ensureTopology(connection, { partitionCount: PARTITIONS, regions: [eu] });
    expect(first).toMatchObject({ created: [], differences: [] });
    expect(first.sourced).toHaveLength(PARTITIONS);
    const both = { partitionCount: PARTITIONS, regions: [us, eu] };
    expect(await checkTopology(connection, both)).toMatchObject({ sourced: [] });
    expect((await ensureTopology(connection, both)).sourced).toHaveLength(PARTITIONS);
    expect(await ensureTopology(connection, both)).toEqual({ created: [], sourced: [], differences: [] });
    const { config } = await connection.manager.streams.info(usageStream(3));
    expect(
      config.sources?.map(({ name, filter_subject, external }) => [name, filter_subject, external?.api]),
    ).toEqual([
      ["USAGE_IN_eu", "usage.3.eu", "$JS.eu.API"],
      ["USAGE_IN_us", "usage.3.us", "$JS.us-east.API"],
    ]);
    expect(millis(config.duplicate_window)).toBe(100);
    const without = await ensureTopology(connection, { partitionCount: PARTITIONS });
    expect(without.sourced).toEqual([]);
    expect(new Set(without.differences.map(({ setting }) => setting))).toEqual(
      new Set(["duplicate_window", "sources"]),
    );
    for (let partition = 0; partition < PARTITIONS; partition++)
      await connection.manager.streams.update(usageStream(partition), {
        sources: [],
        duplicate_window: nanos(120_000),
      });
  });

  test("nobody can make a hole in a log", async () => {
    await connection.jetstream.publish("control.0", "{}");
    await expect(connection.manager.streams.purge(controlStream(0))).rejects.toThrow(/purge/);
    await expect(connection.manager.streams.deleteMessage(controlStream(0), 1)).rejects.toThrow(/delete/);
  });

  test("the server places 1,000 accounts where our hash does", async () => {
    const odd = [
      "acme.com",
      "a b",
      "*",
      ">",
      "Ünïcödé GmbH",
      "日本電気",
      "💶",
      "a/b\\c",
      "%41",
      "tab\there",
      "x".repeat(200),
    ];
    const accounts = [
      ...odd,
      ...Array.from({ length: 1000 - odd.length }, (_, i) => `account ${i * 7919}.example/${i}`),
    ];
    const probes = await probeMapping(connection, {
      partitionCount: PARTITIONS,
      tokens: accounts.map(accountToken),
      region: "probe",
    });
    expect(probes).toHaveLength(1000);
    expect(probes.filter((probe) => probe.actualStream !== probe.expectedStream)).toEqual([]);
    expect(new Set(probes.map((probe) => probe.actualStream)).size).toBe(PARTITIONS);
    const stored = await openUsageLog(connection, 5).messageAt(1);
    expect(stored).toMatchObject({ subject: "usage.5.probe", contentType: PROBE_TYPE });
  });

  test("a mapping for another partition count is found out", async () => {
    const tokens = Array.from({ length: 40 }, (_, i) => `account-${i}`);
    const probes = await probeMapping(connection, { partitionCount: 12, tokens, region: "probe" });
    expect(probes.some((probe) => probe.actualStream !== probe.expectedStream)).toBe(true);
  });

  test("the snippet is the mapping that the server runs with", () => {
    expect(subjectMappingSnippet(PARTITIONS)).toBe(
      'mappings = {\n  "usage.in.*.*": "usage.{{partition(16,1)}}.{{wildcard(2)}}"\n}\n',
    );
  });

  test("the creation time of a stream keeps its nanoseconds across a restart", async () => {
    const before = await openUsageLog(connection, 0).identity();
    expect(before.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7,9}Z$/);
    const other = await startNatsServer({ partitionCount: 1 });
    try {
      const first = await testConnection(other.url);
      await ensureTopology(first, { partitionCount: 1 });
      const created = await openUsageLog(first, 0).identity();
      expect(created).toMatchObject({ firstSequence: 1, lastSequence: 0 });
      await first.close();
      await other.restart();
      const second = await testConnection(other.url);
      expect(await openUsageLog(second, 0).identity()).toEqual(created);
      await second.close();
    } finally {
      await other.stop();
    }
  });
});

describe("connecting", () => {
  test("a server that is not there is broker-unreachable, and no secret is in the fault", async () => {
    const attempt = connectBroker({
      servers: ["nats://user:hunter2@127.0.0.1:1"],
      name: "test",
      user: "user",
      password: "hunter2",
    });
    const fault: unknown = await attempt.catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: "broker-unreachable" });
    expect(
      fault instanceof Error && `${fault.message} ${fault.stack} ${JSON.stringify(fault)}`,
    ).not.toContain("hunter2");
  });

  test("versions are compared by their numbers", () => {
    expect(isAtLeast("2.10.23", "2.10.23")).toBe(true);
    expect(isAtLeast("2.10.9", "2.10.23")).toBe(false);
    expect(isAtLeast("2.9.25", "2.10.23")).toBe(false);
    expect(isAtLeast("2.12.0-RC.1", "2.10.23")).toBe(true);
    expect(isAtLeast("", "2.10.23")).toBe(false);
  });

  test("status changes are told, and close ends the connection", async () => {
    const server = await startNatsServer();
    try {
      const connection = await testConnection(server.url);
      const seen: string[] = [];
      connection.onStatus((status) => seen.push(status));
      await server.restart();
      await expect.poll(() => seen, { timeout: DEADLINE_MS }).toContain("connected");
      expect(seen[0]).toBe("disconnected");
      expect(seen).toContain("reconnecting");
      await connection.close();
      expect(connection.status).toBe("closed");
    } finally {
      await server.stop();
    }
  });
});
