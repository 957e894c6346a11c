import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { ensureTopology } from "../../../src/ingest/jetstream/topology.ts";
import { startNatsServer, type TestServer } from "../nats-server.ts";
import { testConnection } from "../usage-reading.ts";
import { generateLoad, type LoadedMessage, type LoadOptions } from "./load.ts";
import { HOUR_MS, type CatalogOptions } from "./usage-catalog.ts";
import { Workspace } from "./workspace.ts";

/** How long before the end of a load its billing period begins: the one before closes within the load. */
const PERIOD_START_BEFORE_END_MS = 20 * HOUR_MS;

/** A broker with its streams, and a workspace for workers on it. */
export class Bench {
  readonly server: TestServer;
  readonly connection: BrokerConnection;
  readonly workspace: Workspace;
  readonly partitionCount: number;
  /** Now, when the bench was made: loads end at it. */
  readonly endMs: number;
  readonly anchorDay: number;

  private constructor(server: TestServer, connection: BrokerConnection, partitionCount: number) {
    this.server = server;
    this.connection = connection;
    this.partitionCount = partitionCount;
    this.endMs = Date.now();
    this.anchorDay = new Date(this.endMs - PERIOD_START_BEFORE_END_MS).getUTCDate();
    this.workspace = new Workspace({ natsUrl: server.url, partitionCount, catalog: this.catalog() });
  }

  static async start(partitionCount: number): Promise<Bench> {
    const server = await startNatsServer({ partitionCount });
    try {
      const connection = await testConnection(server.url);
      await ensureTopology(connection, { partitionCount });
      return new Bench(server, connection, partitionCount);
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  catalog(moreAccounts: readonly string[] = []): CatalogOptions {
    return { anchorDay: this.anchorDay, moreAccounts };
  }

  /** A load that ends now. */
  load(options: Omit<LoadOptions, "partitionCount" | "endMs">): LoadedMessage[] {
    return generateLoad({ ...options, partitionCount: this.partitionCount, endMs: this.endMs });
  }

  async publish(messages: readonly LoadedMessage[]): Promise<void> {
    await publishAll(this.connection, messages);
  }

  async close(): Promise<void> {
    await this.workspace.close();
    await this.connection.close();
    await this.server.stop();
  }
}
