import { isDeepStrictEqual } from "node:util";
import { Mismatch, UnsupportedKind, requireFields, toTime, type Row } from "./window-case.ts";

const KNOWN_FIELDS = (
  "after key start end value ts kind window_id tombstone timing is_first is_last pane_index " +
  "non_speculative_index late dropped window stream_time close_time"
).split(" ");
const TIME_FIELDS = new Set(["start", "end", "ts"]);

/**
 * Every expected row has one actual row that agrees in all fields it names, and no actual row is left over. Rows with
 * `after` must come at that step; without it, the step is open.
 */
export function compareRows(expected: readonly Row[], actual: readonly Row[], ordered: boolean): void {
  const left = [...actual];
  for (const row of expected) {
    requireFields("expected field", row, KNOWN_FIELDS);
    const found = left.findIndex((candidate) => agrees(row, candidate, ordered));
    if (found < 0) {
      throw new Mismatch(`expected ${JSON.stringify(row)}, left of what came: ${JSON.stringify(left)}`);
    }
    left.splice(found, 1);
  }
  if (left.length > 0) throw new Mismatch(`not expected: ${JSON.stringify(left)}`);
}

function agrees(expected: Row, actual: Row, ordered: boolean): boolean {
  return Object.entries(expected).every(([name, value]) => {
    const other = actual[name];
    if (TIME_FIELDS.has(name)) {
      if (value === "window.maxTimestamp") return other === Number(actual["end"]) - 1;
      return other === toTime(value);
    }
    if (!ordered && Array.isArray(value) && Array.isArray(other)) {
      return isDeepStrictEqual(value.toSorted(byJson), other.toSorted(byJson));
    }
    // Panes of a source that does not assert values carry null.
    return isDeepStrictEqual(value, other);
  });
}

function byJson(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Emissions of one step come in window order. */
export function requireWindowOrder(rows: readonly Row[]): void {
  rows.forEach((row, i) => {
    const before = rows[i - 1];
    if (before === undefined || before["after"] !== row["after"]) return;
    if (Number(before["start"]) > Number(row["start"])) {
      throw new Mismatch(`out of window order: ${JSON.stringify(before)} before ${JSON.stringify(row)}`);
    }
  });
}

/** Steps at which a scalar is expected. */
export function expectAt(expected: readonly Row[], field: string, step: number, actual: unknown): void {
  for (const row of expected) {
    if (row["after"] !== step || !(field in row)) continue;
    const value = row[field];
    const wanted =
      value === null
        ? -Infinity
        : typeof value === "string" || typeof value === "number"
          ? toTime(value)
          : value;
    if (wanted !== actual) {
      throw new Mismatch(`step ${step}: ${field} is ${String(actual)}, expected ${JSON.stringify(value)}`);
    }
  }
}

/** The one key that says what an event is; unknown ones are another kind of case. */
export function kindOf(event: Row, kinds: readonly string[]): string {
  const found = kinds.find((kind) => kind in event);
  if (found === undefined) throw new UnsupportedKind(`event ${Object.keys(event).join("+")}`);
  return found;
}
