import { mkdirSync } from "node:fs";
import type { ContenderTask } from "../harness/measurement.ts";
import { duckdbBatch } from "./duckdb-batch.ts";
import { duckdb } from "./duckdb.ts";
import { naive } from "./naive.ts";
import { postgres } from "./postgres.ts";
import { raw } from "./raw.ts";
import { readStreams, type Reference } from "./read-streams.ts";

/** A process of its own for each run of a reference: `reference-process.ts <name> <task as JSON>`; prints its measurement. */
const [name = "", json = "{}"] = process.argv.slice(2);
const task: ContenderTask & { readonly postgresUrl?: string } = JSON.parse(json);

async function reference(): Promise<Reference> {
  if (name === "raw") return raw();
  if (name === "naive") return naive(task);
  if (name === "duckdb") return await duckdb(task);
  if (name === "duckdb-batch") return await duckdbBatch();
  if (name === "postgres" && task.postgresUrl !== undefined) return await postgres(task.postgresUrl);
  throw new RangeError(`no reference ${name}`);
}

mkdirSync(task.folder, { recursive: true });
const measurement = await readStreams(task, await reference());
process.stdout.write(`${JSON.stringify(measurement)}\n`);
process.exit(0);
