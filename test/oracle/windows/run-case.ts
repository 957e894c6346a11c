import { isDeepStrictEqual } from "node:util";
import { closeAfterGrace } from "../../../src/operators/window/close-time.ts";
import { Mismatch, UnsupportedKind, isRow, requireFields, toTime, type WindowCase } from "./window-case.ts";
import { WindowDriver } from "./window-driver.ts";
import { assignerFrom, assignerOf } from "./window-setup.ts";
import { requireRangeError, runGenerator, runIdleness, runMerge, runValve } from "./watermark-drivers.ts";

export type CaseResult =
  | { readonly status: "pass" }
  | { readonly status: "fail"; readonly detail: string }
  | { readonly status: "unsupported"; readonly kind: string };

const RUNNERS: Readonly<Record<string, (windowCase: WindowCase) => void>> = {
  watermark_generator: runGenerator,
  watermark_merge: runMerge,
  watermark_valve: runValve,
  idleness_timer: runIdleness,
  assignment: runAssignment,
  config: runConfig,
};

/** Runs a case on the product's classes. Faults of those (a RangeError, say) are failures, not unsupported kinds. */
export function runCase(windowCase: WindowCase): CaseResult {
  try {
    (RUNNERS[windowCase.category] ?? runWindows)(windowCase);
    return { status: "pass" };
  } catch (fault) {
    if (fault instanceof UnsupportedKind) return { status: "unsupported", kind: fault.kind };
    return { status: "fail", detail: fault instanceof Error ? fault.message : String(fault) };
  }
}

function runWindows(windowCase: WindowCase): void {
  new WindowDriver(windowCase).run();
}

function runAssignment(windowCase: WindowCase): void {
  const assigner = assignerOf(windowCase);
  const starts = new Float64Array(assigner.windowsPerEvent);
  for (const row of windowCase.expected) {
    requireFields("expected field", row, ["after", "windows"]);
    const event = windowCase.events[Number(row["after"])];
    if (event === undefined) throw new Mismatch(`no event ${String(row["after"])}`);
    const count = assigner.assign(toTime(event["ts"]), starts);
    const windows = [...starts.subarray(0, count)].map((start) => [start, start + assigner.sizeMs]);
    if (!isPairs(row["windows"])) throw new UnsupportedKind("expected windows");
    const wanted = row["windows"].map((window) => window.map(toTime)).sort(byStart);
    if (!isDeepStrictEqual(windows, wanted)) {
      throw new Mismatch(`expected ${JSON.stringify(wanted)}, got ${JSON.stringify(windows)}`);
    }
  }
}

function isPairs(value: unknown): value is readonly (readonly unknown[])[] {
  return Array.isArray(value) && value.every((item) => Array.isArray(item));
}

function byStart(a: number[], b: number[]): number {
  return (a[0] ?? 0) - (b[0] ?? 0);
}

function runConfig(windowCase: WindowCase): void {
  for (const [step, event] of windowCase.events.entries()) {
    const config = event["config"];
    if (!isRow(config)) throw new UnsupportedKind(`event ${Object.keys(event).join("+")}`);
    const { lateness, grace = lateness, ...window } = config;
    const make = (): void => {
      if (grace !== undefined) closeAfterGrace(toTime(grace));
      if (Object.keys(window).length > 0) assignerFrom({ ...windowCase.window, ...window });
    };
    if (windowCase.expected.some((row) => row["after"] === step && "error" in row)) requireRangeError(make);
    else make();
  }
}
