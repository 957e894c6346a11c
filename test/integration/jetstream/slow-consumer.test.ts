import { expect, test } from "vitest";
import { natsServerConfig } from "../../../scripts/nats-server/config.mjs";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { openUsageLog } from "../../../src/ingest/jetstream/usage-log.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { Reading, publishNumbered, testConnection } from "../../support/usage-reading.ts";
import { waitUntil } from "../../support/wait-until.ts";

const MESSAGES = 12;
/** Large ones: of others, few are under way. */
const MESSAGE_BYTES = 3_900_000;
/** Far more than the buffers of a socket take. */
const PULL_BYTES = 32 * 1024 * 1024;
/** Longer than the server waits for a client that does not read. */
const BLOCKED_MS = 3_000;

test("a reader that the broker throws out because it did not read goes on: nothing lost, nothing twice", async () => {
  const server = await startNatsServer({
    partitionCount: 1,
    configOf: (settings) => `${natsServerConfig(settings)}\nwrite_deadline: "500ms"\n`,
  });
  const connection = await testConnection(server.url);
  try {
    await ensureTopology(connection, { partitionCount: 1 });
    await publishNumbered(connection, 0, 1, MESSAGES, MESSAGE_BYTES);
    const reader = await openUsageLog(connection, 0, { pullBytes: PULL_BYTES }).openReader(1);
    let isFirst = true;
    const statuses: string[] = [];
    connection.onStatus((status) => statuses.push(status));
    const reading = new Reading(reader, {
      eachRun: () => {
        // The event loop stands still, as in a machine that swaps: the client reads nothing.
        if (isFirst) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_MS);
        isFirst = false;
        return Promise.resolve();
      },
    });
    await reading.upTo(MESSAGES);
    const varz = JSON.parse(await (await fetch(`${server.monitorUrl}/varz`)).text());
    expect(varz.slow_consumers).toBeGreaterThan(0);
    expect(statuses).toContain("disconnected");
    expect(reading.faults).toEqual([]);
    expect(reading.count).toBe(MESSAGES);
    await waitUntil("caught up", () => reader.caughtUp);
    await reader.stop();
  } finally {
    await connection.close();
    await server.stop();
  }
});
