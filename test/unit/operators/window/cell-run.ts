import * as fc from "fast-check";
import { Aggregation } from "../../../../src/operators/stage.ts";
import type { AggregationCode } from "../../../../src/operators/window/aggregates/aggregate.ts";
import { CellTable } from "../../../../src/operators/window/cell-table.ts";
import { MAX_VALUE } from "../../../../src/operators/window/exact-pair.ts";
import { foldPeriod } from "../../../../src/operators/window/fold-period.ts";
import { CellPhase } from "../../../../src/operators/window/window-cells.ts";
import { SavedRows } from "../support/saved-rows.ts";
import { naiveIntegral, naiveLevel, naiveValue, type ModelEvent } from "./cell-model.ts";

export const WINDOW_MS = 12;
const CODES = Object.values(Aggregation);
const NUMERIC_LIMIT = 2 ** 52;

/** Values at and around the places where a pair carries, and everywhere else. */
export const value = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, NUMERIC_LIMIT, -NUMERIC_LIMIT, NUMERIC_LIMIT - 1, 1 - NUMERIC_LIMIT),
  fc.integer({ min: -50, max: 50 }),
  fc.maxSafeInteger().map((integer) => Math.trunc(integer / 2)),
);
export const large = fc.oneof(
  fc.constantFrom(MAX_VALUE, -MAX_VALUE, 2n ** 52n, 2n ** 52n + 1n, -(2n ** 52n) - 1n, -(2n ** 53n)),
  fc.bigInt({ min: -MAX_VALUE, max: MAX_VALUE }),
);
const sequence = fc.constantFrom(1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 47);
const cell = { series: fc.nat(13), window: fc.nat(2) };

