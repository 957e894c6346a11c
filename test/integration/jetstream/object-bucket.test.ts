import { randomBytes } from "node:crypto";
import { StorageType, type ObjectStore } from "nats";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BrokerConnection } from "../../../src/ingest/jetstream/connection.ts";
import { ObjectBucket } from "../../../src/ingest/jetstream/object-bucket.ts";
import { startNatsServer, type TestServer } from "../../support/nats-server.ts";
import { testConnection } from "../../support/usage-reading.ts";

const MIB = 1024 * 1024;
/** Nothing, less than a message, whole messages, and a rest behind them. */
const SIZES = [0, 1, 128 * 1024, MIB, 2 * MIB + 12_345];

let server: TestServer;
let connection: BrokerConnection;
let count = 0;
let name: string;
let bucket: ObjectBucket;
/** The same bucket, by the client's own object store. */
let standard: ObjectStore;

beforeAll(async () => {
  server = await startNatsServer();
  connection = await testConnection(server.url);
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});
beforeEach(async () => {
  name = `objects-${++count}`;
  bucket = await ObjectBucket.open(connection, name, 1);
  standard = await connection.jetstream.views.os(name);
});

/** Messages and bytes that the broker keeps of the bucket. */
async function kept(): Promise<{ readonly messages: number; readonly bytes: number }> {
  const { messages, bytes } = (await connection.manager.streams.info(`OBJ_${name}`)).state;
  return { messages, bytes };
}

function hex(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes === null || bytes === undefined ? undefined : Buffer.from(bytes).toString("hex");
}

describe("objects of a bucket", () => {
  test("are read as they were written, by this code and by the standard client", async () => {
    for (const size of SIZES) {
      const bytes = randomBytes(size);
      await bucket.write(`size/${size}`, bytes);
      expect(hex(await bucket.read(`size/${size}`)) === hex(bytes), `${size} bytes`).toBe(true);
      // The standard client refuses what its digest does not fit.
      expect(hex(await standard.getBlob(`size/${size}`)) === hex(bytes), `${size} bytes`).toBe(true);
      const info = await standard.info(`size/${size}`);
      expect(info).toMatchObject({ name: `size/${size}`, bucket: name, size, deleted: false });
      expect(Number.isNaN(Date.parse(info?.mtime ?? ""))).toBe(false);
    }
    expect((await standard.list()).map((each) => each.name).sort()).toEqual(
      SIZES.map((size) => `size/${size}`).sort(),
    );
  });

  test("that the standard client wrote are read, listed, replaced and removed", async () => {
    for (const size of SIZES) {
      const bytes = randomBytes(size);
      await standard.putBlob({ name: `size/${size}` }, bytes);
      expect(hex(await bucket.read(`size/${size}`)) === hex(bytes), `${size} bytes`).toBe(true);
      expect(hex(await bucket.readNewest(`size/${size}`)) === hex(bytes), `${size} bytes`).toBe(true);
      expect(await bucket.has(`size/${size}`)).toBe(true);
    }
    expect([...(await bucket.names("size/"))].sort()).toEqual(SIZES.map((size) => `size/${size}`).sort());
    await bucket.write(`size/${MIB}`, Buffer.from("new"));
    expect(Buffer.from((await standard.getBlob(`size/${MIB}`)) ?? []).toString()).toBe("new");
    for (const size of SIZES) await bucket.remove(`size/${size}`);
    expect(await standard.list()).toEqual([]);
    expect(await standard.getBlob("size/1")).toBeNull();
    expect(await kept()).toEqual({ messages: 0, bytes: 0 });
  });

  test("that the standard client removed are gone, and so are their marks", async () => {
    await standard.putBlob({ name: "kept/1" }, Buffer.from("one"));
    await standard.putBlob({ name: "kept/2" }, Buffer.from("two"));
    await standard.delete("kept/1");
    expect([await bucket.has("kept/1"), await bucket.read("kept/1")]).toEqual([false, undefined]);
    expect(await bucket.names("kept/")).toEqual(["kept/2"]);
    // A chunk and the metadata of the one that stays.
    expect((await kept()).messages).toBe(2);
  });

  test("are replaced: nothing is left of the one before", async () => {
    await bucket.write("object", randomBytes(2 * MIB));
    await bucket.write("object", Buffer.from("new"));
    expect(Buffer.from((await bucket.read("object")) ?? []).toString()).toBe("new");
    expect((await kept()).messages).toBe(2);
  });

  test("that were never there are not there, and can be removed", async () => {
    expect([await bucket.has("none"), await bucket.read("none"), await bucket.names("")]).toEqual([
      false,
      undefined,
      [],
    ]);
    await bucket.remove("none");
  });

  test("count as missing where a message of them is gone", async () => {
    await bucket.write("object", randomBytes(MIB));
    await connection.manager.streams.deleteMessage(`OBJ_${name}`, 1);
    expect(await bucket.read("object")).toBeUndefined();
  });

  test("are read many at a time, whatever else is written between their messages", async () => {
    const objects = Array.from({ length: 24 }, () => randomBytes(MIB + 7));
    await Promise.all(objects.map((bytes, index) => bucket.write(`many/${index}`, bytes)));
    const read = await Promise.all(objects.map((_, index) => bucket.read(`many/${index}`)));
    expect(read.map((bytes, index) => hex(bytes) === hex(objects[index]))).toEqual(objects.map(() => true));
  });

  test("in a bucket that answers no direct requests are read from the stream's leader", async () => {
    const bytes = randomBytes(MIB + 1);
    await bucket.write("object", bytes);
    const { config } = await connection.manager.streams.info(`OBJ_${name}`);
    await connection.manager.streams.update(`OBJ_${name}`, { ...config, allow_direct: false });
    expect(hex(await bucket.read("object")) === hex(bytes)).toBe(true);
    expect(config.storage).toBe(StorageType.File);
  });

  test("are stored in smaller messages where the server takes no larger ones", async () => {
    const small = await startNatsServer({ maxPayload: 64 * 1024 });
    const other = await testConnection(small.url);
    try {
      const bytes = randomBytes(MIB);
      const there = await ObjectBucket.open(other, "small", 1);
      await there.write("object", bytes);
      expect(hex(await there.read("object")) === hex(bytes)).toBe(true);
    } finally {
      await other.close();
      await small.stop();
    }
  });
});
