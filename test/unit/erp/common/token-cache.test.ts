import { expect, it } from "vitest";
import { type AccessToken, TokenCache } from "../../../../src/sinks/erp/common/token-cache.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const HOUR_MS = 3_600_000;

function setUp(): {
  clock: ManualClock;
  cache: TokenCache;
  asked: () => number;
  answer: (act: () => Promise<AccessToken>) => void;
} {
  const clock = new ManualClock();
  let asked = 0;
  let act = (): Promise<AccessToken> => Promise.resolve({ token: `token-${asked}`, lifetimeMs: HOUR_MS });
  const cache = new TokenCache(() => {
    asked += 1;
    return act();
  }, clock);
  return {
    clock,
    cache,
    asked: () => asked,
    answer: (next) => {
      act = next;
    },
  };
}

it("asks once, however many wait", async () => {
  const { cache, asked } = setUp();
  expect(new Set(await Promise.all([cache.token(), cache.token(), cache.token()]))).toEqual(
    new Set(["token-1"]),
  );
  expect(await cache.token()).toBe("token-1");
  expect(asked()).toBe(1);
});

it("renews early, and uses the old one where that fails as long as it is good", async () => {
  const { clock, cache, answer } = setUp();
  await cache.token();
  await clock.advance(0.79 * HOUR_MS);
  expect(await cache.token()).toBe("token-1");
  answer(() => Promise.reject(new Error("down")));
  await clock.advance(0.1 * HOUR_MS);
  expect(await cache.token()).toBe("token-1");
  await clock.advance(0.2 * HOUR_MS);
  await expect(cache.token()).rejects.toThrow("down");
});

it("gives up a token that was refused, and no later one", async () => {
  const { cache, asked } = setUp();
  const first = await cache.token();
  cache.refused(first);
  const second = await cache.token();
  expect(second).toBe("token-2");
  cache.refused(first);
  expect(await cache.token()).toBe("token-2");
  expect(asked()).toBe(2);
});

it("asks again after a failure", async () => {
  const { cache, answer } = setUp();
  answer(() => Promise.reject(new Error("down")));
  await expect(Promise.all([cache.token(), cache.token()])).rejects.toThrow("down");
  answer(() => Promise.resolve({ token: "late", lifetimeMs: HOUR_MS }));
  expect(await cache.token()).toBe("late");
});
