import { afterEach, expect, test } from "vitest";
import { controlStream, operatorSubject } from "../../../src/ingest/jetstream/names.ts";
import { askOperator } from "../../../src/ingest/jetstream/operator-channel.ts";
import { openControlLog } from "../../../src/ingest/jetstream/control-log.ts";
import { decodeControl, type CloseRecord } from "../../../src/model/control.ts";
import { sha256 } from "../../../src/cli/compose/partition-worker.ts";
import { requestDecision } from "../../../src/cli/operator-client.ts";
import { hexOfBytes } from "../../../src/pipeline/accepted-gaps.ts";
import { decodeAnswer } from "../../../src/pipeline/operations/operator-answer.ts";
import { MAX_REQUEST_BYTES } from "../../../src/pipeline/operations/operator-desk.ts";
import { Bench } from "../../support/worker/bench.ts";
import { HOUR_MS } from "../../support/worker/usage-catalog.ts";
import { runCommand, type WorkerProcess } from "../../support/worker/worker-process.ts";

const TIMEOUT_MS = 10_000;
const encoder = new TextEncoder();
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

const closeAt = (request: string, upToMs: number) => ({
  kind: "close",
  request,
  actor: "ops",
  reason: "us is down",
  upToMs,
});

/** Records of operators' closes in a partition's control log, with their bytes. */
async function closes(partition: number): Promise<{ record: CloseRecord; data: Uint8Array }[]> {
  const messages = await openControlLog(bench.connection, partition).readFrom(1);
  return messages.flatMap(({ data }) => {
    const record = decodeControl(data);
    return record.kind === "close" ? [{ record, data }] : [];
  });
}

/** A worker that says that it is ready has asked the broker for requests; the broker may not have heard of it yet. */
async function listens(worker: WorkerProcess): Promise<void> {
  await worker.ready();
  const partitions = Array.from({ length: bench.partitionCount }, (_, partition) => partition);
  const ask = (partition: number) =>
    askOperator(bench.connection, partition, encoder.encode("no request"), TIMEOUT_MS);
  await worker.until("requests reach it", async () =>
    (await Promise.all(partitions.map(ask))).every(({ outcome }) => outcome === "answered"),
  );
}

const command = (...args: string[]) =>
  runCommand(
    ["close", "watermark", "--actor", "ops", "--reason", "us is down", ...args].concat([
      "--config",
      bench.workspace.config(),
    ]),
  );

test("a close reaches the control logs through their owners, on threads too; a second one is chained to it", async () => {
  bench = await Bench.start(3);
  const { workspace, connection } = bench;
  const upToMs = Math.floor(bench.endMs / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
  const before = await command("--up-to", new Date(upToMs).toISOString());
  expect(before.code).toBe(1);
  expect(before.stdout).toContain("operator-no-owner: No worker owns partition 2");

  const worker = workspace.start({ threads: 2 });
  await listens(worker);
  const first = await command("--up-to", new Date(upToMs).toISOString(), "--json");
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({
    decided: true,
    partitions: [0, 1, 2].map((partition) => ({ partition, decided: true, repeated: false, fault: null })),
  });
  await worker.until("the watermarks have moved", async () => {
    const partitions = (await worker.status())?.partitions ?? [];
    return partitions.every(({ watermark }) => watermark === new Date(upToMs - 1).toISOString());
  });
  const again = await command("--up-to", new Date(upToMs).toISOString());
  expect(again.code).toBe(1);
  expect(again.stdout).toContain("watermark-passed");
  const second = await command("--up-to", new Date(upToMs + HOUR_MS).toISOString(), "--partition", "1");
  expect([second.code, second.stdout]).toEqual([
    0,
    expect.stringMatching(/^Partition 1: decided, control record \d+\.\n$/),
  ]);

  expect((await closes(0)).map(({ record }) => record)).toMatchObject([
    { kind: "close", upToMs, actor: "ops", reason: "us is down", previous: "" },
  ]);
  const [one, two] = await closes(1);
  expect(two?.record.previous).toBe(hexOfBytes(sha256(one?.data ?? new Uint8Array(0))));
  await worker.drain();
  // Nobody listens any more.
  await expect(
    requestDecision(connection, 0, closeAt("after-drain", upToMs + HOUR_MS), TIMEOUT_MS),
  ).rejects.toMatchObject({
    code: "operator-no-owner",
  });
});

test("a request is decided once, whatever is asked again or can't be read", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const worker = workspace.start();
  await listens(worker);
  const upToMs = bench.endMs - 3 * HOUR_MS;
  const ask = (request: Parameters<typeof requestDecision>[2]) =>
    requestDecision(connection, 0, request, TIMEOUT_MS);
  const first = await ask(closeAt("request-1", upToMs));
  const repeated = await ask(closeAt("request-1", upToMs));
  expect(repeated).toEqual({ ...first, repeated: true });
  const refusal = (reason: string) => ({ code: "operator-refused", details: { partition: 0, reason } });
  await expect(ask(closeAt("request-1", upToMs + 1))).rejects.toMatchObject(refusal("request-reused"));
  await expect(ask(closeAt("request-2", Date.now() + HOUR_MS))).rejects.toMatchObject(
    refusal("in-the-future"),
  );
  await expect(ask(closeAt("short", upToMs))).rejects.toMatchObject(refusal("request-invalid"));
  await expect(ask({ ...closeAt("request-3", upToMs + 1), kind: "genesis" })).rejects.toMatchObject(
    refusal("request-invalid"),
  );
  const raw = async (data: Uint8Array): Promise<unknown> =>
    decodeAnswer((await connection.client.request(operatorSubject(0), data, { timeout: TIMEOUT_MS })).data);
  const valid = JSON.stringify(closeAt("request-4", upToMs + 1));
  const faulty: [Uint8Array, string][] = [
    [encoder.encode(valid.replace("}", ',"more":1}')), "request-invalid"],
    [encoder.encode("{"), "request-invalid"],
    [new Uint8Array([0xff]), "request-invalid"],
    [new Uint8Array(MAX_REQUEST_BYTES + 1), "request-too-large"],
  ];
  for (const [data, reason] of faulty) expect(await raw(data)).toMatchObject({ outcome: "refused", reason });
  expect(await closes(0)).toHaveLength(1);

  // Asked all at once: each is decided or told that too many wait.
  const many = await Promise.allSettled(
    Array.from({ length: 40 }, (_, n) => ask(closeAt(`request-many-${n}`, upToMs + 2 + n))),
  );
  const decided = many.filter(({ status }) => status === "fulfilled").length;
  expect(decided).toBeGreaterThan(0);
  expect(await closes(0)).toHaveLength(1 + decided);
  await worker.drain();
});

