import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DiscardPolicy } from "nats";
import { z } from "zod";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { controlStream, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { accountIn, publishRequests, writeProject } from "../../support/cli-fixture.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { testConnection } from "../../support/usage-reading.ts";
import { runCommand, WorkerProcess, type CommandResult } from "../../support/worker/worker-process.ts";

const PARTITIONS = 6;

const reconcileSchema = z.object({
  counts: z.object({ read: z.int(), accepted: z.int(), duplicate: z.int() }),
  messages: z.object({ messages: z.int() }),
  acceptedGaps: z.array(
    z.object({ partition: z.int(), lostMessages: z.int(), numberingOffset: z.int(), actor: z.string() }),
  ),
  streams: z.array(z.object({ stored: z.int(), processed: z.int(), waiting: z.int() })),
  balanced: z.boolean(),
});
const recoverSchema = z.object({
  partitions: z.array(
    z.object({
      partition: z.int(),
      starts: z.boolean(),
      position: z.int().nullable(),
      faults: z.array(z.object({ code: z.string(), message: z.string() })),
      pendingGaps: z.int(),
      proposal: z
        .object({
          refusal: z.string().optional(),
          resumeAt: z.int().optional(),
          lostMessages: z.int().optional(),
        })
        .nullable(),
    }),
  ),
});

let server: TestServer;
let connection: BrokerConnection;

beforeAll(async () => {
  server = await startNatsServer({ partitionCount: PARTITIONS });
  connection = await testConnection(server.url);
  await ensureTopology(connection, { partitionCount: PARTITIONS });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

/** A worker's project on one partition, each test on another. */
class Project {
  readonly partition: number;
  readonly account: string;
  readonly config: string;
  readonly stateDir: string;

  constructor(partition: number) {
    const folder = temporaryFolder();
    this.partition = partition;
    this.account = accountIn(partition, PARTITIONS);
    this.stateDir = join(folder, "state");
    this.config = writeProject(folder, {
      server: server.url,
      partitionCount: PARTITIONS,
      owned: [partition],
      accounts: [this.account],
    });
  }

  publish(first: number, last: number): Promise<void> {
    return publishRequests(connection, this.partition, this.account, first, last);
  }

  async reconcile(): Promise<z.output<typeof reconcileSchema> & { code: number | null }> {
    const { code, stdout, stderr } = await runCommand(["reconcile", "--config", this.config, "--json"]);
    if (stdout === "") throw new Error(stderr);
    return { code, ...reconcileSchema.parse(JSON.parse(stdout)) };
  }

  async recover(
    ...args: string[]
  ): Promise<z.output<typeof recoverSchema>["partitions"][number] & { code: number | null }> {
    const { code, stdout, stderr } = await runCommand([
      "recover",
      "--config",
      this.config,
      "--json",
      ...args,
    ]);
    if (stdout === "") throw new Error(stderr);
    const [finding] = recoverSchema.parse(JSON.parse(stdout)).partitions;
    if (finding === undefined) throw new Error("no partition");
    return { code, ...finding };
  }

  acceptGap(...args: string[]): Promise<CommandResult> {
    const decision = [
      "--accept-gap",
      "--partition",
      String(this.partition),
      "--actor",
      "ops",
      "--reason",
      "test",
    ];
    return runCommand(["recover", "--config", this.config, ...decision, ...args]);
  }

  /** Runs a worker until it has processed all that is stored, and stops it. */
  async process(): Promise<void> {
    const worker = new WorkerProcess({ config: this.config });
    try {
      await worker.until("all is processed", async () => {
        if (stoppedBy(worker) !== undefined) throw new Error("the partition has stopped");
        // A worker that runs knows what waits for it; a drain finishes and commits what it has taken.
        return (await worker.readyz())?.ready === true && (await worker.status())?.backlog === 0;
      });
      await worker.drain();
    } finally {
      await worker.kill();
    }
  }

  /** Runs a worker until its partition has stopped, meanwhile `during`, and stops it; the code it stopped with. */
  async stopsWith(during: () => Promise<void> = () => Promise.resolve()): Promise<string | undefined> {
    const worker = new WorkerProcess({ config: this.config });
    try {
      await worker.until("the partition has stopped", () => stoppedBy(worker) !== undefined);
      await during();
      return z.object({ code: z.string().optional() }).parse(stoppedBy(worker)).code;
    } finally {
      worker.send("SIGTERM");
      await worker.exited;
    }
  }
}

/** What the worker logged about a partition that stopped. */
const stoppedBy = (worker: WorkerProcess): WorkerProcess["log"][number] | undefined =>
  worker.log.find(({ msg }) => String(msg).includes("The partition has stopped"));

/**
 * Lets `work` happen and then puts streams back to what they were before: a broker that lost the end of what it had
 * acknowledged.
 */
async function losesWhat(streams: readonly string[], work: () => Promise<void>): Promise<void> {
  const folder = join(server.storeDir, "jetstream", "$G", "streams");
  const copy = temporaryFolder();
  await server.restart();
  for (const stream of streams) cpSync(join(folder, stream), join(copy, stream), { recursive: true });
  await reconnected();
  await work();
  await server.kill();
  for (const stream of streams) {
    rmSync(join(folder, stream), { recursive: true });
    cpSync(join(copy, stream), join(folder, stream), { recursive: true });
  }
  await server.restart();
  await reconnected();
}

async function reconnected(): Promise<void> {
  await connection.close();
  connection = await testConnection(server.url);
}

describe("recover", () => {
  test("a gap by retention: the worker stops, the gap is accepted and counted, the worker goes on", async () => {
    const project = new Project(0);
    await project.publish(1, 5);
    await project.process();
    expect(await project.recover()).toMatchObject({ code: 0, starts: true, position: 5, faults: [] });
    expect(await project.acceptGap()).toMatchObject({ code: 2 });

    await connection.manager.streams.update(usageStream(0), { max_msgs: 3, discard: DiscardPolicy.Old });
    await project.publish(6, 15);
    let refused: CommandResult | undefined;
    const code = await project.stopsWith(async () => {
      refused = await project.acceptGap();
    });
    expect(code).toBe("stream-gap");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("state-locked") });

    const found = await project.recover();
    expect(found).toMatchObject({ code: 1, starts: false, position: 5, pendingGaps: 0 });
    expect(found.faults.map((fault) => fault.code)).toEqual(["stream-gap"]);
    expect(found.proposal).toMatchObject({ resumeAt: 13, lostMessages: 7 });
    const text = await runCommand(["recover", "--config", project.config]);
    expect(text.stdout).toContain("Messages 6 to 12 were removed before they were processed.");

    expect(await project.acceptGap("--resume-at", "12")).toMatchObject({ code: 2 });
    expect(await project.acceptGap()).toMatchObject({ code: 0 });
    expect(await project.recover()).toMatchObject({ code: 0, starts: true, pendingGaps: 1 });
    await project.process();
    expect(await project.reconcile()).toMatchObject({
      code: 0,
      balanced: true,
      counts: { read: 8, accepted: 8, duplicate: 0 },
      messages: { messages: 8 },
      acceptedGaps: [{ partition: 0, lostMessages: 7, numberingOffset: 0, actor: "ops" }],
      streams: [{ stored: 15, processed: 15, waiting: 0 }],
    });
    const inspected = await runCommand(["inspect", "partitions", "--config", project.config, "--json"]);
    expect(JSON.parse(inspected.stdout)).toMatchObject([{ position: 15, lostMessages: 7 }]);
    expect(await project.recover()).toMatchObject({ code: 0, starts: true, pendingGaps: 0 });
  });

  test("a stream made anew: what was counted stays, its messages are read from the first", async () => {
    const project = new Project(1);
    await project.publish(1, 5);
    await project.process();
    await connection.manager.streams.delete(usageStream(1));
    expect(await project.recover()).toMatchObject({ code: 1, faults: [{ code: "stream-missing" }] });
    await ensureTopology(connection, { partitionCount: PARTITIONS });
    // Two that are counted already, two that are new.
    await project.publish(4, 7);
    expect(await project.stopsWith()).toBe("stream-recreated");
    expect((await project.recover()).proposal).toMatchObject({ resumeAt: 1, lostMessages: 0 });
    expect(await project.acceptGap()).toMatchObject({ code: 0 });
    await project.process();
    // Another start, now that the gap is part of the state.
    await project.publish(8, 8);
    await project.process();
    expect(await project.reconcile()).toMatchObject({
      code: 0,
      counts: { read: 10, accepted: 8, duplicate: 2 },
      acceptedGaps: [{ lostMessages: 0, numberingOffset: 5 }],
      streams: [{ stored: 5, processed: 5, waiting: 0 }],
    });
    const explained = await runCommand([
      "explain",
      "test",
      "request-7",
      "--config",
      project.config,
      "--json",
    ]);
    expect(JSON.parse(explained.stdout)).toMatchObject({
      findings: [{ outcome: "accepted", sequence: 9 }],
      windows: [{ meter: "requests", value: "8" }],
    });
  });

  test("a stream that lost its end, and was filled again: the operator says where to go on", async () => {
    const project = new Project(2);
    await project.publish(1, 6);
    await losesWhat([usageStream(2)], async () => {
      await project.publish(7, 10);
      await project.process();
    });
    expect(await project.stopsWith()).toBe("stream-rolled-back");
    expect((await project.recover()).proposal).toMatchObject({ resumeAt: 7, lostMessages: 0 });

    await project.publish(11, 16);
    expect(await project.stopsWith()).toBe("stream-refilled");
    const found = await project.recover();
    expect(found.faults.map((fault) => fault.code)).toEqual(["stream-refilled"]);
    expect(found.proposal?.resumeAt).toBeUndefined();
    expect(await project.acceptGap()).toMatchObject({ code: 2 });
    // One too early: it is recognised.
    expect(await project.acceptGap("--resume-at", "6")).toMatchObject({ code: 0 });
    await project.process();
    expect(await project.reconcile()).toMatchObject({
      code: 0,
      balanced: true,
      counts: { read: 17, accepted: 16, duplicate: 1 },
      acceptedGaps: [{ lostMessages: 0, numberingOffset: 5 }],
      streams: [{ stored: 12, processed: 12, waiting: 0 }],
    });
  });

  test("a state of before an accepted gap can't go on behind it", async () => {
    const project = new Project(3);
    await project.publish(1, 2);
    await project.process();
    const backup = join(temporaryFolder(), "state");
    cpSync(project.stateDir, backup, { recursive: true });
    await project.publish(3, 4);
    await project.process();
    await connection.manager.streams.delete(usageStream(3));
    await ensureTopology(connection, { partitionCount: PARTITIONS });
    expect(await project.acceptGap()).toMatchObject({ code: 0 });
    rmSync(project.stateDir, { recursive: true });
    cpSync(backup, project.stateDir, { recursive: true });
    const found = await project.recover();
    expect(found.faults.map((fault) => fault.code)).toEqual(["state-mismatch"]);
    expect(found.proposal?.refusal).toContain("restore a backup");
    expect(await project.stopsWith()).toBe("state-mismatch");
    expect(await project.acceptGap()).toMatchObject({ code: 2 });
  });

  test("a broker that lost the end of both logs: the state goes on, and so do its decisions", async () => {
    const project = new Project(4);
    await project.publish(1, 4);
    await project.process();
    await losesWhat([usageStream(4), controlStream(4)], async () => {
      await project.publish(5, 8);
      await project.process();
    });
    expect(await project.stopsWith()).toBe("stream-rolled-back");
    const found = await project.recover();
    expect(found.faults).toMatchObject([
      { message: expect.stringContaining("CONTROL_4 ends") },
      { message: expect.stringContaining("USAGE_4 ends") },
    ]);
    expect(found.proposal).toMatchObject({ resumeAt: 5, lostMessages: 0 });
    expect(await project.acceptGap()).toMatchObject({ code: 0 });
    expect(await project.recover()).toMatchObject({ code: 0, starts: true, pendingGaps: 1 });
    await project.publish(9, 10);
    await project.process();
    await project.publish(11, 11);
    await project.process();
    expect(await project.recover()).toMatchObject({ code: 0, starts: true, pendingGaps: 0, position: 11 });
    expect(await project.reconcile()).toMatchObject({
      code: 0,
      balanced: true,
      counts: { read: 11, accepted: 11 },
      acceptedGaps: [{ lostMessages: 0, numberingOffset: 4 }],
      streams: [{ stored: 7, processed: 7, waiting: 0 }],
    });
  });

  test("a broker that lost everything: the state goes on with new streams", async () => {
    const project = new Project(5);
    await project.publish(1, 4);
    await project.process();
    for await (const stream of connection.manager.streams.list()) {
      await connection.manager.streams.delete(stream.config.name);
    }
    // The worker makes the streams and stops.
    expect(await project.stopsWith()).toBe("stream-recreated");
    await project.publish(4, 6);
    expect((await project.recover()).proposal).toMatchObject({ resumeAt: 1, lostMessages: 0 });
    expect(await project.acceptGap()).toMatchObject({ code: 0 });
    await project.process();
    await project.publish(7, 7);
    await project.process();
    expect(await project.reconcile()).toMatchObject({
      code: 0,
      balanced: true,
      counts: { read: 8, accepted: 7, duplicate: 1 },
      acceptedGaps: [{ lostMessages: 0, numberingOffset: 4 }],
    });
  });
});
