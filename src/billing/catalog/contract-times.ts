import { DateTime } from "luxon";
import { isTimeZone, startOfLocalDay, zoneOffsetMs } from "../zone-days.ts";
import type { Contract } from "./entities.ts";
import type { FaultList, Sourced } from "./faults.ts";

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/;

/** The moment that a text names, in milliseconds; undefined where it is none. A date is its first moment in the zone. */
function instantMs(text: string, timeZone: string): number | undefined {
  const date = DATE.exec(text);
  if (date !== null) {
    const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
    if (!DateTime.utc(year, month, day).isValid) return undefined;
    return startOfLocalDay(timeZone, year, month, day);
  }
  if (!RFC_3339.test(text)) return undefined;
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
  if (faults.faults.length > known) return undefined;
  const { end, ...rest } = contract;
  return {
    ...rest,
    start: instantText(startMs),
    ...(end === undefined ? {} : { end: instantText(endMs) }),
  };
}

/** Time zone rules repeat year by year behind the years that are tabulated. */
const LAST_TABULATED_YEAR = 2037;

const offsetSamples = new Map<string, readonly { readonly timeMs: number; readonly offsetMs: number }[]>();

/** Offsets of a zone through the years, one sample at the start of each month. */
function samplesOf(timeZone: string): readonly { readonly timeMs: number; readonly offsetMs: number }[] {
  let samples = offsetSamples.get(timeZone);
  if (samples === undefined) {
    const list = [];
    for (let month = 1970 * 12; month < (LAST_TABULATED_YEAR + 1) * 12; month++) {
      const timeMs = Date.UTC(Math.floor(month / 12), month % 12, 1);
      list.push({ timeMs, offsetMs: zoneOffsetMs(timeZone, timeMs) });
    }
    samples = list;
    offsetSamples.set(timeZone, samples);
  }
  return samples;
}

/** An offset of the zone during [startMs, endMs] that is not a multiple of the grid, as text. */
function offsetOffGrid(timeZone: string, startMs: number, endMs: number, cellMs: number): string | undefined {
  const off =
    [startMs, endMs === Infinity ? startMs : endMs]
      .map((timeMs) => zoneOffsetMs(timeZone, timeMs))
      .find((ms) => ms % cellMs !== 0) ??
    samplesOf(timeZone).find(
      ({ timeMs, offsetMs }) => timeMs >= startMs && timeMs <= endMs && offsetMs % cellMs !== 0,
    )?.offsetMs;
  if (off === undefined) return undefined;
  const minutes = Math.abs(off) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${off < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
