import { encodeControl, type CloseRecord } from "../model/control.ts";
import { CellPhase } from "../operators/window/window-cells.ts";
import type { PartitionEngine } from "./partition-engine.ts";
import { unbilledOf, type ReportSource } from "./partition-report.ts";

/** Value of an account's usage that no invoice has taken up, as decimal strings in currency units. */
export interface AccruedRow {
  readonly account: string;
  readonly currency: string;
  /** Of complete hours: what has been emitted. */
  readonly rated: string;
  /** With the hours that are still open, as if nothing more came for them. */
  readonly accrued: string;
}

/**
 * The accrued value of every account, exact: lets the windows that are open complete and reads what they were rated at, by
 * the very code that will rate them. What is due only when a period ends (volume prices, minimum amounts) is not in it.
 * The engines are used up: they must be copies that nothing is committed from.
 */
export function accruedValue(sources: readonly ReportSource[]): AccruedRow[] {
  const rated = new Map(unbilledOf(sources).unbilled.map((row) => [keyOf(row), row.amount]));
  for (const { engine } of sources) completeOpenWindows(engine);
  return unbilledOf(sources).unbilled.map((row) => ({
    account: row.account,
    currency: row.currency,
    rated: rated.get(keyOf(row)) ?? zeroLike(row.amount),
    accrued: row.amount,
  }));
}

function completeOpenWindows(engine: PartitionEngine): void {
  const cellMs = engine.catalog?.settings.cellMs;
  if (cellMs === undefined) return;
  let upToMs = Number.NEGATIVE_INFINITY;
  for (const slot of engine.cells.slots()) {
    if (engine.cells.phaseOf(slot) !== CellPhase.open) continue;
    upToMs = Math.max(upToMs, engine.cells.startOf(slot) + cellMs);
  }
  // Late changes that wait for the next hour are let out by the same step.
  if (upToMs === Number.NEGATIVE_INFINITY) upToMs = engine.watermarkMs + 1 + cellMs;
  if (!Number.isFinite(upToMs)) return;
  const record: CloseRecord = {
    kind: "close",
    upToMs,
    actor: "inspect",
    reason: "accrued value",
    appliesAfter: engine.position.usageSequence,
    decidedAt: "",
  };
  const placed = { sequence: engine.position.controlSequence + 1, record };
  engine.apply(placed, encodeControl(record), undefined, []);
}

function keyOf(row: { readonly account: string; readonly currency: string }): string {
  return `${row.account}\u0000${row.currency}`;
}

function zeroLike(amount: string): string {
  return amount
    .replace("-", "")
    .replaceAll(/\d/g, "0")
    .replace(/^0+(?=0)/, "");
}
