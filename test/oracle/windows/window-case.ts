import { readFileSync } from "node:fs";

/** A row of a case: fields by name, as the file has them. */
export type Row = Readonly<Record<string, unknown>>;

export interface WindowCase {
  readonly id: string;
  readonly category: string;
  readonly model: string;
  readonly applicability: string;
  readonly window: Row | null;
  readonly lateness: number | string | null;
  readonly mode?: string;
  readonly agg?: string;
  readonly trigger?: string;
  readonly events: readonly Row[];
  readonly expected: readonly Row[];
  readonly correct_extra?: readonly Row[];
  readonly derived_drops?: readonly Row[];
  readonly metrics?: Row;
  readonly wait_ms?: number | string;
  readonly out_of_orderness?: number;
  readonly idle_timeout?: number;
  readonly channels?: number;
  readonly deferred?: boolean;
  readonly emit_interval?: number;
}

export function loadCases(path: string | URL): readonly WindowCase[] {
  const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isRow(parsed) || !isCases(parsed["cases"])) throw new Error(`${String(path)} holds no window cases`);
  return parsed["cases"];
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCases(value: unknown): value is readonly WindowCase[] {
  return (
    Array.isArray(value) &&
    value.every(
      (item) =>
        isRow(item) &&
        typeof item["id"] === "string" &&
        typeof item["category"] === "string" &&
        Array.isArray(item["events"]) &&
        Array.isArray(item["expected"]),
    )
  );
}

/** A case needs something that is not offered; `kind` names it. */
export class UnsupportedKind extends Error {
  readonly kind: string;
  constructor(kind: string) {
    super(`unsupported kind: ${kind}`);
    this.kind = kind;
  }
}

/** A case's expectation is not met. */
export class Mismatch extends Error {}

const INT64_MAX = 2n ** 63n - 1n;
/** The end of time in Beam: microseconds of int64 as milliseconds. */
const BEAM_MAX = INT64_MAX / 1000n;
const NEAR = 10n ** 13n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A time of a case as a number. Times near the end of the source's range keep their distance to it: they move to the
 * same place before the end of the exact integers. The least int64 is "before all time".
 */
export function toTime(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (value === "MAX") return Number.MAX_SAFE_INTEGER;
  if (value === "MIN") return -Infinity;
  if (typeof value !== "string" || !/^-?\d+$/.test(value)) throw new UnsupportedKind(`time ${String(value)}`);
  const exact = BigInt(value);
  if (exact === -INT64_MAX - 1n) return -Infinity;
  if (exact >= -SAFE_MAX && exact <= SAFE_MAX) return Number(exact);
  return Number(exact - endOfTime(exact) + SAFE_MAX);
}

/** How far `toTime` moves the times of a case that lie near the end of the range, modulo `divisor`; 0 where none does. */
export function shiftOf(events: readonly Row[], divisor: number): number {
  for (const event of events) {
    const value = event["ts"];
    if (typeof value !== "string" || !/^\d+$/.test(value)) continue;
    const exact = BigInt(value);
    if (exact > SAFE_MAX) return Number((SAFE_MAX - endOfTime(exact)) % BigInt(divisor));
  }
  return 0;
}

function endOfTime(exact: bigint): bigint {
  for (const end of [INT64_MAX, BEAM_MAX]) if (exact <= end && end - exact < NEAR) return end;
  throw new UnsupportedKind(`time ${String(exact)}`);
}

/** Fails for fields that the caller would ignore. */
export function requireFields(what: string, row: Row, known: readonly string[]): void {
  for (const name of Object.keys(row)) {
    if (!known.includes(name)) throw new UnsupportedKind(`${what} ${name}`);
  }
}
