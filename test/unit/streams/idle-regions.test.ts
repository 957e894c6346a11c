import { describe, expect, test } from "vitest";
import type { LogMessage } from "../../../src/model/log.ts";
import type { RegionSource } from "../../../src/model/stream-condition.ts";
import { IdleRegions } from "../../../src/pipeline/idle-regions.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const TIMEOUT_MS = 60_000;
const REGIONS = ["eu", "us"];

function messageOf(region: string): LogMessage {
  return { sequence: 1, subject: `usage.0.${region}`, contentType: "", arrivalMs: 0, data: new Uint8Array() };
}

/** Regions that have been quiet for the timeout, with a source of eu that can be changed. */
async function quietRegions() {
  const clock = new ManualClock();
  const state: { sources: readonly RegionSource[] | undefined; asked: number } = {
    sources: [{ region: "eu", lagMessages: 0, silentMs: 400 }],
    asked: 0,
  };
  const idle = new IdleRegions({
    clock,
    idleTimeoutMs: TIMEOUT_MS,
    regionSources: () => {
      state.asked += 1;
      return state.sources === undefined ? Promise.reject(new Error("away")) : Promise.resolve(state.sources);
    },
  });
  expect(idle.quiet(REGIONS)).toEqual([]);
  await clock.advance(TIMEOUT_MS);
  expect(idle.quiet(REGIONS)).toEqual(REGIONS);
  /** What is found idle at looks a second apart. */
  const looks = async (seconds: number): Promise<readonly string[]> => {
    let found: readonly string[] = [];
    for (let n = 0; n < seconds; n++) {
      const now = await idle.confirmed(idle.quiet(["eu"]));
      if (now.length > 0) found = now;
      await clock.advance(1_000);
    }
    return found;
  };
  return { clock, state, idle, looks };
}

describe("idle regions", () => {
  test("are those that are quiet, where no source is asked", async () => {
    const { idle } = await quietRegions();
    const plain = new IdleRegions({ clock: new ManualClock(), idleTimeoutMs: TIMEOUT_MS });
    expect(await plain.confirmed(["eu"])).toEqual(["eu"]);
    // A region that is taken in here has no source that could hold anything.
    expect(await idle.confirmed(["us"])).toEqual(["us"]);
  });

  test("need a source that has looked empty for some seconds", async () => {
    const { looks, state } = await quietRegions();
    expect(await looks(5)).toEqual([]);
    expect(await looks(5)).toEqual(["eu"]);
    expect(state.asked).toBeLessThanOrEqual(5);
  });

  test("are none while the source can't be reached, holds messages, or nobody knows", async () => {
    const { looks, state } = await quietRegions();
    for (const sources of [
      [{ region: "eu", lagMessages: 0, silentMs: 5_000 }],
      [{ region: "eu", lagMessages: 0, silentMs: undefined }],
      [{ region: "eu", lagMessages: 1, silentMs: 10 }],
      undefined,
    ]) {
      state.sources = sources;
      expect(await looks(20)).toEqual([]);
    }
    // It has come back: what waited there may be on its way.
    state.sources = [{ region: "eu", lagMessages: 0, silentMs: 10 }];
    expect(await looks(4)).toEqual([]);
    expect(await looks(6)).toEqual(["eu"]);
  });

  test("begin anew with each message", async () => {
    const { looks, idle, clock } = await quietRegions();
    await looks(4);
    idle.noteActivity([messageOf("eu")]);
    expect(idle.quiet(REGIONS)).toEqual(["us"]);
    await clock.advance(TIMEOUT_MS);
    expect(await looks(4)).toEqual([]);
    expect(await looks(6)).toEqual(["eu"]);
  });
});
