import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeAfterGrace } from "../../../src/operators/window/close-time.ts";
import { hopping } from "../../../src/operators/window/window-assigner.ts";
import { WindowLifecycle } from "../../../src/operators/window/window-lifecycle.ts";
import { PlainCells } from "../../oracle/windows/plain-cells.ts";

interface Parameters {
  readonly size: number;
  readonly slide: number;
  readonly offset: number;
  readonly grace: number;
  readonly retain: number;
  readonly lateFiring: "immediate" | "next-boundary";
}

type Step =
  | { readonly kind: "event"; readonly series: number; readonly timeMs: number; readonly value: number }
  | { readonly kind: "advance"; readonly by: number };

interface Emission {
  readonly reason: string;
  readonly window: string;
  readonly total: number;
}

/** Sums by slot over a lifecycle that can be stopped and taken up again. */
class SummingRun {
  readonly emissions: Emission[] = [];
  readonly closed: string[] = [];
  watermarkMs = -Infinity;
  #cells = new PlainCells();
  readonly #sums = new Map<number, number>();
  readonly #parameters: Parameters;
  #lifecycle: WindowLifecycle;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
    this.#lifecycle = this.#create();
  }

  add(series: number, timeMs: number, value: number): void {
    const slots = new Int32Array(Math.ceil(this.#parameters.size / this.#parameters.slide));
    const count = this.#lifecycle.place(series, timeMs, slots);
    for (const slot of slots.subarray(0, count)) {
      this.#sums.set(slot, (this.#sums.get(slot) ?? 0) + value);
      this.#lifecycle.updated(slot);
    }
  }

  advance(watermarkMs: number): void {
    this.watermarkMs = Math.max(this.watermarkMs, watermarkMs);
    this.#lifecycle.advanceTo(watermarkMs);
  }

  restart(): void {
    this.#cells = this.#cells.clone();
    this.#lifecycle = this.#create();
    this.#lifecycle.restore(this.watermarkMs);
  }

  #create(): WindowLifecycle {
    const { size, slide, offset, grace, retain, lateFiring } = this.#parameters;
    const cells = this.#cells;
    const name = (slot: number): string => `${cells.seriesOf(slot)}@${cells.startOf(slot)}`;
    return new WindowLifecycle({
      assigner: hopping(size, slide, offset),
      cells,
      closeAt: closeAfterGrace(grace),
      retainMs: retain,
      lateFiring,
      listener: {
        fire: (slots, reason) => {
          for (const slot of slots)
            this.emissions.push({ reason, window: name(slot), total: this.#sums.get(slot) ?? Number.NaN });
        },
        close: (_closeAtMs, slots) => {
          this.closed.push(...slots.map(name));
        },
        evict: (slots) => {
          for (const slot of slots) this.#sums.delete(slot);
        },
      },
    });
  }
}

const parameters: fc.Arbitrary<Parameters> = fc
  .record({
    size: fc.integer({ min: 1, max: 12 }),
    slide: fc.integer({ min: 1, max: 12 }),
    offset: fc.integer({ min: -11, max: 11 }),
    grace: fc.integer({ min: 0, max: 25 }),
    retain: fc.constantFrom(0, 3, 17, Infinity),
    lateFiring: fc.constantFrom("immediate" as const, "next-boundary" as const),
  })
  .filter(({ size, slide, offset }) => slide <= size && Math.abs(offset) < slide);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("event" as const),
      series: fc.integer({ min: 0, max: 2 }),
      timeMs: fc.integer({ min: -20, max: 80 }),
      value: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ kind: fc.constant("advance" as const), by: fc.integer({ min: -3, max: 15 }) }),
  ),
  { maxLength: 60 },
);

const START_MS = -20;
const END_MS = 1_000;

/** Runs the steps; `before` is called ahead of each with the watermark that it comes to. */
function runSteps(
  run: SummingRun,
  all: readonly Step[],
  before: (index: number, fromMs: number, toMs: number) => void = () => undefined,
): SummingRun {
  let watermarkMs = START_MS;
  all.forEach((step, index) => {
    if (step.kind === "event") {
      before(index, watermarkMs, watermarkMs);
      run.add(step.series, step.timeMs, step.value);
      return;
    }
    const next = Math.max(watermarkMs, watermarkMs + step.by);
    before(index, watermarkMs, next);
    run.advance(watermarkMs + step.by);
    watermarkMs = next;
  });
  before(all.length, watermarkMs, END_MS);
  run.advance(END_MS);
  return run;
}

/** Which windows have which total in the end, by the definition: no timers, no phases. */
function naiveTotals(p: Parameters, all: readonly Step[]): Map<string, number> {
  const totals = new Map<string, number>();
  let watermarkMs = START_MS;
  for (const step of all) {
    if (step.kind === "advance") {
      watermarkMs = Math.max(watermarkMs, watermarkMs + step.by);
      continue;
    }
    for (let start = p.offset - 20 * p.slide - 200; start <= step.timeMs; start++) {
      if ((start - p.offset) % p.slide !== 0 || step.timeMs >= start + p.size) continue;
      if (watermarkMs >= start + p.size + p.grace + p.retain - 1) continue;
      const window = `${step.series}@${start}`;
      totals.set(window, (totals.get(window) ?? 0) + step.value);
    }
  }
  return totals;
}

describe("WindowLifecycle, for all inputs", () => {
  it("ends with the totals of the definition, and completes no window twice", () => {
    fc.assert(
      fc.property(parameters, steps, (p, all) => {
        const run = new SummingRun(p);
        run.advance(START_MS);
        runSteps(run, all);
        const last = new Map(run.emissions.map(({ window, total }) => [window, total]));
        expect(last).toEqual(naiveTotals(p, all));
        const completed = run.emissions.filter(({ reason }) => reason === "complete");
        expect(new Set(completed.map(({ window }) => window)).size).toBe(completed.length);
        expect(new Set(run.closed).size).toBe(run.closed.length);
      }),
      { numRuns: 400 },
    );
  });

  it("emits the same, in the same order, however an advance is cut", () => {
    fc.assert(
      fc.property(parameters, steps, fc.integer({ min: 1, max: 5 }), (p, all, stride) => {
        const [whole, cut] = [new SummingRun(p), new SummingRun(p)];
        whole.advance(START_MS);
        cut.advance(START_MS);
        runSteps(whole, all);
        runSteps(cut, all, (_index, fromMs, toMs) => {
          for (let w = fromMs; w <= toMs; w += stride) cut.advance(w);
        });
        expect(cut.emissions).toEqual(whole.emissions);
        expect(cut.closed).toEqual(whole.closed);
      }),
      { numRuns: 200 },
    );
  });

  it("goes on after a restart as if it had not stopped", () => {
    fc.assert(
      fc.property(parameters, steps, fc.infiniteStream(fc.boolean()), (p, all, restarts) => {
        const [plain, restarted] = [new SummingRun(p), new SummingRun(p)];
        plain.advance(START_MS);
        restarted.advance(START_MS);
        runSteps(plain, all);
        runSteps(restarted, all, () => {
          if (restarts.next().value === true) restarted.restart();
        });
        expect(restarted.emissions).toEqual(plain.emissions);
        expect(restarted.closed).toEqual(plain.closed);
      }),
      { numRuns: 200 },
    );
  });
});
