import { BALANCE, HOUR_MS, REQUEST } from "./usage-catalog.ts";
import type { PropertyValue, UsageEvent } from "./usage-event.ts";

/** Places behind the point of level-hours. */
const LEVEL_HOUR_PLACES = 12;

/** Decimal places of each meter's values. */
export const SCALES: Readonly<Record<string, number>> = {
  requests: 0,
  bytes: 0,
  fastest: 3,
  slowest: 3,
  users: 0,
  balance: 2,
  storage: LEVEL_HOUR_PLACES,
};

/** One account, meter, group and hour. */
export interface ExpectedCell {
  readonly account: string;
  readonly meter: string;
  /** Value of the dimension `status`; "" where the meter has none. */
  readonly status: string;
  readonly startMs: number;
  readonly events: number;
  /** At the meter's scale; level-hours at 12 places. */
  readonly value: bigint;
  /** The hour is complete: its figures have been rated. */
  readonly complete: boolean;
}

/** One value with the place of its event, which decides ties. */
interface Point {
  readonly timeMs: number;
  readonly sequence: number;
  readonly index: number;
  readonly value: bigint;
  readonly text: string;
}

interface Series {
  readonly account: string;
  readonly meter: string;
  readonly status: string;
  readonly hours: Map<number, Point[]>;
}

/** An exact integer of 10^−scale. */
export function scaled(decimal: string, scale: number): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  const digits = fraction.replace(/0+$/, "");
  if (digits.length > scale) throw new RangeError(`${decimal} has more than ${scale} places`);
  return BigInt(whole + digits.padEnd(scale, "0"));
}

/** The quotient rounded half away from zero. */
export function rounded(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const quotient = (magnitude * 2n + divisor) / (divisor * 2n);
  return dividend < 0n ? -quotient : quotient;
}

/** Collects accepted events and folds them to the cells of the seven meters. */
export class ExpectedCells {
  readonly #series = new Map<string, Series>();

  add(event: UsageEvent, sequence: number, index: number): void {
    const { data } = event;
    const place = { timeMs: event.timeMs, sequence, index };
    const number = (name: string, scale: number): bigint => scaled(decimalOf(data[name]), scale);
    if (event.type === REQUEST) {
      const status = textOf(data["status"]);
      this.#push(event, "requests", status, { ...place, value: 1n, text: "" });
      if (status === "200" || status === "201")
        this.#push(event, "bytes", "", { ...place, value: number("size.bytes", 0), text: "" });
      for (const meter of ["fastest", "slowest"])
        this.#push(event, meter, "", { ...place, value: number("latency", 3), text: "" });
      this.#push(event, "users", "", { ...place, value: 0n, text: textOf(data["user"]) });
    } else if (event.type === BALANCE) {
      this.#push(event, "balance", "", { ...place, value: number("balance", 2), text: "" });
    } else this.#push(event, "storage", "", { ...place, value: number("gigabytes", 3), text: "" });
  }

  finish(watermarkOf: (account: string) => number): ExpectedCell[] {
    return [...this.#series.values()].flatMap((series) => {
      const watermarkMs = watermarkOf(series.account);
      if (series.meter === "storage") return levelCells(series, watermarkMs);
      return [...series.hours].map(([startMs, points]) => cell(series, startMs, points, watermarkMs));
    });
  }

  #push(event: UsageEvent, meter: string, status: string, point: Point): void {
    const key = JSON.stringify([event.account, meter, status]);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { account: event.account, meter, status, hours: new Map() };
      this.#series.set(key, series);
    }
    const startMs = Math.floor(event.timeMs / HOUR_MS) * HOUR_MS;
    const points = series.hours.get(startMs);
    if (points === undefined) series.hours.set(startMs, [point]);
    else points.push(point);
  }
}

function cell(series: Series, startMs: number, points: readonly Point[], watermarkMs: number): ExpectedCell {
  const { account, meter, status } = series;
  const values = points.map(({ value }) => value);
  const folds: Record<string, () => bigint> = {
    requests: () => BigInt(points.length),
    bytes: () => values.reduce((total, value) => total + value, 0n),
    fastest: () => values.reduce((least, value) => (value < least ? value : least)),
    slowest: () => values.reduce((most, value) => (value > most ? value : most)),
    users: () => BigInt(new Set(points.map(({ text }) => text)).size),
    balance: () => inOrder(points).at(-1)?.value ?? 0n,
  };
  const fold = folds[meter];
  if (fold === undefined) throw new RangeError(`no meter ${meter}`);
  const complete = watermarkMs >= startMs + HOUR_MS - 1;
  return { account, meter, status, startMs, events: points.length, value: fold(), complete };
}

function inOrder(points: readonly Point[]): Point[] {
  return [...points].sort((a, b) => a.timeMs - b.timeMs || a.sequence - b.sequence || a.index - b.index);
}

/** A level holds until it changes: every hour from the first change to the watermark has a cell. */
function levelCells({ account, meter, status, hours }: Series, watermarkMs: number): ExpectedCell[] {
  const cells: ExpectedCell[] = [];
  const first = Math.min(...hours.keys());
  const last = Math.max(...hours.keys());
  let level = 0n;
  for (let startMs = first; startMs <= Math.max(last, watermarkMs + 1); startMs += HOUR_MS) {
    const points = inOrder(hours.get(startMs) ?? []);
    const endMs = startMs + HOUR_MS;
    // An hour takes over the level when the one before it is complete.
    if (startMs > watermarkMs + 1) level = 0n;
    if (level === 0n && points.length === 0) continue;
    let total = 0n;
    let fromMs = startMs;
    for (const point of points) {
      total += level * BigInt(point.timeMs - fromMs);
      level = point.value;
      fromMs = point.timeMs;
    }
    total += level * BigInt(endMs - fromMs);
    const value = rounded(total * 10n ** BigInt(LEVEL_HOUR_PLACES - 3), BigInt(HOUR_MS));
    const complete = watermarkMs >= endMs - 1;
    cells.push({ account, meter, status, startMs, events: points.length, value, complete });
  }
  return cells;
}

function decimalOf(value: PropertyValue | undefined): string {
  if (typeof value !== "object") throw new TypeError("a number was expected");
  return value.decimal;
}

function textOf(value: PropertyValue | undefined): string {
  if (typeof value !== "string") throw new TypeError("a text was expected");
  return value;
}
