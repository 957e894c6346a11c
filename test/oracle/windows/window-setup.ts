import { hopping, tumbling, type WindowAssigner } from "../../../src/operators/window/window-assigner.ts";
import { floorModulo } from "../../../src/operators/window/safe-time.ts";
import { UnsupportedKind, requireFields, shiftOf, type Row, type WindowCase } from "./window-case.ts";

const WINDOW_TYPES = new Set(["tumbling", "hopping", "sliding", "given"]);

/** When a case wants rows: at firings with totals or differences, at the close, or with each event. */
export type Emission = "accumulating" | "discarding" | "close" | "update";

const EMISSIONS: Readonly<Record<string, Emission>> = {
  accumulating: "accumulating",
  discarding: "discarding",
  on_close: "close",
  suppress_until_close: "close",
  on_update: "update",
  // A limit of no time is no suppression.
  "time_limit(0)": "update",
};

/** What a trigger adds at the close of a window, beside its firings at completion and with late events. */
export type AtClose = "nothing" | "final-pane" | "remainder";

const TRIGGERS: readonly (readonly [RegExp, AtClose])[] = [
  [/^(event_time|default|repeat\(after_watermark\))$/, "nothing"],
  [/^(default|repeat\(after_watermark\)),fire_always$/, "final-pane"],
  // Fires at the end and at the clean-up, whatever is there then.
  [/^event_time_accum_gc\(\d+\)$/, "remainder"],
];

/** Its results are discarded by the source: only the size of the state is looked at. */
const SILENT_TRIGGER = "fire_every_element_no_output";

export interface WindowSetup {
  readonly emission: Emission;
  readonly atClose: AtClose;
  readonly silent: boolean;
  readonly given: boolean;
}

export function setupOf(windowCase: WindowCase): WindowSetup {
  const type = String(windowCase.window?.["type"]);
  if (!WINDOW_TYPES.has(type)) throw new UnsupportedKind(`window ${type}`);
  const emission = EMISSIONS[windowCase.mode ?? "accumulating"];
  if (emission === undefined) throw new UnsupportedKind(`emission policy ${windowCase.mode ?? ""}`);
  const trigger = windowCase.trigger ?? "event_time";
  const silent = trigger === SILENT_TRIGGER;
  const atClose = silent ? "nothing" : TRIGGERS.find(([pattern]) => pattern.test(trigger))?.[1];
  if (atClose === undefined) throw new UnsupportedKind(`trigger ${trigger.replaceAll(/\d+/g, "n")}`);
  return { emission, atClose, silent, given: windowCase.window?.["type"] === "given" };
}

/** The assigner of a case's `window`. RangeError for parameters that it rejects. */
export function assignerOf(windowCase: WindowCase): WindowAssigner {
  const { window, events, model } = windowCase;
  if (window === null) throw new UnsupportedKind("no window");
  const assigner = assignerFrom(window, (slideMs) => shiftOf(events, slideMs));
  return model === "kafka" ? withoutNegativeStarts(assigner) : assigner;
}

export function assignerFrom(window: Row, shift: (slideMs: number) => number = () => 0): WindowAssigner {
  requireFields("window", window, ["type", "size", "slide", "offset"]);
  const { type, size, slide, offset = 0 } = window;
  if (typeof size !== "number" || typeof offset !== "number")
    throw new UnsupportedKind(`window ${String(type)}`);
  if (type === "tumbling" || (type === undefined && slide === undefined)) {
    const shiftMs = shift(size);
    return tumbling(size, shiftMs === 0 ? offset : floorModulo(offset + shiftMs, size));
  }
  if ((type === "hopping" || type === "sliding" || type === undefined) && typeof slide === "number") {
    const shiftMs = shift(slide);
    return hopping(size, slide, shiftMs === 0 ? offset : floorModulo(offset + shiftMs, slide));
  }
  // Sliding windows without a slide begin with each event: another kind.
  throw new UnsupportedKind(`window ${String(type)}`);
}

/** Kafka Streams keeps no window that starts before time 0. */
function withoutNegativeStarts(assigner: WindowAssigner): WindowAssigner {
  return {
    ...assigner,
    assign(timeMs, outStarts) {
      const count = assigner.assign(timeMs, outStarts);
      const from = outStarts.subarray(0, count).findIndex((start) => start >= 0);
      if (from <= 0) return from < 0 ? 0 : count;
      outStarts.copyWithin(0, from, count);
      return count - from;
    },
  };
}

/** The events name their windows: a window starts where the given one does. */
export function givenStarts(sizeMs: number): WindowAssigner {
  return {
    sizeMs,
    slideMs: 1,
    offsetMs: 0,
    windowsPerEvent: 1,
    assign(startMs, outStarts) {
      outStarts[0] = startMs;
      return 1;
    },
  };
}
