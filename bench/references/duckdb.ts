import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ContenderTask } from "../harness/measurement.ts";
import { hashOfCells } from "../harness/sums.ts";
import { COLUMNS, cellsOf, DuckdbRows } from "./duckdb-rows.ts";
import type { Reference } from "./read-streams.ts";

/**
 * DuckDB as one would use it: data chunks fill a staging table, and once a second a transaction drops what is there
 * already (anti-join with all keys so far, and within the second by DISTINCT ON), adds to the sums, and is durable: the
 * write-ahead log is synced at each commit.
 */
export async function duckdb(task: ContenderTask): Promise<Reference> {
  const instance = await DuckDBInstance.create(join(task.folder, "duckdb.db"));
  const connection = await instance.connect();
  await connection.run(`CREATE TEMP TABLE staging (${COLUMNS})`);
  await connection.run("CREATE TABLE keys (high UBIGINT, low UBIGINT)");
  await connection.run(
    "CREATE TABLE sums (account INTEGER, meter INTEGER, hour INTEGER, value BIGINT, PRIMARY KEY (account, meter, hour))",
  );
  let rows = new DuckdbRows(await connection.createAppender("staging", null, "temp"));
  let read = 0;
  return {
    name: "duckdb",
    take(batch) {
      read += batch.count;
      rows.append(batch);
    },
    async commit() {
      rows.close();
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
      await connection.run("TRUNCATE staging");
      await connection.run("COMMIT");
      rows = new DuckdbRows(await connection.createAppender("staging", null, "temp"));
    },
    async finish() {
      rows.close();
      const accepted = Number(
        (await connection.runAndReadAll("SELECT count(*) FROM keys")).getRows()[0]?.[0] ?? 0,
      );
      const sums = await connection.runAndReadAll("SELECT account, meter, hour, value FROM sums");
      const hash = hashOfCells(cellsOf(sums.getRows()));
      connection.closeSync();
      instance.closeSync();
      return { counts: { read, accepted, duplicate: read - accepted }, hash };
    },
  };
}
