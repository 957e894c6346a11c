import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { TributaryError } from "../../model/errors.ts";

import { connectBroker, type BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openReferenceStore } from "../../ingest/jetstream/reference-store.ts";
import { WireDecoder } from "../../ingest/wire/decoder.ts";
import { PartitionEngine } from "../../pipeline/partition-engine.ts";
import { storedAbout } from "../../pipeline/stored-about.ts";
import type { ReportSource } from "../../pipeline/partition-report.ts";
import { partitionFolder, PARTITION_FOLDER_PATTERN } from "../../state/open-database.ts";
import type { PartitionStoreReader } from "../../state/partition-reader.ts";
import { holdsState } from "../../state/holds-state.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import { loadCatalogDirectory } from "../catalog-directory.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { CatalogVersions } from "./catalogs.ts";
import { sha256 } from "./partition-worker.ts";
import { ERP_DESCRIPTIONS } from "../../sinks/erp/descriptions.ts";
import { restoreBeside } from "./restore-beside.ts";

/** For a state in which nothing has taken effect yet, so that no event can be looked up in it. */
const UNUSED_HASH_KEY = "00000000000000000000000000000000";

/** Settings for a state without a catalog: there is nothing in it that they could matter to. */
const NOTHING_COUNTED = { cellMs: 3_600_000, dedupeHorizonMs: 86_400_000 };

export interface InspectedPartition extends ReportSource {
  readonly store: PartitionStoreReader;
  /** Key of the partition's event-id hash. */
  readonly hashKey: string;
}

/**
 * Opens the last checkpoints of the partitions in the state directory for reading, while a worker may run on them.
 * Catalog versions come from the configured directory where they are the ones in effect, else from the broker.
 */
export class Inspection {
  readonly partitions: readonly InspectedPartition[];
  readonly #broker: LazyBroker;

  private constructor(partitions: readonly InspectedPartition[], broker: LazyBroker) {
    this.partitions = partitions;
    this.#broker = broker;
  }

  /**
   * @param only these partitions; all that have a folder where left out
   * @param folderOf where a partition's state is, if not in the state directory
   */
  static async open(
    config: WorkerConfig,
    only?: readonly number[],
    folderOf = (partition: number): string => partitionFolder(config.stateDir, partition),
  ): Promise<Inspection> {
    const broker = new LazyBroker(config);
    const versions = new CatalogVersions({
      put: () => Promise.reject(new TributaryError("internal-fault", "An inspection writes nothing.")),
      get: async (kind, hash) => openReferenceStore(await broker.get()).get(kind, hash),
    });
    const loaded = await loadCatalogDirectory(config.catalogDir).catch(() => undefined);
    if (loaded !== undefined) versions.add(loaded.compiled);
    const partitions: InspectedPartition[] = [];
    for (const partition of only ?? (await partitionsIn(config.stateDir))) {
      const store = openPartitionStoreReadOnly(folderOf(partition));
      const { catalogVersion: version, hashKey = UNUSED_HASH_KEY } = storedAbout(store);
      const catalog = version === undefined ? undefined : await versions.load(version);
      const engine = restoreBeside(() => {
        // The engine is restored from many reads, all of one checkpoint; where its files are gone, of the next one.
        store.holdCheckpoint();
        if (storedAbout(store).catalogVersion !== version)
          throw new TributaryError(
            "state-mismatch",
            `A catalog takes effect in partition ${partition} at this moment; ask again.`,
          );
        const fresh = new PartitionEngine({
          partition,
          partitionCount: config.partitions.count,
          decoder: new WireDecoder(hashKey),
          hashKey,
          settings: catalog?.settings ?? NOTHING_COUNTED,
          sha256,
          segments: store.segments,
          erpDescriptions: ERP_DESCRIPTIONS,
        });
        fresh.restore(store, catalog);
        return fresh;
      });
      partitions.push({ partition, engine, store, hashKey });
    }
    return new Inspection(partitions, broker);
  }

  /** The broker, connected when it is first asked for. */
  broker(): Promise<BrokerConnection> {
    return this.#broker.get();
  }

  async close(): Promise<void> {
    for (const { store } of this.partitions) store.close();
    await this.#broker.close();
  }
}

class LazyBroker {
  readonly #config: WorkerConfig;
  #connection: Promise<BrokerConnection> | undefined;

  constructor(config: WorkerConfig) {
    this.#config = config;
  }

  get(): Promise<BrokerConnection> {
    this.#connection ??= connectBroker({ ...this.#config.nats, name: "tributary-inspect" });
    return this.#connection;
  }

  async close(): Promise<void> {
    if (this.#connection !== undefined) await (await this.#connection).close();
  }
}

/** Partitions that have a state in the state directory, ascending. */
export async function partitionsIn(stateDir: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(join(stateDir));
  } catch (cause) {
    throw new TributaryError("usage-invalid", `The state directory ${stateDir} can't be read.`, { cause });
  }
  const partitions: number[] = [];
  for (const name of names) {
    const match = PARTITION_FOLDER_PATTERN.exec(name);
    if (match !== null && holdsState(join(stateDir, name))) partitions.push(Number(match[1]));
  }
  return partitions.sort((a, b) => a - b);
}
