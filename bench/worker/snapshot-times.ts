import { decodeManifest } from "../../src/fleet/snapshots/manifest.ts";
import { connectBroker } from "../../src/ingest/jetstream/connection.ts";
import { openSnapshotStore } from "../../src/ingest/jetstream/snapshot-store.ts";

/**
 * When the newest snapshot of each partition was taken, as a worker that starts from it would find it: milliseconds since the epoch by the clock of who
 * took it. A partition without one counts as taken at 0.
 */
export async function newestSnapshotTimes(url: string, partitionCount: number): Promise<readonly number[]> {
  const broker = await connectBroker({ servers: [url], name: "bench-snapshots" });
  try {
    const timeOf = async (partition: number): Promise<number> => {
      const store = await openSnapshotStore(broker, partition, 1);
      for (const id of await store.snapshots()) {
        // Pruned between the two questions where it is not there.
        const manifest = await store.getManifest(id);
        if (manifest !== undefined) return Date.parse(decodeManifest(id, manifest).takenAt);
      }
      return 0;
    };
    return await Promise.all(Array.from({ length: partitionCount }, (_, partition) => timeOf(partition)));
  } finally {
    await broker.close();
  }
}
