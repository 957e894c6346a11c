import { IdleDetector } from "../../../src/operators/window/idle-detector.ts";
import { WatermarkValve } from "../../../src/operators/window/watermark-valve.ts";
import { WatermarkTracker } from "../../../src/operators/window/watermark.ts";
import { compareRows, expectAt, kindOf } from "./compare-rows.ts";
import {
  Mismatch,
  UnsupportedKind,
  isRow,
  requireFields,
  toTime,
  type Row,
  type WindowCase,
} from "./window-case.ts";

/** Bounded disorder, one region. Bytewax watermarks are exclusive. */
export function runGenerator({
  model,
  events,
  expected,
  out_of_orderness: disorder,
  wait_ms: wait,
}: WindowCase): void {
  const tracker = new WatermarkTracker();
  tracker.configure(["all"], toTime(disorder ?? wait ?? 0));
  const exclusive = model === "bytewax" ? 1 : 0;
  for (const [step, event] of events.entries()) {
    requireFields("event", event, ["ts", "eof", "periodic_emit", "new_batch"]);
    if ("ts" in event) tracker.observe(0, toTime(event["ts"]));
    if ("eof" in event) tracker.advanceTo(Number.MAX_SAFE_INTEGER);
    const { watermark } = tracker;
    expectAt(
      expected,
      "watermark",
      step,
      watermark === Number.MAX_SAFE_INTEGER ? watermark : watermark + exclusive,
    );
  }
}

/** Inputs by name whose changes are combined at once or, `deferred`, at the next `combine`. */
interface Merge {
  register(name: string): void;
  unregister(name: string): void;
  report(name: string, watermarkMs: number, deferred: boolean): void;
  markIdle(name: string, deferred: boolean): void;
  combine(): void;
  readonly combinedMs: number;
  readonly allIdle: boolean;
}

/** The tracker always combines at once. */
class TrackerMerge implements Merge {
  readonly #tracker = new WatermarkTracker({ whenAllIdle: "flush-max" });
  readonly #names = new Set<string>();
  register(name: string): void {
    this.#names.add(name);
    this.#tracker.configure([...this.#names], 0);
  }
  unregister(name: string): void {
    this.#names.delete(name);
    this.#tracker.configure([...this.#names], 0);
  }
  report(name: string, watermarkMs: number): void {
    this.#tracker.observeManifest(this.#tracker.indexOf(name), watermarkMs + 1);
  }
  markIdle(name: string): void {
    this.#tracker.markIdle(name);
  }
  combine(): void {
    // Everything is combined already.
  }
  get combinedMs(): number {
    return this.#tracker.watermark;
  }
  get allIdle(): boolean {
    return this.#tracker.allIdle;
  }
}

