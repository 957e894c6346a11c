import { DiscardPolicy } from "nats";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { consumerName, controlStream, usageStream } from "../../../src/ingest/jetstream/names.ts";
import { Bench } from "../../support/worker/bench.ts";
import { runCommand, type WorkerProcess } from "../../support/worker/worker-process.ts";
import { settle } from "../../support/worker/workspace.ts";

/** Longer than the test: nothing is committed and acknowledged while it looks. */
const NO_CHECKPOINT = "5m";
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** As KEDA's scaler for JetStream reads a consumer's lag (`getMaxMsgLag` in its pkg/scalers/nats_jetstream_scaler.go). */
const jszSchema = z.object({
  account_details: z.array(
    z.object({
      name: z.string(),
      stream_detail: z.array(
        z.object({
          name: z.string(),
          state: z.object({ messages: z.number(), last_seq: z.number() }),
          consumer_detail: z
            .array(z.object({ name: z.string(), num_pending: z.number(), num_ack_pending: z.number() }))
            .optional(),
        }),
      ),
    }),
  ),
});

async function lagForScaler() {
  const url = `${bench.server.monitorUrl}/jsz?acc=$G&consumers=true&config=true`;
  const { account_details: accounts } = jszSchema.parse(await (await fetch(url)).json());
  const stream = accounts
    .find(({ name }) => name === "$G")
    ?.stream_detail.find(({ name }) => name === usageStream(0));
  const consumer = stream?.consumer_detail?.find(({ name }) => name === consumerName(0));
  if (consumer === undefined)
    return { lag: stream?.state.last_seq, pending: undefined, unacknowledged: undefined };
  const { num_pending: pending, num_ack_pending: unacknowledged } = consumer;
  return { lag: pending + unacknowledged, pending, unacknowledged };
}

const retentionOf = async (worker: WorkerProcess) => (await worker.status())?.partitions[0]?.retention ?? [];

test("limits are told before they overtake a worker, and the backlog shows in the broker's own figures", async () => {
  bench = await Bench.start(1);
  const { workspace, connection } = bench;
  const load = bench.load({ seed: 3, events: 900 });
  const third = Math.floor(load.length / 3);
  await bench.publish(load.slice(0, third));
  // Nobody has read yet: a scaler takes all that was ever stored for the lag.
  expect(await lagForScaler()).toEqual({ lag: third, pending: undefined, unacknowledged: undefined });
  const first = workspace.start();
  await settle(workspace, first, connection);
  await first.until("all is acknowledged", async () => (await lagForScaler()).lag === 0);
  await first.drain();
  await bench.publish(load.slice(third, 2 * third));
  expect(await lagForScaler()).toEqual({ lag: third, pending: third, unacknowledged: 0 });

  // A worker that commits nothing: what it has read is not pending any more, and still lag.
  const { streams } = connection.manager;
  const maxMessages = Math.floor(third / 0.6);
  await streams.update(usageStream(0), { max_msgs: maxMessages, discard: DiscardPolicy.Old });
  const { state } = await streams.info(controlStream(0));
  await streams.update(controlStream(0), { max_msgs: state.messages + 2, discard: DiscardPolicy.Old });
  const slow = workspace.start({ checkpointInterval: NO_CHECKPOINT });
  await slow.until("it has read all", async () => (await lagForScaler()).pending === 0);
  expect(await lagForScaler()).toEqual({ lag: third, pending: 0, unacknowledged: third });
  // The first look comes before its acquisition, which is the last record but one that the control log takes.
  await slow.until("it tells of both streams", async () => {
    const alarms = (await retentionOf(slow)).map(({ stream, alarm }) => `${stream} ${alarm ?? "none"}`);
    return alarms.includes(`${usageStream(0)} warn`) && alarms.includes(`${controlStream(0)} critical`);
  });
  const metrics = await slow.metrics();
  expect(metrics).toMatch(/tributary_retention_used_ratio\{partition="0",log="usage"\} 0\.(59|6)/);
  expect(metrics).toContain(
    `tributary_retention_margin_messages{partition="0",log="usage"} ${maxMessages - third}`,
  );
  const told = slow.log.filter(({ code }) => code === "retention-near");
  expect(told.map(({ level, stream }) => `${String(level)} ${String(stream)}`).sort()).toEqual([
    `error ${controlStream(0)}`,
    `warn ${controlStream(0)}`,
    `warn ${usageStream(0)}`,
  ]);
  expect((await slow.readyz())?.reasons.map(({ code }) => code)).toEqual(["retention-near"]);
  const doctor = await runCommand(["doctor", "--config", workspace.config(), "--skip-probes", "--json"]);
  const { findings } = z
    .object({
      findings: z.array(z.object({ check: z.string(), severity: z.string(), of: z.array(z.string()) })),
    })
    .parse(JSON.parse(doctor.stdout));
  expect(
    findings.filter(({ check }) => check === "retention-margin").map(({ severity, of }) => [severity, ...of]),
  ).toEqual([
    ["critical", controlStream(0)],
    ["warn", usageStream(0)],
  ]);
  await slow.kill();
});
