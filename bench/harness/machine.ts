import { spawnSync } from "node:child_process";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { version as duckdbVersion } from "@duckdb/node-api";
import { postgresPrograms } from "../references/postgres-server.ts";

/** Where a measurement was made: figures of another machine can't be compared with it. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Where states, streams and databases are: an fsync to memory costs nothing. */
  readonly fileSystem: string;
  readonly node: string;
  readonly natsServer: string;
  readonly sqlite: string;
  readonly duckdb: string;
  /** "" where it is not installed. */
  readonly postgres: string;
}

export function describeMachine(natsServerBinary: string): Machine {
  const database = new Database(":memory:");
  const sqlite = database.prepare<[], string>("SELECT sqlite_version()").pluck().get() ?? "unknown";
  database.close();
  const postgres = postgresPrograms();
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: outputOf("uname", "-sr"),
    fileSystem: outputOf("stat", "-f", "-c", "%T", tmpdir()),
    node: process.version,
    natsServer: outputOf(natsServerBinary, "--version").replace("nats-server: ", ""),
    sqlite,
    duckdb: duckdbVersion(),
    // "postgres (PostgreSQL) 15.14 (…)"
    postgres:
      postgres === undefined
        ? ""
        : outputOf(join(postgres, "postgres"), "--version").replace(
            /^.*\(PostgreSQL\) (\S+).*$/u,
            "PostgreSQL $1",
          ),
  };
}

function outputOf(program: string, ...args: readonly string[]): string {
  return spawnSync(program, args, { encoding: "utf8" }).stdout.trim();
}
