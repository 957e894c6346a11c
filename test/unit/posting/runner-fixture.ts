import type { PostingState } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import type { RunnerWorld } from "../../support/posting/runner-world.ts";
import type { PostingRunner } from "../../../src/sinks/posting/posting-runner.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** Time goes on for so long. */
export async function pass(world: RunnerWorld, ms: number): Promise<void> {
  await world.clock.runUntil(() => false, world.clock.nowMs() + ms);
}

export function stateOf(store: PostingStore, key: string): PostingState | undefined {
  return store.document(key)?.state;
}

/** Time goes on until a document is in a state; throws where it does not come to it within a day. */
export async function until(
  world: RunnerWorld,
  store: PostingStore,
  key: string,
  state: PostingState,
): Promise<void> {
  const isThere = await world.clock.runUntil(
    () => stateOf(store, key) === state,
    world.clock.nowMs() + 24 * HOUR_MS,
  );
  if (!isThere)
    throw new Error(`${key} is ${stateOf(store, key)}, not ${state}; ${String(world.faults.at(-1))}`);
}

export async function stopped(world: RunnerWorld, runner: PostingRunner): Promise<void> {
  const ended = runner.stop();
  await pass(world, MINUTE_MS);
  await ended;
}

export { recordsOf, trailOf } from "../../support/posting/runner-world.ts";
