import type { Reference } from "./read-streams.ts";

/** The limit for one process: reads, parses strictly, counts, acknowledges at the worker's cadence, and nothing else. */
export function raw(): Reference {
  return {
    name: "raw",
    take: () => undefined,
    commit: () => undefined,
    finish: () => Promise.resolve(undefined),
  };
}
