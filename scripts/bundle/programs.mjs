// @ts-check

/** What a process or a thread begins with, in `src/`. */
export const PROGRAMS = [
  "cli/main",
  "cli/compose/close-part-thread",
  "cli/compose/elastic/state-thread",
  "cli/compose/threads/partition-thread",
  "state/segments/segment-thread-entry",
  "state/writer/writer-thread",
];
