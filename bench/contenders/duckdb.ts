import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { EventBatch } from "../../src/model/event-batch.ts";
import type { ContenderTask } from "../harness/measurement.ts";
import type { Reference } from "../harness/read-streams.ts";
import { hashOfCells, hourStart } from "../harness/sums.ts";
import { NumberedNames } from "../harness/numbered-names.ts";

/**
 * DuckDB as one would use it: the appender fills a staging table, and once a second a transaction drops what is there
 * already (anti-join with all keys so far, and within the second by DISTINCT ON), adds to the sums, and is durable.
 * Keys are the two 64-bit halves of the 128-bit hash of (source, id): smaller and faster than text.
 */
export async function duckdb(task: ContenderTask): Promise<Reference> {
  const instance = await DuckDBInstance.create(join(task.folder, "duckdb.db"));
  const connection = await instance.connect();
  await connection.run(
    "CREATE TABLE staging (high UBIGINT, low UBIGINT, account INTEGER, meter INTEGER, hour BIGINT, value BIGINT)",
  );
  await connection.run("CREATE TABLE keys (high UBIGINT, low UBIGINT)");
  await connection.run(
    "CREATE TABLE sums (account INTEGER, meter INTEGER, hour BIGINT, value BIGINT, PRIMARY KEY (account, meter, hour))",
  );
  let appender = await connection.createAppender("staging");
  const names = new NumberedNames();
  let read = 0;
  return {
    name: "duckdb",
    take(batch) {
      read += batch.count;
      append(batch);
    },
    async commit() {
      appender.closeSync();
      await connection.run("BEGIN");
      await connection.run(
        `CREATE TEMP TABLE fresh AS SELECT DISTINCT ON (high, low) * FROM staging
         WHERE NOT EXISTS (SELECT 1 FROM keys WHERE keys.high = staging.high AND keys.low = staging.low)`,
      );
      await connection.run("INSERT INTO keys SELECT high, low FROM fresh");
      await connection.run(
        `INSERT INTO sums SELECT account, meter, hour, sum(value)::BIGINT FROM fresh GROUP BY ALL
         ON CONFLICT DO UPDATE SET value = value + excluded.value`,
      );
      await connection.run("DROP TABLE fresh");
      await connection.run("DELETE FROM staging");
      await connection.run("COMMIT");
      appender = await connection.createAppender("staging");
    },
    async finish() {
      appender.closeSync();
      const accepted = Number(
        (await connection.runAndReadAll("SELECT count(*) FROM keys")).getRows()[0]?.[0] ?? 0,
      );
      const rows = (await connection.runAndReadAll("SELECT account, meter, hour, value FROM sums")).getRows();
      const cells = rows.map(([account, meter, startMs, sum]) => ({
        account: Number(account),
        meter: Number(meter),
        startMs: Number(startMs),
        sum: Number(sum),
      }));
      connection.closeSync();
      instance.closeSync();
      return { counts: { read, accepted, duplicate: read - accepted }, hash: hashOfCells(cells) };
    },
  };

  function append(batch: EventBatch): void {
    const value = batch.properties.get("value");
    if (value === undefined) throw new Error("events of the load have a value");
    const accounts = names.numbersOf(batch.accounts);
    const meters = names.numbersOf(batch.types);
    const halves = new BigUint64Array(batch.key.buffer, batch.key.byteOffset, batch.count * 2);
    for (let row = 0; row < batch.count; row++) {
      appender.appendUBigInt(halves[row * 2] ?? 0n);
      appender.appendUBigInt(halves[row * 2 + 1] ?? 0n);
      appender.appendInteger(accounts[batch.account[row] ?? 0] ?? 0);
      appender.appendInteger(meters[batch.type[row] ?? 0] ?? 0);
      appender.appendBigInt(BigInt(hourStart(batch.timeMs[row] ?? 0)));
      appender.appendBigInt(BigInt(value.coefficient[row] ?? 0));
      appender.endRow();
    }
  }
}
