import { StorageType, type ObjectStore } from "nats";
import { messageOf, TributaryError } from "../../model/errors.ts";
import { newestFirst, type SnapshotStore } from "../../model/snapshot.ts";
import { brokerFault } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { snapshotBucket } from "./names.ts";

/** Questions about chunks that are asked at once. */
const PARALLEL_QUESTIONS = 32;
/** A chunk is a mebibyte; a broker that takes longer for it is in trouble. An object with a hole would be waited for without end. */
const OBJECT_TIMEOUT_MS = 30_000;

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
  const objects = await trying(`opening ${title}`, () =>
    connection.jetstream.views.os(bucket, { storage: StorageType.File, replicas, compression: true }),
  );
  const put = (name: string, bytes: Uint8Array): Promise<void> =>
    trying(`storing ${name}`, async () => {
      await objects.putBlob({ name }, bytes, { timeout: OBJECT_TIMEOUT_MS });
    });
  const remove = (name: string): Promise<void> =>
    trying(`removing ${name}`, async () => {
      if (await isThere(objects, name)) await objects.delete(name);
    });
  return {
    title,
    missingChunks: async (hashes) => {
      const missing: string[] = [];
      const waiting = hashes.values();
      const ask = async (): Promise<void> => {
        for (const hash of waiting)
          if (!(await trying(`looking for ${hash}`, () => isThere(objects, CHUNK + hash))))
            missing.push(hash);
      };
      await Promise.all(Array.from({ length: PARALLEL_QUESTIONS }, ask));
      return missing;
    },
    putChunk: (hash, bytes) => put(CHUNK + hash, bytes),
    getChunk: (hash) => trying(`reading ${hash}`, () => readIfWhole(objects, CHUNK + hash)),
    removeChunk: (hash) => remove(CHUNK + hash),
    snapshots: () =>
      trying(`listing ${title}`, async () => {
        const all = await objects.list();
        return newestFirst(
          all.flatMap(({ name, deleted }) =>
            !deleted && name.startsWith(SNAPSHOT) ? [name.slice(SNAPSHOT.length)] : [],
          ),
        );
      }),
    putManifest: (id, bytes) => put(SNAPSHOT + id, bytes),
    getManifest: (id) => trying(`reading snapshot ${id}`, () => readIfWhole(objects, SNAPSHOT + id)),
    removeManifest: (id) => remove(SNAPSHOT + id),
  };
}

async function isThere(objects: ObjectStore, name: string): Promise<boolean> {
  const info = await objects.info(name);
  return info !== null && !info.deleted;
}

/** The client compares an object with its digest: one that it does not fit counts as missing. */
async function readIfWhole(objects: ObjectStore, name: string): Promise<Uint8Array | undefined> {
  try {
    return (await withinTime(objects.getBlob(name))) ?? undefined;
  } catch (error) {
    if (/corrupt|digest/i.test(messageOf(error))) return undefined;
    throw error;
  }
}

async function withinTime<Result>(answer: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("the object did not come in time"));
    }, OBJECT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
