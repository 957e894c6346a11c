import { Client } from "pg";
import type { EventBatch } from "../../src/model/event-batch.ts";
import { hashOfCells, hourStart } from "../harness/sums.ts";
import { NumberedNames } from "./numbered-names.ts";
import type { Reference } from "./read-streams.ts";

/** Rows of one statement: enough that a cell is seldom updated twice a second, few enough for the server's cache. */
const ROWS_PER_STATEMENT = 20_000;
/** Room on the pages of sums, so that an update needs no new index entry (a heap-only tuple). */
const FILL_FACTOR_PERCENT = 50;

/**
 * PostgreSQL as most would use it: `INSERT … ON CONFLICT DO NOTHING RETURNING` in batches; the rows that were new are added
 * to the rollup in the same statement; one transaction a second with `synchronous_commit = on`. Columns go over as arrays,
 * written as texts here, which is what the client would do for each element with more work.
 */
export async function postgres(url: string): Promise<Reference> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("DROP TABLE IF EXISTS events, sums");
  await client.query(
    "CREATE TABLE events (key uuid PRIMARY KEY, account integer, meter integer, hour bigint, value bigint)",
  );
  await client.query(
    `CREATE TABLE sums (account integer, meter integer, hour bigint, value bigint, PRIMARY KEY (account, meter, hour))
     WITH (fillfactor = ${FILL_FACTOR_PERCENT})`,
  );
  const names = new NumberedNames();
  let rows = emptyRows();
  let read = 0;
  await client.query("BEGIN");
  const send = async (): Promise<void> => {
    const columns = Object.values(rows);
    if (rows.keys.length === 0) return;
    rows = emptyRows();
    await client.query({
      name: "take",
      text: `WITH fresh AS (
               INSERT INTO events
               SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[])
               ON CONFLICT DO NOTHING RETURNING account, meter, hour, value)
             INSERT INTO sums SELECT account, meter, hour, sum(value) FROM fresh GROUP BY account, meter, hour
             ON CONFLICT (account, meter, hour) DO UPDATE SET value = sums.value + excluded.value`,
      values: columns.map((column) => `{${column.join(",")}}`),
    });
  };
  // One connection has one statement under way: deliveries of all partitions queue up here.
  let queue: Promise<void> = Promise.resolve();
  return {
    name: "postgres",
    async take(batch) {
      read += batch.count;
      queue = queue.then(() => takeBatch(batch));
      await queue;
    },
    async commit() {
      queue = queue.then(commitRows);
      await queue;
    },
    async finish() {
      await client.query("COMMIT");
      const counted = await client.query<{ accepted: string }>("SELECT count(*) AS accepted FROM events");
      const accepted = Number(counted.rows[0]?.accepted ?? 0);
      const sums =
        await client.query<Record<"account" | "meter" | "hour" | "value", string>>("SELECT * FROM sums");
      const cells = sums.rows.map(({ account, meter, hour, value }) => ({
        account: Number(account),
        meter: Number(meter),
        startMs: Number(hour),
        sum: Number(value),
      }));
      await client.end();
      return { counts: { read, accepted, duplicate: read - accepted }, hash: hashOfCells(cells) };
    },
    notes: () => ({ processorTime: "that of its client: the server's is not in it" }),
  };

  async function commitRows(): Promise<void> {
    await send();
    await client.query("COMMIT");
    await client.query("BEGIN");
  }

  async function takeBatch(batch: EventBatch): Promise<void> {
    const value = batch.properties.get("value");
    if (value === undefined) throw new Error("events of the load have a value");
    const accounts = names.numbersOf(batch.accounts);
    const meters = names.numbersOf(batch.types);
    const bytes = Buffer.from(batch.key.buffer, batch.key.byteOffset, batch.count * 16);
    for (let row = 0; row < batch.count; row++) {
      rows.keys.push(bytes.toString("hex", row * 16, row * 16 + 16));
      rows.accounts.push(accounts[batch.account[row]!]!);
      rows.meters.push(meters[batch.type[row]!]!);
      rows.hours.push(hourStart(batch.timeMs[row]!));
      rows.values.push(value.coefficient[row]!);
      if (rows.keys.length >= ROWS_PER_STATEMENT) await send();
    }
  }
}

/** In the order of the statement's parameters. */
function emptyRows(): {
  keys: string[];
  accounts: number[];
  meters: number[];
  hours: number[];
  values: number[];
} {
  return { keys: [], accounts: [], meters: [], hours: [], values: [] };
}
