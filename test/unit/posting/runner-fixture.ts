import type { PostingState, PostingRecord } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import type { PostingWorld } from "../../support/posting/posting-world.ts";
import type { PostingRunner } from "../../../src/sinks/posting/posting-runner.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** Time goes on for so long. */
export async function pass(world: PostingWorld, ms: number): Promise<void> {
  await world.clock.runUntil(() => false, world.clock.nowMs() + ms);
}

export function stateOf(store: PostingStore, key: string): PostingState | undefined {
  return store.document(key)?.state;
}

/** Time goes on until a document is in a state; throws where it does not come to it within a day. */
export async function until(
  world: PostingWorld,
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

export async function stopped(world: PostingWorld, runner: PostingRunner): Promise<void> {
  const ended = runner.stop();
  await pass(world, MINUTE_MS);
  await ended;
}

/** All records, in order. */
export function recordsOf(world: PostingWorld): PostingRecord[] {
  return world.postings.messages.flatMap(({ data }): PostingRecord[] =>
    JSON.parse(Buffer.from(data).toString("utf8")),
  );
}

/** The states that a document went through, with reasons. */
export function trailOf(world: PostingWorld, key: string): string[] {
  return recordsOf(world).flatMap((record) =>
    record.kind === "transition" && record.key === key
      ? [record.reason === null ? record.to : `${record.to} (${record.reason})`]
      : [],
  );
}
