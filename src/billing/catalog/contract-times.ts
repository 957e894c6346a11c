import { DateTime } from "luxon";
import { isTimeZone, startOfLocalDay, zoneOffsetMs } from "../zone-days.ts";
import type { Contract } from "./entities.ts";
import type { FaultList, Sourced } from "./faults.ts";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/;

/** Length of 2026-01-31T00:00:00. */
const SECONDS_LENGTH = 19;

/** The moment that a text names, in milliseconds; undefined where it is none. A date is its first moment in the zone. */
function instantMs(text: string, timeZone: string): number | undefined {
  const date = DATE.exec(text);
  if (date !== null) {
    const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
    if (!DateTime.utc(year, month, day).isValid) return undefined;
    return startOfLocalDay(timeZone, year, month, day);
  }
  if (!RFC_3339.test(text)) return undefined;
  const utcMs = text.endsWith("Z") ? Date.parse(text) : Number.NaN;
  // A time that does not exist, such as 31 February, would be read as another one.
  if (!Number.isNaN(utcMs) && instantText(utcMs).startsWith(text.slice(0, SECONDS_LENGTH))) return utcMs;
  const time = DateTime.fromISO(text, { zone: "utc" });
  return time.isValid ? time.toMillis() : undefined;
}

/** Canonical form of an instant: UTC, with milliseconds. */
export function instantText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Milliseconds of a canonical instant. */
export function canonicalInstantMs(text: string): number {
  return Date.parse(text);
}

const INSTANT_MESSAGE =
  "must be a date (2026-01-31) or an RFC 3339 time with its offset (2026-01-31T00:00:00+01:00)";

/**
 * Brings a contract's start and end to canonical instants and checks them: the zone exists, the end is behind the start,
 * and the contract's and its periods' bounds lie on the grid of cells. Undefined, and faults, where anything is wrong.
 * @param cellMs grid, undefined where the settings have faults of their own
 */
export function resolveContractTimes(
  source: Sourced<Contract>,
  cellMs: number | undefined,
  faults: FaultList,
): Contract | undefined {
  const contract = source.value;
  const timeZone = contract.time_zone;
  if (!isTimeZone(timeZone)) {
    faults.add(source, ["time_zone"], `${JSON.stringify(timeZone)} is not an IANA time zone`);
    return undefined;
  }
  const known = faults.faults.length;
  const startMs = instantMs(contract.start, timeZone);
  if (startMs === undefined) faults.add(source, ["start"], INSTANT_MESSAGE);
  const endMs = contract.end === undefined ? Infinity : instantMs(contract.end, timeZone);
  if (endMs === undefined) faults.add(source, ["end"], INSTANT_MESSAGE);
  if (startMs === undefined || endMs === undefined) return undefined;
  if (endMs <= startMs) faults.add(source, ["end"], "must be after start");
  if (cellMs !== undefined) {
    const grid = `is not on the grid of ${cellMs / 60_000}-minute cells`;
    if (startMs % cellMs !== 0) faults.add(source, ["start"], grid);
    if (endMs !== Infinity && endMs % cellMs !== 0) faults.add(source, ["end"], grid);
    const offset = offsetOffGrid(timeZone, startMs, endMs, cellMs);
    if (offset !== undefined)
      faults.add(
        source,
        ["time_zone"],
        `midnight in ${timeZone} (UTC${offset}) is not on the grid of ${cellMs / 60_000}-minute cells; ` +
          "billing periods could not start on it",
      );
  }
  const credits = resolveGrantTimes(source, faults);
  if (faults.faults.length > known) return undefined;
  const { end, credits: _credits, ...rest } = contract;
  return {
    ...rest,
    start: instantText(startMs),
    ...(end === undefined ? {} : { end: instantText(endMs) }),
    ...(credits === undefined ? {} : { credits }),
  };
}

function resolveGrantTimes(source: Sourced<Contract>, faults: FaultList): Contract["credits"] {
  const { credits, time_zone: timeZone } = source.value;
  return credits?.map((grant, index) => {
    const canonical = (path: readonly PropertyKey[], text: string): string => {
      const timeMs = instantMs(text, timeZone);
      if (timeMs !== undefined) return instantText(timeMs);
      faults.add(source, ["credits", index, ...path], INSTANT_MESSAGE);
      return text;
    };
    const { created, expires, voided, recurrence, ...rest } = grant;
    return {
      ...rest,
      effective: canonical(["effective"], grant.effective),
      ...(created === undefined ? {} : { created: canonical(["created"], created) }),
      ...(expires === undefined ? {} : { expires: canonical(["expires"], expires) }),
      ...(voided === undefined ? {} : { voided: canonical(["voided"], voided) }),
      ...(recurrence === undefined
        ? {}
        : {
            recurrence: {
              ...recurrence,
              ...(recurrence.anchor === undefined
                ? {}
                : { anchor: canonical(["recurrence", "anchor"], recurrence.anchor) }),
            },
          }),
    };
  });
}

/** No billing is older, and behind the tabulated years the rules of time zones repeat year by year. */
const FIRST_TABULATED_YEAR = 1970;
const LAST_TABULATED_YEAR = 2037;

interface OffsetSample {
  readonly timeMs: number;
  readonly offsetMs: number;
}

/** Samples that are not multiples of a grid, by zone and grid: mostly none. Many contracts share a zone. */
const samplesOffGrid = new Map<string, readonly OffsetSample[]>();

/** Offsets of a zone through the years, looked at on the first of each month, that are not multiples of the grid. */
function offGridSamples(timeZone: string, cellMs: number): readonly OffsetSample[] {
  const key = `${cellMs} ${timeZone}`;
  const known = samplesOffGrid.get(key);
  if (known !== undefined) return known;
  const samples: OffsetSample[] = [];
  for (let month = FIRST_TABULATED_YEAR * 12; month < (LAST_TABULATED_YEAR + 1) * 12; month++) {
    const timeMs = Date.UTC(Math.floor(month / 12), month % 12, 1);
    const offsetMs = zoneOffsetMs(timeZone, timeMs);
    if (offsetMs % cellMs !== 0) samples.push({ timeMs, offsetMs });
  }
  samplesOffGrid.set(key, samples);
  return samples;
}

/** An offset of the zone during [startMs, endMs] that is not a multiple of the grid, as text. */
function offsetOffGrid(timeZone: string, startMs: number, endMs: number, cellMs: number): string | undefined {
  const atStart = zoneOffsetMs(timeZone, startMs);
  const offsetMs =
    atStart % cellMs !== 0
      ? atStart
      : offGridSamples(timeZone, cellMs).find(({ timeMs }) => timeMs >= startMs && timeMs < endMs)?.offsetMs;
  if (offsetMs === undefined) return undefined;
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