export const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant("add" as const), ...cell, value, sequence, at: fc.nat(11) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("large" as const),
      ...cell,
      value: large,
      sequence,
      at: fc.nat(11),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("carry" as const), ...cell, level: large }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("carry" as const), ...cell, level: fc.constant(0n) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("emit" as const), ...cell }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("phase" as const), ...cell, phase: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), ...cell }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("checkpoint" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("restore" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ModelCell {
  readonly series: number;
  readonly startMs: number;
  events: ModelEvent[];
  carryIn: bigint;
  emitted: { value: bigint; events: number; revision: number };
  phase: number;
  touched: boolean;
}

function aggregationOf(series: number): AggregationCode {
  return CODES[series % CODES.length]!;
}

/** Start of the window, on a grid that is not that of hours, at today's magnitude of times. */
export function startOf(window: number): number {
  return 1_780_000_000_000 + window * WINDOW_MS;
}

function valueOf(cell: ModelCell): bigint {
  const aggregation = aggregationOf(cell.series);
  return aggregation === Aggregation.time_weighted
    ? naiveIntegral(cell.events, cell.carryIn, cell.startMs, cell.startMs + WINDOW_MS)
    : naiveValue(aggregation, cell.events);
}

/** A table and the model beside it; `interrupted` obeys the checkpoint and restore steps. */
export class CellRun {
  table = new CellTable({ windowMs: WINDOW_MS });
  readonly saved = new SavedRows();
  readonly model = new Map<string, ModelCell>();
  /** What calls on the way returned, from the table and from the model. */
  readonly returned: { table: unknown[]; model: unknown[] } = { table: [], model: [] };
  readonly #interrupted: boolean;
  #count = 0;

  constructor(interrupted: boolean) {
    this.#interrupted = interrupted;
  }

  take(step: Step): void {
    this.#count += 1;
    if (step.kind === "checkpoint" || step.kind === "restore") {
      if (!this.#interrupted) return;
      this.saved.checkpoint(this.table);
      if (step.kind === "restore") {
        this.table = new CellTable({ windowMs: WINDOW_MS });
        this.table.restore(this.saved);
      }
      return;
    }
    const startMs = startOf(step.window);
    const key = `${step.series}/${startMs}`;
    const found = this.table.find(step.series, startMs);
    this.#note(found !== -1, this.model.has(key));
    if (step.kind === "remove") {
      if (found !== -1) this.table.remove(found);
      this.model.delete(key);
      return;
    }
    const slot = found === -1 ? this.table.create(step.series, startMs) : found;
    const cell = this.model.get(key) ?? {
      series: step.series,
      startMs,
      events: [],
      carryIn: 0n,
      emitted: { value: 0n, events: 0, revision: 0 },
      phase: 0,
      touched: false,
    };
    this.model.set(key, cell);
    this.#change(step, slot, cell);
  }

  #change(
    step: Exclude<Step, { kind: "checkpoint" | "restore" | "remove" }>,
    slot: number,
    cell: ModelCell,
  ): void {
    const aggregation = aggregationOf(step.series);
    switch (step.kind) {
      case "add":
      case "large": {
        const timeMs = cell.startMs + step.at;
        // Unique, but not rising with the steps: ties must go by the index, not by who came last.
        const index = (this.#count * 619) % 1009;
        const member = String(step.value);
        if (aggregation === Aggregation.unique) this.table.addMember(slot, member);
        else if (step.kind === "add") {
          this.table.add(slot, aggregation, step.value, timeMs, step.sequence, index);
        } else this.table.addLarge(slot, aggregation, step.value, timeMs, step.sequence, index);
        cell.events.push({ value: BigInt(step.value), member, timeMs, sequence: step.sequence, index });
        break;
      }
      case "carry":
        if (aggregation !== Aggregation.time_weighted) return;
        this.#note(this.table.setCarryIn(slot, step.level), cell.carryIn !== step.level);
        cell.carryIn = step.level;
        break;
      case "emit":
        this.table.markEmitted(slot);
        cell.emitted = {
          value: valueOf(cell),
          events: cell.events.length,
          revision: cell.emitted.revision + 1,
        };
        break;
      case "phase":
        this.table.setPhase(
          slot,
          ([CellPhase.open, CellPhase.complete, CellPhase.closed] as const)[step.phase]!,
        );
        cell.phase = step.phase;
        cell.touched = !cell.touched;
        this.table.setTouched(slot, cell.touched);
        break;
    }
  }

  /** Every cell as the table has it, by series and start. */
  tableCells(): Record<string, unknown> {
    const { table } = this;
    const cells: Record<string, unknown> = {};
    for (const slot of table.slots()) {
      const aggregation = aggregationOf(table.seriesOf(slot));
      cells[`${table.seriesOf(slot)}/${table.startOf(slot)}`] = {
        found: table.find(table.seriesOf(slot), table.startOf(slot)) === slot,
        value: table.value(slot, aggregation),
        events: table.events(slot),
        phase: table.phaseOf(slot),
        touched: table.isTouched(slot),
        emitted: {
          value: table.emittedValue(slot),
          events: table.emittedEvents(slot),
          revision: table.emittedRevision(slot),
        },
        carryOut: table.carryOut(slot),
      };
    }
    return cells;
  }

  /** Every cell as it should be, by series and start. */
  modelCells(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.model].map(([key, cell]) => [
        key,
        {
          found: true,
          value: valueOf(cell),
          events: cell.events.length,
          phase: cell.phase,
          touched: cell.touched,
          emitted: cell.emitted,
          carryOut:
            aggregationOf(cell.series) === Aggregation.time_weighted
              ? naiveLevel(cell.events, cell.carryIn, cell.startMs + WINDOW_MS)
              : 0n,
        },
      ]),
    );
  }

  /** Each series folded over its windows: by the table, and from the events of all of them together. */
  folds(): { table: bigint[]; model: bigint[] } {
    const folds: { table: bigint[]; model: bigint[] } = { table: [], model: [] };
    for (const series of new Set([...this.model.values()].map((cell) => cell.series))) {
      const aggregation = aggregationOf(series);
      const cells = [...this.model.values()].filter((cell) => cell.series === series);
      const slots = cells.map((cell) => this.table.find(series, cell.startMs));
      folds.table.push(foldPeriod(this.table, aggregation, slots));
      folds.model.push(
        aggregation === Aggregation.time_weighted
          ? cells.reduce((total, cell) => total + valueOf(cell), 0n)
          : naiveValue(
              aggregation,
              cells.flatMap((cell) => cell.events),
            ),
      );
    }
    return folds;
  }

  #note(table: unknown, model: unknown): void {
    this.returned.table.push(table);
    this.returned.model.push(model);
  }
}
