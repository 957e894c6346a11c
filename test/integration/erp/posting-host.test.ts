import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PostingHost } from "../../../src/cli/compose/posting-host.ts";
import { postingSettings } from "../../../src/cli/config/erp-connections.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { noFaults } from "../../../src/model/fault-injection.ts";
import { createLogger } from "../../../src/ops/logging.ts";
import { httpAdapter } from "../../../src/sinks/erp/http/adapter.ts";
import type { PreparedConnection } from "../../../src/sinks/erp/erp-adapter.ts";
import { openPostingStore, postingsFolder } from "../../../src/state/postings/posting-store.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { testConnection } from "../../support/usage-reading.ts";

const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

/** Makes sinks that say when they are closed. */
function watched(key: string, closed: string[]): PreparedConnection {
  const prepared = httpAdapter.prepare(
    { adapter: "http", url: "http://127.0.0.1:9", secret: SECRET },
    (_setting, value) => value,
    (setting, message) => {
      throw new Error(`${setting} ${message}`);
    },
  );
  if (prepared === undefined) throw new Error("the settings have faults");
  return async () => {
    const makeSink = await prepared();
    return (environment) => {
      const sink = makeSink(environment);
      const close = sink.close.bind(sink);
      sink.close = async () => {
        closed.push(key);
        await close();
      };
      return sink;
    };
  };
}

test("a connection whose state another process has leaves nothing open, of its own or of those before it", async () => {
  const server = await startNatsServer();
  const folder = mkdtempSync(join(tmpdir(), "tributary-host-"));
  const broker = await testConnection(server.url);
  const closed: string[] = [];
  const options = {
    broker,
    replicas: 1,
    stateDir: folder,
    workerName: "worker",
    instance: "0",
    connections: ["first", "second"].map((key) => ({
      catalog: { key, adapter: "http", prefix: "trib-", closedPeriod: "hold" as const },
      config: {
        key,
        adapter: "http",
        posting: postingSettings.parse({}),
        prepared: watched(key, closed),
      },
    })),
    logger: createLogger({ level: "error", format: "json", output: "stderr" }),
    clock: systemClock,
    random: Math.random,
    faults: noFaults,
    onRequest: () => undefined,
    onForged: () => undefined,
  };
  const other = openPostingStore(postingsFolder(folder, "second"), "second", {});
  try {
    await expect(PostingHost.create(options)).rejects.toMatchObject({ code: "state-locked" });
    expect(closed).toEqual(["second", "first"]);
    other.close();
    // What was opened before can be opened again.
    const host = await PostingHost.create(options);
    await host.stop();
    expect(closed.toSorted()).toEqual(["first", "first", "second", "second"]);
  } finally {
    await broker.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