/** The valve inside the tracker, where changing and combining are apart. */
class ValveMerge implements Merge {
  readonly #valve = new WatermarkValve("flush-max");
  readonly #indices = new Map<string, number>();
  register(name: string): void {
    this.#indices.set(name, this.#valve.add());
  }
  unregister(name: string): void {
    this.#valve.remove(this.#index(name));
  }
  report(name: string, watermarkMs: number, deferred: boolean): void {
    const index = this.#index(name);
    const wasIdle = this.#valve.input(index).idle;
    this.#valve.markActive(index);
    if ((this.#valve.raise(index, watermarkMs) || wasIdle) && !deferred) this.#valve.combine();
  }
  markIdle(name: string, deferred: boolean): void {
    this.#valve.markIdle(this.#index(name));
    if (!deferred) this.#valve.combine();
  }
  combine(): void {
    this.#valve.combine();
  }
  get combinedMs(): number {
    return this.#valve.combinedMs;
  }
  get allIdle(): boolean {
    return this.#valve.allIdle;
  }
  #index(name: string): number {
    return this.#indices.get(name) ?? -1;
  }
}

/** Outputs that are combined as the partitions of one source. All idle: Flink's own policy, to flush. */
export function runMerge({ events, expected, deferred = false }: WindowCase): void {
  const defers = deferred || events.some((event) => event["deferred"] === true);
  const merge: Merge = defers ? new ValveMerge() : new TrackerMerge();
  for (const [step, event] of events.entries()) {
    requireFields("event", event, [
      "register",
      "unregister",
      "partition",
      "watermark",
      "idle",
      "deferred",
      "periodic_emit",
    ]);
    const later = (event["deferred"] ?? deferred) === true;
    if ("register" in event) merge.register(String(event["register"]));
    else if ("unregister" in event) merge.unregister(String(event["unregister"]));
    else if ("periodic_emit" in event) merge.combine();
    else if ("watermark" in event)
      merge.report(String(event["partition"]), toTime(event["watermark"]), later);
    else if (event["idle"] === true) merge.markIdle(String(event["partition"]), later);
    else throw new UnsupportedKind(`event ${Object.keys(event).join("+")}`);
    expectAt(expected, "combined_watermark", step, merge.combinedMs);
    expectAt(expected, "combined_idle", step, merge.allIdle);
  }
}

/** Channels whose status is told apart from their watermarks. All idle: Flink's own policy, to flush. */
export function runValve({ channels = 0, events, expected }: WindowCase): void {
  const valve = new WatermarkValve("flush-max");
  for (let i = 0; i < channels; i++) valve.add();
  const rows: Row[] = [];
  for (const [step, event] of events.entries()) {
    requireFields("event", event, ["channel", "watermark", "status"]);
    const channel = Number(event["channel"]);
    const [watermarkBefore, idleBefore] = [valve.combinedMs, valve.allIdle];
    if ("watermark" in event) {
      if (!valve.raise(channel, toTime(event["watermark"]))) continue;
    } else if (event["status"] === "IDLE") valve.markIdle(channel);
    else valve.markActive(channel);
    valve.combine();
    if (valve.combinedMs !== watermarkBefore) rows.push({ after: step, watermark: valve.combinedMs });
    if (valve.allIdle !== idleBefore) rows.push({ after: step, kind: valve.allIdle ? "IDLE" : "ACTIVE" });
  }
  const wanted = expected.map((row) => {
    requireFields("expected field", row, ["after", "emit_watermark", "emit_status"]);
    return "emit_status" in row
      ? { after: row["after"], kind: row["emit_status"] }
      : { after: row["after"], value: toTime(row["emit_watermark"]) };
  });
  compareRows(
    wanted,
    rows.map((row) => ("watermark" in row ? { after: row["after"], value: row["watermark"] } : row)),
    true,
  );
}

/** One region and a clock that only the case moves. */
export function runIdleness({ events, expected, idle_timeout: timeoutMs }: WindowCase): void {
  const detector = timeoutMs !== undefined && timeoutMs > 0 ? new IdleDetector(timeoutMs) : undefined;
  let nowMs = 0;
  for (const [step, event] of events.entries()) {
    switch (kindOf(event, ["check_idle", "advance_clock", "activity", "config"])) {
      case "advance_clock":
        nowMs += toTime(event["advance_clock"]);
        break;
      case "activity":
        detector?.activity("all", nowMs);
        break;
      case "check_idle":
        if (detector === undefined) throw new Mismatch("no detector");
        expectAt(expected, "idle", step, detector.isIdle("all", nowMs));
        break;
      default: {
        const config = event["config"];
        if (!isRow(config)) throw new UnsupportedKind("event config");
        requireFields("config", config, ["idle_timeout"]);
        requireRangeError(() => new IdleDetector(toTime(config["idle_timeout"])));
      }
    }
  }
}

export function requireRangeError(make: () => unknown): void {
  try {
    make();
  } catch (fault) {
    if (fault instanceof RangeError && fault.message !== "") return;
    throw fault;
  }
  throw new Mismatch("the parameters were taken");
}
