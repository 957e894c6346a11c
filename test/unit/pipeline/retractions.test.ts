import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { encodeColumnarBatch } from "../../../src/ingest/wire/columnar-encoder.ts";
import type { ControlRecord } from "../../../src/model/control.ts";
import type { RatedAggregate } from "../../../src/model/outputs.ts";
import { KeyHasher } from "../../../src/model/hash.ts";
import { OUTCOME_NAMES, reasonOf } from "../../../src/model/outcome.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import {
  BASE_MS,
  HASH_KEY,
  HOUR_MS,
  runLogs,
  testCatalog,
  type LogStep,
} from "../../support/engine-fixture.ts";

const encoder = new TextEncoder();

interface Event {
  readonly id: string;
  readonly timeMs: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly account?: string;
  readonly type?: string;
}

function eventOf({ id, timeMs, data, account = "a", type = "usage" }: Event) {
  const time = new Date(timeMs).toISOString();
  return { specversion: "1.0", id, source: "test", type, subject: account, time, data };
}

function retractionOf(id: string, event: Event, arrivalMs: number) {
  return eventOf({
    id,
    timeMs: arrivalMs,
    data: { event: eventOf(event) },
    account: event.account ?? "a",
    type: "io.tributary.retraction.v1",
  });
}

/** Messages and catalogs in the order of the log, with the close of everything behind them. */
class Logs {
  readonly steps: LogStep[] = [];
  #sequence = 0;

  constructor(catalog: CompiledCatalog) {
    this.catalog(catalog);
  }

  catalog(catalog: CompiledCatalog): void {
    this.#control(
      { kind: "catalog", version: catalog.version, appliesAfter: this.#sequence, decidedAt: "" },
      catalog,
    );
  }

