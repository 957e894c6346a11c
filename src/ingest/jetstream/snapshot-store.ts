import { TributaryError } from "../../model/errors.ts";
import { newestFirst, type SnapshotStore } from "../../model/snapshot.ts";
import { brokerFault } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { snapshotBucket } from "./names.ts";
import { ObjectBucket } from "./object-bucket.ts";

/** Questions about chunks that are asked at once. */
const PARALLEL_QUESTIONS = 32;

const CHUNK = "chunk/";
const SNAPSHOT = "snapshot/";

/**
 * Snapshots of a partition in an object store of the broker, a bucket a partition: objects `chunk/<hash>` and `snapshot/<id>`. The server compresses
 * what it stores.
 */
export async function openSnapshotStore(
  connection: BrokerConnection,
  partition: number,
  replicas: number,
): Promise<SnapshotStore> {
  const bucket = snapshotBucket(partition);
  const title = `the bucket ${bucket}`;
  const trying = async <Result>(what: string, act: () => Promise<Result>): Promise<Result> => {
    try {
      return await act();
    } catch (error) {
      const { message } = brokerFault(error, what);
      throw new TributaryError("snapshot-store-failed", message, { details: { bucket }, cause: error });
    }
  };
  const objects = await trying(`opening ${title}`, () => ObjectBucket.open(connection, bucket, replicas));
  const put = (name: string, bytes: Uint8Array): Promise<void> =>
    trying(`storing ${name}`, () => objects.write(name, bytes));
  const remove = (name: string): Promise<void> => trying(`removing ${name}`, () => objects.remove(name));
  return {
    title,
    missingChunks: async (hashes) => {
      const missing: string[] = [];
      const waiting = hashes.values();
      const ask = async (): Promise<void> => {
        // One iterator for all: each takes the next hash.
        for (const hash of waiting)
          if (!(await trying(`looking for ${hash}`, () => objects.has(CHUNK + hash)))) missing.push(hash);
      };
      await Promise.all(Array.from({ length: PARALLEL_QUESTIONS }, ask));
      return missing;
    },
    putChunk: (hash, bytes) => put(CHUNK + hash, bytes),
    // Whatever copy of the stream has it: its hash is its name.
    getChunk: (hash) => trying(`reading ${hash}`, () => objects.read(CHUNK + hash)),
    removeChunk: (hash) => remove(CHUNK + hash),
    snapshots: () =>
      trying(`listing ${title}`, async () => {
        const names = await objects.names(SNAPSHOT);
        return newestFirst(names.map((name) => name.slice(SNAPSHOT.length)));
      }),
    putManifest: (id, bytes) => put(SNAPSHOT + id, bytes),
    getManifest: (id) => trying(`reading snapshot ${id}`, () => objects.readNewest(SNAPSHOT + id)),
    removeManifest: (id) => remove(SNAPSHOT + id),
  };
}
