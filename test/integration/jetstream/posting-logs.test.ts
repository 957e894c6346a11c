import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../src/model/clock.ts";
import type { LeaseBoard } from "../../../src/model/lease.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { openLeaseKeeper } from "../../../src/ingest/jetstream/lease-keeper.ts";
import { commandSubject, runnerLease } from "../../../src/ingest/jetstream/names.ts";
import { openCommandLog, openPostingLog } from "../../../src/ingest/jetstream/posting-logs.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import type { TestServer } from "../../support/nats-server.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const encoder = new TextEncoder();
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Short, and long enough for a renewal on a busy machine. */
const LEASE_MS = 1_500;

/** The machine's clock; what is scheduled waits while the holder is paused, as in a process that was stopped. */
function pausableClock(): Clock & { pause(): void; resume(): void } {
  let isPaused = false;
  let held: (() => void)[] = [];
  return {
    ...systemClock,
    schedule: (delayMs, task) =>
      systemClock.schedule(delayMs, () => {
        if (isPaused) held.push(task);
        else task();
      }),
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      isPaused = false;
      const tasks = held;
      held = [];
      for (const task of tasks) task();
    },
  };
}

describe("logs and leases of ERP connections", () => {
  let server: TestServer;
  let connection: BrokerConnection;
  let other: BrokerConnection;

  beforeAll(async () => {
    server = await startNatsServer({ partitionCount: 2 });
    connection = await testConnection(server.url);
    other = await testConnection(server.url, "other runner");
    await ensureTopology(connection, { partitionCount: 2, erpConnections: ["netsuite", "old.erp"] });
  });
  afterAll(async () => {
    await other.close();
    await connection.close();
    await server.stop();
  });

  async function keeper(
    owner: string,
    on: BrokerConnection,
    clock: Clock = systemClock,
  ): Promise<LeaseBoard> {
    return await openLeaseKeeper({
      connection: on,
      replicas: 1,
      clock,
      owner,
      leaseMs: LEASE_MS,
      onFault: (fault) => {
        throw fault;
      },
    });
  }

  test("commands of all partitions come in the order in which they were stored", async () => {
    const { jetstream } = connection;
    await jetstream.publish(commandSubject("old.erp", 1), encoder.encode("a"));
    await jetstream.publish(commandSubject("old.erp", 0), encoder.encode("b"));
    const log = openCommandLog(connection, "old.erp");
    expect(await log.identity()).toMatchObject({ firstSequence: 1, lastSequence: 2 });
    const read: string[] = [];
    const reader = await log.openReader(1);
    reader.start(async (messages) => {
      read.push(...messages.map(({ sequence, subject, data }) => `${sequence} ${subject} ${text(data)}`));
      await Promise.resolve();
    });
    await jetstream.publish(commandSubject("old.erp", 1), encoder.encode("c"));
    await waitUntil("three commands", () => read.length === 3);
    await reader.stop();
    expect(read).toEqual([
      "1 commands.old=2Eerp.1 a",
      "2 commands.old=2Eerp.0 b",
      "3 commands.old=2Eerp.1 c",
    ]);
  });

  test("of two runners that append at the same place one wins and the other learns of it", async () => {
    const mine = openPostingLog(connection, "netsuite");
    const theirs = openPostingLog(other, "netsuite");
    expect(await mine.append(encoder.encode("intent"), 0)).toBe(1);
    expect(await theirs.append(encoder.encode("acquired"), 1)).toBe(2);
    await expect(mine.append(encoder.encode("outcome"), 1)).rejects.toMatchObject({
      code: "posting-log-moved",
    });
    for (let sequence = 2; sequence < 300; sequence++)
      await theirs.append(encoder.encode(`${sequence}`), sequence);
    const pages: number[] = [];
    for await (const page of mine.readFrom(2)) pages.push(...page.map((message) => message.sequence));
    expect(pages).toEqual(Array.from({ length: 299 }, (_, i) => i + 2));
  });

  test("a lease that is renewed stays with its holder, and goes on at once when it is given up", async () => {
    const name = runnerLease("old.erp");
    const lease = await (await keeper("one", connection)).acquire(name, AbortSignal.timeout(30_000));
    const impatient = (await keeper("two", other)).acquire(name, AbortSignal.timeout(LEASE_MS * 2.5));
    await expect(impatient).rejects.toMatchObject({ name: "TimeoutError" });
    expect(lease.validUntilMs).toBeGreaterThan(systemClock.monotonicMs());
    const next = (await keeper("two", other)).acquire(name, AbortSignal.timeout(30_000));
    await lease.release();
    await lease.lost;
    const startedMs = systemClock.monotonicMs();
    const taken = await next;
    // It looks ten times within a lease, so it does not wait the lease out.
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(LEASE_MS);
    expect(taken.epoch).toBeGreaterThan(lease.epoch);
    expect(lease.validUntilMs).toBe(0);
    await taken.release();
  });

  test("a holder that is paused past its lease has lost it before another one has it", async () => {
    const clock = pausableClock();
    const name = runnerLease("netsuite");
    const lease = await (await keeper("one", connection, clock)).acquire(name, AbortSignal.timeout(30_000));
    clock.pause();
    const taken = await (await keeper("two", other)).acquire(name, AbortSignal.timeout(30_000));
    expect(lease.validUntilMs).toBeLessThan(systemClock.monotonicMs());
    expect(taken.epoch).toBeGreaterThan(lease.epoch);
    clock.resume();
    await lease.lost;
    expect(lease.validUntilMs).toBe(0);
    // The former holder's end takes nothing from the new one.
    await lease.release();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    expect(taken.validUntilMs).toBeGreaterThan(systemClock.monotonicMs());
    await taken.release();
  });

  test("many leases are looked at and taken one by one; what was given back or forgotten leaves nothing behind", async () => {
    const mine = await keeper("one", connection);
    const theirs = await keeper("two", other);
    const first = await mine.take("partition.0", undefined);
    const second = await theirs.take("partition.12", undefined);
    expect([first?.epoch, second?.epoch].every((epoch) => epoch !== undefined)).toBe(true);
    expect(await theirs.take("partition.0", undefined)).toBeUndefined();
    const seen = await theirs.look(["partition", "worker"]);
    expect(seen.map(({ name, owner }) => `${name} ${owner}`).sort()).toEqual([
      "partition.0 one",
      "partition.12 two",
    ]);
    const ofFirst = seen.find(({ name }) => name === "partition.0")!;
    // It is renewed meanwhile: neither taking nor forgetting what was seen does anything.
    await waitUntil("a renewal", async () =>
      (await theirs.look(["partition"])).some(
        ({ name, revision }) => name === "partition.0" && revision > ofFirst.revision,
      ),
    );
    expect(await theirs.take("partition.0", ofFirst)).toBeUndefined();
    await theirs.forget(ofFirst);
    expect(await theirs.look(["partition"])).toHaveLength(2);
    await first?.release();
    expect((await theirs.look(["partition"])).map(({ name }) => name)).toEqual(["partition.12"]);
    const subjects = async (): Promise<string[]> => {
      const { state } = await connection.manager.streams.info("KV_TRIBUTARY_LEASES", {
        subjects_filter: "$KV.TRIBUTARY_LEASES.partition.>",
      });
      return Object.keys(state.subjects ?? {});
    };
    expect(await subjects()).toEqual(["$KV.TRIBUTARY_LEASES.partition.12"]);
    await second?.release();
    await mine.look(["partition"]);
    expect(await subjects()).toEqual([]);
    const again = await theirs.take("partition.0", undefined);
    expect(again?.epoch).toBeGreaterThan(first?.epoch ?? Infinity);
    await again?.release();
  });
});
