import { QueryError } from "./tokens.ts";

/** Dates in queries: kept as `YYYY-MM-DDTHH:MM:SS` in the company's time zone, so that they compare as texts. */

const PARTS: Readonly<Record<string, readonly [start: number, length: number]>> = {
  YYYY: [0, 4],
  MM: [5, 2],
  DD: [8, 2],
  HH24: [11, 2],
  MI: [14, 2],
  SS: [17, 2],
};
const FORMAT_PART = /YYYY|MM|DD|HH24|MI|SS|"[^"]*"|[-/:. T]/g;

function partsOf(format: string): readonly string[] {
  const parts = [...format.matchAll(FORMAT_PART)].map(([part]) => part);
  if (parts.join("") !== format) throw new QueryError("Invalid or unsupported search");
  return parts;
}

/** A text in one of the database's formats as a date. Throws QueryError. */
export function readDate(text: string, format: string): string {
  let date = "0000-01-01T00:00:00";
  let rest = text;
  for (const part of partsOf(format)) {
    const place = PARTS[part];
    if (place === undefined) {
      const literal = part.replaceAll('"', "");
      if (!rest.startsWith(literal)) throw new QueryError("date format does not match");
      rest = rest.slice(literal.length);
      continue;
    }
    const [start, length] = place;
    const digits = new RegExp(`^\\d{1,${length}}`).exec(rest)?.[0];
    if (digits === undefined) throw new QueryError("date format does not match");
    rest = rest.slice(digits.length);
    date = `${date.slice(0, start)}${digits.padStart(length, "0")}${date.slice(start + length)}`;
  }
  if (rest !== "") throw new QueryError("date format picture ends before converting entire input string");
  return date;
}

export function writeDate(date: string, format: string): string {
  return partsOf(format)
    .map((part) => {
      const place = PARTS[part];
      return place === undefined ? part.replaceAll('"', "") : date.slice(place[0], place[0] + place[1]);
    })
    .join("");
}

/** As the account shows dates, and reads them where no format is said: M/D/YYYY, without the time. */
export function accountDate(date: string): string {
  return `${Number(date.slice(5, 7))}/${Number(date.slice(8, 10))}/${date.slice(0, 4)}`;
}

export function localTime(timeMs: number, utcOffsetMinutes: number): string {
  return new Date(timeMs + utcOffsetMinutes * 60_000).toISOString().slice(0, 19);
}
