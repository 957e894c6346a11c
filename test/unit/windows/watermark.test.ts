import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IdleDetector } from "../../../src/operators/window/idle-detector.ts";
import { WatermarkTracker } from "../../../src/operators/window/watermark.ts";

function tracker(...regions: string[]): WatermarkTracker {
  const made = new WatermarkTracker();
  made.configure(regions, 10);
  return made;
}

describe("WatermarkTracker", () => {
  it("waits for every declared region, then follows the one that is furthest behind", () => {
    const t = tracker("eu", "us");
    expect(t.observe(t.indexOf("eu"), 100)).toBe(-Infinity);
    expect(t.observe(t.indexOf("us"), 60)).toBe(49);
    expect(t.observe(t.indexOf("us"), 200)).toBe(89);
  });

  it("says up to which time an event of a region changes nothing", () => {
    const t = tracker("eu", "us");
    const eu = t.indexOf("eu");
    expect(t.quietUpTo(eu)).toBe(-Infinity);
    t.observe(eu, 100);
    expect(t.quietUpTo(eu)).toBe(100);
    const before = t.snapshot();
    t.observe(eu, 100);
    expect(t.snapshot()).toEqual(before);
    t.observe(eu, 101);
    expect(t.snapshot()).not.toEqual(before);
    // An event of an idle region wakes it, however old it is.
    t.markIdle("eu");
    expect(t.quietUpTo(eu)).toBe(-Infinity);
  });

  it("never advances without regions", () => {
    const t = tracker();
    expect(t.watermark).toBe(-Infinity);
    expect(t.allIdle).toBe(false);
    expect(t.indexOf("eu")).toBe(-1);
  });

  it("holds when all regions are idle, until traffic, a manifest or an override", () => {
    const t = tracker("eu", "us");
    t.observe(t.indexOf("eu"), 100);
    t.observe(t.indexOf("us"), 60);
    t.markIdle("eu");
    expect(t.watermark).toBe(49);
    t.markIdle("us");
    expect(t.allIdle).toBe(true);
    expect(t.watermark).toBe(49);
    expect(t.observeManifest(t.indexOf("us"), 80)).toBe(79);
    t.markIdle("us");
    t.advanceTo(85);
    expect(t.watermark).toBe(85);
    expect(t.observe(t.indexOf("eu"), 120)).toBe(109);
    expect(t.activeRegions()).toEqual(["eu"]);
  });

  it("holds for a region that is declared later, until it reports", () => {
    const t = tracker("eu");
    t.observe(t.indexOf("eu"), 100);
    t.configure(["eu", "ap"], 10);
    expect(t.observe(t.indexOf("eu"), 200)).toBe(89);
    expect(t.observe(t.indexOf("ap"), 150)).toBe(139);
  });

  it("ignores a region that resumes behind until it has caught up, to the tick", () => {
    const t = tracker("eu", "us");
    t.observe(t.indexOf("us"), 60);
    t.observe(t.indexOf("eu"), 100);
    t.markIdle("us");
    expect(t.watermark).toBe(89);
    t.observe(t.indexOf("us"), 99);
    expect(t.observe(t.indexOf("eu"), 110)).toBe(99);
    t.observe(t.indexOf("us"), 110);
    expect(t.observe(t.indexOf("eu"), 200)).toBe(99);
  });

  it("ignores a record that marks an undeclared region", () => {
    const t = tracker("eu");
    t.markIdle("gone");
    expect(t.observe(t.indexOf("eu"), 100)).toBe(89);
  });

  it("saturates at the end of the exact integers", () => {
    const t = tracker("eu");
    expect(t.observe(t.indexOf("eu"), Number.MIN_SAFE_INTEGER)).toBe(Number.MIN_SAFE_INTEGER);
    t.advanceTo(Infinity);
    expect(t.watermark).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => {
      t.advanceTo(Number.NaN);
    }).toThrow(RangeError);
  });

  it("refuses state that it did not write, and a negative disorder", () => {
    const t = tracker("eu");
    for (const text of ["", "{}", '{"version":2,"watermarkMs":null,"regions":[]}'])
      expect(() => {
        t.restore(new TextEncoder().encode(text));
      }).toThrow("can't be read");
    expect(() => {
      t.configure(["eu"], -1);
    }).toThrow(RangeError);
  });

  it("never goes back, and goes on from a snapshot as if it had not stopped", () => {
    const step = fc.record({
      action: fc.constantFrom("observe", "observe", "observe", "manifest", "idle", "override", "configure"),
      region: fc.constantFrom("eu", "us", "ap"),
      timeMs: fc.integer({ min: -50, max: 500 }),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const plain = tracker("eu", "us", "ap");
        let restarted = tracker("ap", "us", "eu");
        let before = -Infinity;
        let regions = ["eu", "us", "ap"];
        for (const { action, region, timeMs, restart } of steps) {
          if (restart) {
            const next = new WatermarkTracker();
            next.restore(restarted.snapshot());
            next.configure(regions, 10);
            restarted = next;
          }
          if (action === "configure") regions = regions.length === 3 ? ["eu", "us"] : ["ap", "eu", "us"];
          for (const t of [plain, restarted]) {
            if (action === "configure") t.configure(regions, 10);
            else if (action === "idle") t.markIdle(region);
            else if (action === "override") t.advanceTo(timeMs);
            else if (t.indexOf(region) >= 0) {
              if (action === "observe") t.observe(t.indexOf(region), timeMs);
              else t.observeManifest(t.indexOf(region), timeMs);
            }
          }
          expect(plain.watermark).toBeGreaterThanOrEqual(before);
          before = plain.watermark;
          expect(restarted.snapshot()).toEqual(plain.snapshot());
        }
      }),
    );
  });
});

describe("IdleDetector", () => {
  it("finds a region idle when the timeout has passed, to the tick", () => {
    const detector = new IdleDetector(100);
    detector.activity("eu", 1_000);
    expect(detector.isIdle("eu", 1_099)).toBe(false);
    expect(detector.isIdle("eu", 1_100)).toBe(true);
    detector.activity("eu", 1_150);
    expect(detector.isIdle("eu", 1_200)).toBe(false);
  });

  it("does not take a blocked region for an idle one", () => {
    const detector = new IdleDetector(100);
    detector.activity("eu", 0);
    expect(detector.isIdle("eu", 500, { pending: 1, caughtUp: true })).toBe(false);
    expect(detector.isIdle("eu", 500, { pending: 0, caughtUp: false })).toBe(false);
    expect(detector.isIdle("eu", 500, { pending: 0, caughtUp: true })).toBe(true);
  });

  it("counts from the first question where no event came, and refuses a timeout that is not positive", () => {
    const detector = new IdleDetector(100);
    expect(detector.isIdle("eu", 10_000)).toBe(false);
    expect(detector.isIdle("eu", 10_100)).toBe(true);
    for (const timeoutMs of [0, -1, Number.NaN])
      expect(() => new IdleDetector(timeoutMs)).toThrow(RangeError);
  });
});
