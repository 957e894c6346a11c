import { join } from "node:path";
import Database from "better-sqlite3";
import { buffer, concatMap, filter, from, groupBy, map, mergeMap, reduce, Subject, toArray } from "rxjs";
import type { EventBatch } from "../../src/model/event-batch.ts";
import { hashOfCells, hourStart, numberIn } from "../harness/sums.ts";
import type { ContenderTask } from "../harness/measurement.ts";
import type { Reference } from "./read-streams.ts";

/** One event as one would first model it. */
interface UsageEvent {
  readonly id: string;
  readonly account: string;
  readonly type: string;
  readonly timeMs: number;
  readonly value: number;
}

/**
 * What one would write first: an observable of events, one an item; a `Set` of the ids that were seen; what comes within a
 * second is buffered, summed by `groupBy`, and written to SQLite, a row an event, in one transaction with fsync. The end of
 * the second comes from the reader instead of `bufferTime`, so that it can acknowledge what is durable.
 */
export function naive(task: ContenderTask): Reference {
  const database = new Database(join(task.folder, "naive.sqlite"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(
    "CREATE TABLE events (id TEXT PRIMARY KEY, account TEXT, type TEXT, hour INTEGER, value INTEGER) WITHOUT ROWID",
  );
  const insert = database.prepare("INSERT INTO events VALUES (?, ?, ?, ?, ?)");
  const seen = new Set<string>();
  const sums = new Map<string, number>();
  let read = 0;
  const events = new Subject<UsageEvent>();
  const seconds = new Subject<void>();
  const write = database.transaction((rows: readonly UsageEvent[]) => {
    for (const { id, account, type, timeMs, value } of rows)
      insert.run(id, account, type, hourStart(timeMs), value);
  });
  events
    .pipe(
      filter(({ id }) => {
        read++;
        if (seen.has(id)) return false;
        seen.add(id);
        return true;
      }),
      buffer(seconds),
      concatMap((rows) =>
        from(rows).pipe(
          groupBy(({ account, type, timeMs }) => `${account} ${type} ${hourStart(timeMs)}`),
          mergeMap((group) =>
            group.pipe(
              reduce((sum, { value }) => sum + value, 0),
              map((sum) => [group.key, sum] as const),
            ),
          ),
          toArray(),
          map((groups) => ({ rows, groups })),
        ),
      ),
    )
    .subscribe(({ rows, groups }) => {
      for (const [key, sum] of groups) sums.set(key, (sums.get(key) ?? 0) + sum);
      write(rows);
    });
  return {
    name: "naive",
    take(batch) {
      for (const event of eventsOf(batch)) events.next(event);
    },
    commit() {
      // All of it is synchronous: when this returns, the second's events are durable.
      seconds.next();
    },
    finish() {
      const cells = [...sums].map(([key, sum]) => {
        const [account = "", type = "", startMs = ""] = key.split(" ");
        return { account: numberIn(account), meter: numberIn(type), startMs: Number(startMs), sum };
      });
      const { accepted } = database
        .prepare<[], { accepted: number }>("SELECT count(*) AS accepted FROM events")
        .get() ?? { accepted: 0 };
      database.close();
      const counts = { read, accepted, duplicate: read - accepted };
      return Promise.resolve({ counts, hash: hashOfCells(cells) });
    },
  };
}

function* eventsOf(batch: EventBatch): Iterable<UsageEvent> {
  const value = batch.properties.get("value");
  if (value === undefined) throw new Error("events of the load have a value");
  for (let row = 0; row < batch.count; row++) {
    const at = row * 4;
    yield {
      id: `${batch.key[at]}-${batch.key[at + 1]}-${batch.key[at + 2]}-${batch.key[at + 3]}`,
      account: batch.accounts[batch.account[row] ?? 0] ?? "",
      type: batch.types[batch.type[row] ?? 0] ?? "",
      timeMs: batch.timeMs[row] ?? 0,
      value: value.coefficient[row] ?? 0,
    };
  }
}
