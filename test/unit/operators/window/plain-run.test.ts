import { expect, it } from "vitest";
import type { EventBatch } from "../../../../src/model/event-batch.ts";
import { Outcome } from "../../../../src/model/outcome.ts";
import { addTarget, emptyTargets } from "../../../../src/operators/stage.ts";
import { CellLookAhead } from "../../../../src/operators/window/cell-look-ahead.ts";
import { CellTable } from "../../../../src/operators/window/cell-table.ts";
import { PlainRun, type PlainRunEvents } from "../../../../src/operators/window/plain-run.ts";
import { WatermarkTracker } from "../../../../src/operators/window/watermark.ts";
import { BATCH, cloudEvent, decode, message } from "../../wire/messages.ts";

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1);
const ROWS = 4;

/** Four accepted events of one region, a minute apart, two entries each. */
function fourEvents(): { readonly batch: EventBatch; readonly targets: ReturnType<typeof emptyTargets> } {
  const events = Array.from({ length: ROWS }, (_, row) =>
    cloudEvent({ id: `${row}`, time: new Date(START_MS + row * MINUTE_MS).toISOString() }),
  );
  const { batch } = decode(message(BATCH, JSON.stringify(events), { subject: "usage.3.eu" }));
  batch.outcome.fill(Outcome.accepted);
  const targets = emptyTargets(ROWS);
  for (let row = 0; row < ROWS; row++) for (const meter of [0, 1]) addTarget(targets, row, meter, 1);
  return { batch, targets };
}

/** What a run told, in order; `isDueAt` makes something due at a watermark, minutes. */
function run(answers: { readonly isGone?: (entry: number) => boolean; readonly isDueAt?: number }): string[] {
  const { batch, targets } = fourEvents();
  const watermark = new WatermarkTracker();
  watermark.configure(["eu"], 0);
  const regions = batch.regions.map((region) => watermark.indexOf(region));
  const told: string[] = [];
  const events: PlainRunEvents = {
    addEntry: (entry) => {
      told.push(`entry ${entry}`);
      return answers.isGone?.(entry) !== true;
    },
    gone: (row) => told.push(`gone ${row}`),
    parked: (row) => told.push(`parked ${row}`),
    advanced: (watermarkMs) => {
      told.push(`watermark ${(watermarkMs - START_MS + 1) / MINUTE_MS}`);
      return watermarkMs - START_MS + 1 !== (answers.isDueAt ?? -1) * MINUTE_MS;
    },
  };
  const plain = new PlainRun(new CellLookAhead(new CellTable({ windowMs: 60 * MINUTE_MS })), watermark);
  const place = { row: 0, entry: 0 };
  while (!plain.add(batch, targets, regions, [], place, events)) told.push("due");
  return told;
}

const usual = (row: number): string[] => [`entry ${2 * row}`, `entry ${2 * row + 1}`, `watermark ${row}`];

it("adds the entries of each event, then moves the watermark", () => {
  expect(run({})).toEqual([0, 1, 2, 3].flatMap(usual));
});

it("tells of an event whose window is gone, once, behind its entries and before the watermark", () => {
  const told = run({ isGone: (entry) => entry === 2 || entry === 3 });
  expect(told).toEqual([
    ...usual(0),
    "entry 2",
    "entry 3",
    "gone 1",
    "watermark 1",
    ...usual(2),
    ...usual(3),
  ]);
});

it("stops behind the event that makes something due, and goes on with the next one", () => {
  expect(run({ isDueAt: 1 })).toEqual([...usual(0), ...usual(1), "due", ...usual(2), ...usual(3)]);
  // Behind the last event nothing is left to add.
  expect(run({ isDueAt: 3 })).toEqual([...[0, 1, 2, 3].flatMap(usual), "due"]);
});
