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

/** Those that only a worker with a tax service reaches. */
export const TAX_FAILPOINTS = [
  "after-tax-reply",
  "before-tax-commit",
  "after-tax-commit-before-cursor",
] as const;

/** Those that only a worker with an ERP connection reaches. */
export const POSTING_FAILPOINTS = [
  "before-posting-append",
  "after-posting-append-before-store",
  "after-posting-intent",
  "after-erp-answer",
  "before-posting-result",
  "after-posting-result-before-cursor",
] as const;

/** Those that only a change of the partition count reaches, in their order. */
export const REPARTITION_FAILPOINTS = [
  "after-repartition-plan",
  "after-repartition-streams",
  "after-repartition-genesis",
  "inside-repartition-split",
  "after-repartition-split",
  "after-repartition-balance",
  "after-repartition-record",
  "after-repartition-set-aside",
  "after-repartition-state",
] as const;

export type Failpoint =
  | (typeof FAILPOINTS)[number]
  | (typeof TAX_FAILPOINTS)[number]
  | (typeof POSTING_FAILPOINTS)[number]
  | (typeof REPARTITION_FAILPOINTS)[number];

export interface FaultInjector {
  /** Called when execution reaches the point. */
  reach(point: Failpoint): void;
}

export const noFaults: FaultInjector = { reach: () => undefined };
