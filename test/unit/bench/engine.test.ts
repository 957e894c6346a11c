import { describe, expect, test } from "vitest";
import { benchEngine, benchStages, STAGES } from "../../../bench/engine/engine-bench.ts";
import { WireDecoder } from "../../../src/ingest/wire/decoder.ts";
import { benchWindows } from "../../../bench/engine/windows-bench.ts";
import { createWorkload, type WireForm } from "../../../bench/engine/workload.ts";

const OPTIONS = { accounts: 50, events: 3_000, eventsPerMessage: 100, grouped: true, duplicatesPercent: 5 };
const FORMS: readonly WireForm[] = ["columnar", "json-batch", "json-single"];

describe("the bench of windows that complete", () => {
  test("gives a window a series and hour, and the same results in every run", async () => {
    const result = await benchWindows(7, 3, 1);
    expect(result.windows).toBe(7 * 4 * 3);
    expect((await benchWindows(7, 3, 1)).hash).toBe(result.hash);
    expect((await benchWindows(7, 4, 1)).hash).not.toBe(result.hash);
  });
});

describe("the bench of the engine", () => {
  test("counts the same in all wire forms as the naive count does, whole and by stage", () => {
    const hashes = FORMS.map((form) => {
      const workload = createWorkload({ ...OPTIONS, form });
      expect(workload.expected.duplicate).toBeGreaterThan(50);
      expect(Object.keys(benchStages(workload))).toEqual([...STAGES]);
      return benchEngine(workload).hash;
    });
    expect(new Set(hashes).size).toBe(1);
  });

  test("counts the same where the decoder's dictionaries begin anew again and again", () => {
    for (const form of FORMS) {
      const workload = createWorkload({ ...OPTIONS, form });
      const decoder = new WireDecoder("000102030405060708090a0b0c0d0e0f", {
        dictionaryLimits: { strings: 7, units: 1_000 },
      });
      expect(benchEngine(workload, decoder).hash).toBe(benchEngine(workload).hash);
    }
  });

  test("refuses to give a figure for a wrong count", () => {
    const workload = createWorkload({ ...OPTIONS, form: "columnar" });
    workload.expected.sums.set("acct-000000 eu-1", -1);
    expect(() => benchEngine(workload)).toThrow(RangeError);
  });
});