  message(event: unknown, arrivalMs: number, contentType = "application/cloudevents+json"): void {
    const data = event instanceof Uint8Array ? event : encoder.encode(JSON.stringify(event));
    const message = { sequence: ++this.#sequence, subject: "usage.0.eu", contentType, arrivalMs, data };
    this.steps.push({ kind: "message", message });
  }

  close(upToMs: number): void {
    const about = { appliesAfter: this.#sequence, decidedAt: "", actor: "test", reason: "test" };
    this.#control({ kind: "close", upToMs, ...about });
  }

  #control(record: ControlRecord, catalog?: CompiledCatalog): void {
    this.steps.push({ kind: "control", record, ...(catalog === undefined ? {} : { catalog }) });
  }
}

async function run(logs: Logs, catalog: CompiledCatalog, isCut = false) {
  const { store, engine } = await runLogs(logs.steps, catalog, {
    cut: () => isCut,
    commit: () => isCut,
    restart: (step) => isCut && step % 2 === 1,
  });
  const report = reportOf([{ partition: 0, engine, store }]);
  expect(report.checks.filter(({ balanced }) => !balanced)).toEqual([]);
  const cells = report.aggregates.filter(({ events, value }) => events !== 0 || /[1-9]/.test(value));
  const letters = store
    .outboxAfter("dead-letter", 0, 1000)
    .map(({ body }): string => JSON.parse(body).reason);
  const rated = store.outboxAfter("rated", 0, 100_000).map(({ body }): RatedAggregate => JSON.parse(body));
  return { store, engine, report, cells, letters, rated, counts: report.counts };
}

/** Runs logs whole and cut at every step, which must come to the same; returns the whole. */
async function runBoth(logs: Logs, catalog: CompiledCatalog) {
  const cut = await run(logs, catalog, true);
  const whole = await run(logs, catalog);
  expect(dumpState(cut.store)).toBe(dumpState(whole.store));
  cut.store.close();
  return whole;
}

const CATALOG = testCatalog(["a"], [], {}, true);
const EVENT: Event = { id: "1", timeMs: BASE_MS, data: { amount: 4, user: "x", status: "ok" } };
const END_MS = BASE_MS + 60 * 24 * HOUR_MS;

describe("a retraction", () => {
  it("takes an event out of the windows of all meters, whatever else is in them", async () => {
    const logs = new Logs(CATALOG);
    logs.message(eventOf(EVENT), BASE_MS);
    const other: Event = { ...EVENT, id: "2", data: { amount: 1.5, user: "y", status: "ok" } };
    logs.message(eventOf(other), BASE_MS);
    logs.message(retractionOf("r", EVENT, BASE_MS + 1), BASE_MS + 1);
    logs.close(END_MS);
    const alone = new Logs(CATALOG);
    alone.message(eventOf(other), BASE_MS);
    alone.close(END_MS);
    const taken = await runBoth(logs, CATALOG);
    expect(taken.cells).toEqual((await run(alone, CATALOG)).cells);
    expect(taken.counts).toMatchObject({ read: 3, accepted: 3 });
  });

  it("refines complete windows and adjusts closed periods", async () => {
    const logs = new Logs(CATALOG);
    logs.message(eventOf(EVENT), BASE_MS);
    logs.close(BASE_MS + 5 * 24 * HOUR_MS);
    logs.message(retractionOf("r", EVENT, BASE_MS + 1), BASE_MS + 1);
    logs.close(BASE_MS + 6 * 24 * HOUR_MS);
    const { rated, cells, engine } = await runBoth(logs, CATALOG);
    expect(cells).toEqual([]);
    const last = rated.findLast(({ meter }) => meter === "sum");
    expect(last).toMatchObject({ kind: "adjustment", value: "0", events: 0, amountToDate: "0.00" });
    for (const { quantity, billed } of engine.rater.pricePeriods())
      expect([quantity, billed]).toEqual([0n, 0n]);
  });

  it("waits for an event that comes behind it, and takes it out at once", async () => {
    const logs = new Logs(CATALOG);
    logs.message(retractionOf("r", EVENT, BASE_MS), BASE_MS);
    logs.message(eventOf(EVENT), BASE_MS + HOUR_MS);
    logs.close(END_MS);
    const { cells, counts, store } = await runBoth(logs, CATALOG);
    expect(cells).toEqual([]);
    expect(counts).toMatchObject({ accepted: 2, parked: 0 });
    expect(store.parked()).toEqual([]);
  });

  it("is given up when its event would be too old to come", async () => {
    const logs = new Logs(CATALOG);
    logs.message(retractionOf("r", EVENT, BASE_MS), BASE_MS);
    const lateMs = BASE_MS + 11 * 24 * HOUR_MS;
    logs.message(eventOf({ ...EVENT, id: "2", timeMs: lateMs }), lateMs);
    logs.message(retractionOf("r2", EVENT, lateMs), lateMs);
    const { letters, counts } = await runBoth(logs, CATALOG);
    expect(letters).toEqual(["target-unknown", "target-unknown"]);
    expect(counts).toMatchObject({ accepted: 1, rejected: 2, parked: 0 });
  });

  it("counts once, however often it is sent, by whatever id", async () => {
    const logs = new Logs(CATALOG);
    logs.message(retractionOf("early", EVENT, BASE_MS), BASE_MS);
    logs.message(retractionOf("early too", EVENT, BASE_MS), BASE_MS);
    logs.message(eventOf(EVENT), BASE_MS);
    logs.message(retractionOf("early", EVENT, BASE_MS), BASE_MS);
    logs.message(retractionOf("another", EVENT, BASE_MS), BASE_MS);
    logs.message(eventOf(EVENT), BASE_MS);
    const { letters, counts, cells } = await runBoth(logs, CATALOG);
    expect(letters).toEqual(["already-retracted", "already-retracted"]);
    expect(counts).toMatchObject({ accepted: 2, duplicate: 2, rejected: 2 });
    expect(cells).toEqual([]);
  });

  it("is refused where it carries another payload than was accepted, before or behind it", async () => {
    const other = { ...EVENT, data: { ...EVENT.data, amount: 5 } };
    const logs = new Logs(CATALOG);
    logs.message(retractionOf("early", other, BASE_MS), BASE_MS);
    logs.message(eventOf(EVENT), BASE_MS);
    logs.message(retractionOf("late", other, BASE_MS), BASE_MS);
    const { letters, cells } = await runBoth(logs, CATALOG);
    expect(letters).toEqual(["target-differs", "target-differs"]);
    expect(cells.find(({ meter }) => meter === "sum")?.value).toBe("4");
  });

  it("is refused whole where a meter does not keep what it needs", async () => {
    const plain = testCatalog(["a"]);
    const logs = new Logs(plain);
    logs.message(eventOf(EVENT), BASE_MS);
    logs.message(retractionOf("r", EVENT, BASE_MS), BASE_MS);
    // From here on it is kept; windows with events from before stay as they were.
    logs.catalog(CATALOG);
    logs.message(retractionOf("r2", EVENT, BASE_MS), BASE_MS);
    const { letters, cells } = await runBoth(logs, plain);
    expect(letters).toEqual(["not-retractable", "not-retractable"]);
    expect(cells.find(({ meter }) => meter === "sum")?.value).toBe("4");
  });

  it("waits for a parked event, and leaves out meters that were added since an event was accepted", async () => {
    const parked: Event = { ...EVENT, id: "p", type: "other" };
    const logs = new Logs(CATALOG);
    logs.message(eventOf(parked), BASE_MS);
    logs.message(retractionOf("r", parked, BASE_MS), BASE_MS);
    logs.message(eventOf(EVENT), BASE_MS);
    const after = testCatalog(["a"], ["other", "usage"], {}, true);
    logs.catalog(after);
    logs.message(retractionOf("r2", EVENT, BASE_MS), BASE_MS);
    logs.close(END_MS);
    const { cells, counts, letters } = await runBoth(logs, CATALOG);
    expect({ cells, letters }).toEqual({ cells: [], letters: [] });
    expect(counts).toMatchObject({ accepted: 4, parked: 0 });
  });

  it("is rejected where it carries no event, one of another account, a retraction, or is columnar", async () => {
    const logs = new Logs(CATALOG);
    const good = retractionOf("r", EVENT, BASE_MS);
    const bad = [
      { ...good, data: {} },
      { ...good, data: { event: { ...good.data["event"]!, id: "" } } },
      { ...good, data: { event: { ...good.data["event"]!, subject: "b" } } },
      retractionOf("r", { ...EVENT, type: good.type, data: good.data }, BASE_MS),
    ];
    for (const event of bad) logs.message(event, BASE_MS);
    const row = { id: "c", source: "test", type: good.type, account: "a", timeMs: BASE_MS, data: {} };
    logs.message(encodeColumnarBatch([row]), BASE_MS, "application/vnd.tributary.usage+msgpack");
    const { letters } = await runBoth(logs, CATALOG);
    expect(letters).toEqual(Array.from({ length: 5 }, () => "retraction-invalid"));
  });

  it("is found from the event that it has taken back", async () => {
    const logs = new Logs(CATALOG);
    logs.message(eventOf(EVENT), BASE_MS);
    logs.message(retractionOf("r", EVENT, BASE_MS), BASE_MS);
    const { engine, store } = await runBoth(logs, CATALOG);
    const key = new Uint32Array(4);
    new KeyHasher(HASH_KEY).hashIdentity(encoder.encode("test"), encoder.encode(EVENT.id), key, 0);
    const [record] = store.eventOutcomes(new Uint8Array(key.buffer));
    expect(engine.keys.firstOf(key)).toEqual({ sequence: 1, index: 0 });
    expect(record).toMatchObject({ sequence: 2, index: 0 });
    expect(OUTCOME_NAMES[record?.outcome ?? 0]).toBe("accepted");
    expect(reasonOf(record?.reason ?? 0).name).toBe("retracted");
  });

  it("restores the level that another event of the same moment had set", async () => {
    const logs = new Logs(CATALOG);
    const second: Event = { ...EVENT, id: "2", data: { ...EVENT.data, amount: 9 } };
    logs.message(eventOf(EVENT), BASE_MS);
    logs.message(eventOf(second), BASE_MS);
    logs.message(retractionOf("r", second, BASE_MS), BASE_MS);
    logs.close(BASE_MS + 2 * HOUR_MS);
    const { cells } = await runBoth(logs, CATALOG);
    const levels = cells.filter(({ meter }) => meter === "time_weighted");
    expect(new Set(levels.map(({ value }) => value))).toEqual(new Set(["4"]));
  });
});

const HOURS = 24 * 9;
const generated = fc.array(
  fc.record({
    atHours: fc.nat({ max: HOURS }),
    lagHours: fc.oneof(fc.constant(0), fc.nat({ max: HOURS })),
    minute: fc.constantFrom(0, 0, 30),
    amount: fc.constantFrom(1, 2.5, -3.25, 12, 0),
    user: fc.constantFrom("x", "y", "z"),
    status: fc.constantFrom("ok", "failed"),
    retractedAfterHours: fc.option(fc.integer({ min: -60, max: 24 * 12 }), { freq: 2, nil: undefined }),
  }),
  { minLength: 1, maxLength: 30 },
);
const PLANS = [{}, { plan: { key: "varied", version: 1 } }, { plan: { key: "by-event", version: 1 } }];
const RUNS = Number(process.env["ENGINE_PROPERTY_RUNS"] ?? 25);

describe("logs with retractions", () => {
  it("come to the windows and charges of the logs without the events that were taken back", async () => {
    await fc.assert(
      fc.asyncProperty(generated, fc.constantFrom(...PLANS), async (list, plan) => {
        const catalog = testCatalog(["a"], [], { ...plan, billing_anchor_day: 3 }, true);
        const arrivals = list.flatMap((each, index) => {
          const { amount, user, status, retractedAfterHours } = each;
          const timeMs = BASE_MS + each.atHours * HOUR_MS + each.minute * 60_000;
          const event: Event = { id: `e${index}`, timeMs, data: { amount, user, status } };
          const arrivalMs = timeMs + each.lagHours * HOUR_MS;
          const found = [{ id: event.id, arrivalMs, event: eventOf(event) }];
          if (retractedAfterHours === undefined) return found;
          const atMs = arrivalMs + retractedAfterHours * HOUR_MS;
          return [
            ...found,
            { id: `r${index}`, arrivalMs: atMs, event: retractionOf(`r${index}`, event, atMs) },
          ];
        });
        const logsOf = (left: (id: string) => boolean): Logs => {
          const logs = new Logs(catalog);
          const ordered = arrivals.filter(({ id }) => left(id)).sort((a, b) => a.arrivalMs - b.arrivalMs);
          for (const { event, arrivalMs } of ordered) logs.message(event, arrivalMs);
          logs.close(END_MS);
          return logs;
        };
        const all = await run(
          logsOf(() => true),
          catalog,
        );
        // Whole events are refused where the state of a window is gone: they are as if nobody had asked.
        const refused = new Set(
          all.store.outboxAfter("dead-letter", 0, 1000).map(({ body }): string => {
            const letter: { event: string; reason: string } = JSON.parse(body);
            expect(["window-gone", "target-unknown"]).toContain(letter.reason);
            const retraction: { id: string } = JSON.parse(letter.event);
            return retraction.id.replace("r", "e");
          }),
        );
        const taken = new Set(
          list.flatMap((each, i) =>
            each.retractedAfterHours === undefined || refused.has(`e${i}`) ? [] : [`e${i}`],
          ),
        );
        const without = await run(
          logsOf((id) => id.startsWith("e") && !taken.has(id)),
          catalog,
        );
        expect(all.cells).toEqual(without.cells);
        expect(charges(all.engine)).toEqual(charges(without.engine));
        for (const { store } of [all, without]) store.close();
      }),
      { numRuns: RUNS },
    );
  });
});

function charges(engine: Awaited<ReturnType<typeof run>>["engine"]): ReadonlyMap<string, unknown> {
  const found = [...engine.rater.pricePeriods()]
    .filter(({ quantity, billed, events }) => quantity !== 0n || billed !== 0n || events !== 0)
    .map(({ meter, periodStartMs, quantity, billed, events }): [string, unknown] => [
      `${meter} ${periodStartMs}`,
      { quantity, billed, events },
    ]);
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