test("a worker that dies between the record and the answer: the same request gets the same answer", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  // The log's first records are genesis, owner and catalog.
  const dying = workspace.start({ failpoint: { point: "after-control-append", visit: 4 } });
  await listens(dying);
  const request = closeAt("request-of-a-dying-worker", bench.endMs - HOUR_MS);
  const unanswered = requestDecision(connection, 0, request, 3_000);
  await expect(unanswered).rejects.toMatchObject({
    code: "operator-answer-unknown",
    message: expect.stringContaining(controlStream(0)),
  });
  await dying.crashed();
  const worker = workspace.start();
  await listens(worker);
  const answer = await requestDecision(connection, 0, request, TIMEOUT_MS);
  expect(answer).toMatchObject({
    controlSequence: 4,
    repeated: true,
    record: { ...request, appliesAfter: 0 },
  });
  expect(await closes(0)).toHaveLength(1);
  await worker.drain();
  // The id is in the log: also a state that is lost knows it.
  workspace.removeState();
  const rebuilt = workspace.start();
  await listens(rebuilt);
  expect(await requestDecision(connection, 0, request, TIMEOUT_MS)).toEqual(answer);
  await rebuilt.drain();
});

test("a former owner stays silent; the owner answers", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const former = workspace.start({ workerName: "former", state: "former" });
  await former.ready();
  // It does nothing by which it could find out, and listens still.
  const successor = workspace.start({ workerName: "successor", state: "successor" });
  await successor.ready();
  const answers: unknown[] = [];
  const refused = encoder.encode(JSON.stringify(closeAt("request-too-early", Date.now() + HOUR_MS)));
  const heard = await connection.client.requestMany(operatorSubject(0), refused, { maxWait: 1_000 });
  for await (const { data } of heard) answers.push(decodeAnswer(data));
  expect(answers).toEqual([expect.objectContaining({ outcome: "refused", reason: "in-the-future" })]);
  const answer = await requestDecision(
    connection,
    0,
    closeAt("request-to-two-workers", bench.endMs - HOUR_MS),
    TIMEOUT_MS,
  );
  const log = await openControlLog(connection, 0).readFrom(1);
  const records = log.map(({ data }) => decodeControl(data));
  expect(records.findLast(({ kind }) => kind === "acquired")).toMatchObject({ worker: "successor" });
  expect(answer).toMatchObject({ repeated: false, controlSequence: records.length });
  expect(records.at(-1)).toMatchObject({ kind: "close", request: "request-to-two-workers" });
  await successor.drain();
  await former.drain();
});
