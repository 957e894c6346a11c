import type { SourceHour } from "../../model/numbered-batch.ts";
import { copyFloats, type ColumnarBody } from "./columnar-body.ts";
import { MAX_TIME_MS, MIN_TIME_MS } from "./limits.ts";
import { TextList } from "./text-list.ts";

const HOUR_MS = 3_600_000;

/** What a batch's hours are counted from. */
export type SourceColumns = Pick<ColumnarBody, "count" | "time" | "source" | "sources">;

/** The same for later, when the body is of no meaning any more: times are where they were, in the message. */
export function keptSourceColumns({ count, time, source, sources }: ColumnarBody): SourceColumns {
  const { bytes, starts, ends } = sources;
  return { count, time, source: source?.slice(), sources: new TextList(bytes, starts.slice(), ends.slice()) };
}

/**
 * Counts a batch's events by source and UTC hour, in the order in which they first stand. Events whose time is none are
 * left out.
 */
export function sourceHoursOf(body: SourceColumns): readonly SourceHour[] {
  const times = new Float64Array(body.count);
  copyFloats(body.time, times, 0);
  const counts = new Map<string, { source: string; hourMs: number; events: number }>();
  let last: { source: string; hourMs: number; events: number } | undefined;
  let lastSource = -1;
  for (let row = 0; row < times.length; row++) {
    const time = times[row]! + 0;
    if (!(time >= MIN_TIME_MS && time <= MAX_TIME_MS) || Math.trunc(time) !== time) continue;
    const source = body.source === undefined ? 0 : body.source[row]!;
    // Events of one source and hour mostly stand together.
    if (last !== undefined && source === lastSource && time >= last.hourMs && time < last.hourMs + HOUR_MS) {
      last.events++;
      continue;
    }
    const hourMs = Math.floor(time / HOUR_MS) * HOUR_MS;
    // By the name: a string may stand in the dictionary twice.
    const name = body.sources.text(source);
    const key = `${hourMs} ${name}`;
    last = counts.get(key);
    if (last === undefined) counts.set(key, (last = { source: name, hourMs, events: 0 }));
    last.events++;
    lastSource = source;
  }
  return [...counts.values()];
}
