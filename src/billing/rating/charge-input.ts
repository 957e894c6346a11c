import type { Exact } from "./exact.ts";

/** What a charge may depend on besides the cumulative quantity. */
export interface ChargeFigures {
  /** Events in the period so far. */
  readonly events: bigint;
  /** The period is over: what is only known then (a volume price, a minimum) is charged from here on. */
  readonly periodEnded: boolean;
  /** The quantity by part, for models that tell parts apart (`partOf`); numerators over the same `per`. */
  readonly parts?: ReadonlyMap<string, Exact>;
  /** The quantity by event, in event-time order, for models that price each event; numerators over the same `per`. */
  readonly eventQuantities?: readonly Exact[];
}

/** The figures of a whole period of which only the quantity is known. */
export const WHOLE_PERIOD: ChargeFigures = { events: 0n, periodEnded: true };

/**
 * Charge of the cumulative quantity `units` ÷ `per`, given as charge × `per`: no division takes place, so the result is
 * exact also for quantities that have no finite decimal form (level-milliseconds as level-hours). A model multiplies its
 * own bounds and fees by `per` instead.
 */
export type ExactCharge = (units: Exact, per: Exact, figures: ChargeFigures) => Exact;
