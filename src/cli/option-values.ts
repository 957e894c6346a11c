import { InvalidArgumentError } from "commander";
import { durationMs } from "../model/duration.ts";

/** A whole number within bounds. */
export function parseInteger(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A duration such as 500ms, 30s, 5m, 24h, 35d, in milliseconds. */
export function parseDuration(text: string): number {
  const value = durationMs(text);
  if (value === undefined)
    throw new InvalidArgumentError("It must be a duration such as 500ms, 30s, 5m, 24h or 35d.");
  return value;
}

/** An RFC 3339 time with its offset, in milliseconds since the epoch. */
export function parseInstant(text: string): number {
  const value = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(value))
    throw new InvalidArgumentError("It must be an RFC 3339 time such as 2026-11-01T00:00:00Z.");
  return value;
}

/** A number within bounds. */
export function parseNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

/** Texts between commas. */
export function parseList(text: string): string[] {
  const values = text.split(",").map((value) => value.trim());
  if (values.includes("")) throw new InvalidArgumentError("It must be a list such as a,b,c.");
  return values;
}
