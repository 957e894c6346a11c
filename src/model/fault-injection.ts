/**
 * Named points in the order of effects at which a test ends the process, so that every crash that the design
 * speaks of is produced on purpose. In production the injector does nothing.
 */
export const FAILPOINTS = [
  "before-commit",
  "inside-commit",
  "after-commit-before-ack",
  "after-ack",
  "before-control-append",
  "after-control-append",
  "before-publish",
  "after-publish-before-cursor",
  "before-file-rename",
  "after-file-rename-before-cursor",
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

export interface FaultInjector {
  /** Called when execution reaches the point. */
  reach(point: Failpoint): void;
}

export const noFaults: FaultInjector = { reach: () => undefined };
