import { DuckDBInstance } from "@duckdb/node-api";
import { hashOfCells } from "../harness/sums.ts";
import { COLUMNS, cellsOf, DuckdbRows } from "./duckdb-rows.ts";
import type { Reference } from "./read-streams.ts";

/**
 * A bound for information: what a batch engine needs that has all events in memory already, in columns, and none of the
 * duties: nothing comes in, nothing is durable, nothing is known from before. One statement drops repetitions and sums;
 * reading the streams is not in the time.
 */
export async function duckdbBatch(): Promise<Reference> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE events (${COLUMNS})`);
  const rows = new DuckdbRows(await connection.createAppender("events"));
  let read = 0;
  let timed: { readonly seconds: number; readonly cpuSeconds: number } | undefined;
  return {
    name: "duckdb-batch",
    take(batch) {
      read += batch.count;
      rows.append(batch);
    },
    commit: () => undefined,
    async finish() {
      rows.close();
      const startedMs = performance.now();
      const startedCpu = process.cpuUsage();
      const sums = await connection.runAndReadAll(
        `SELECT account, meter, hour, sum(value)::BIGINT, count(*)
         FROM (SELECT DISTINCT ON (high, low) * FROM events) GROUP BY account, meter, hour`,
      );
      const cpu = process.cpuUsage(startedCpu);
      timed = {
        seconds: (performance.now() - startedMs) / 1_000,
        cpuSeconds: (cpu.user + cpu.system) / 1e6,
      };
      const found = sums.getRows();
      const accepted = found.reduce((total, row) => total + Number(row[4]), 0);
      const hash = hashOfCells(cellsOf(found));
      connection.closeSync();
      instance.closeSync();
      return { counts: { read, accepted, duplicate: read - accepted }, hash };
    },
    timed: () => timed,
  };
}
