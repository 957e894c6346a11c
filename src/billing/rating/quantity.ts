import { powerOfTen } from "../../model/decimal.ts";
import type { CompiledMeter } from "../catalog/compiled.ts";
import { scaledDecimal } from "../decimal-text.ts";
import { divideHalfAwayFromZero } from "./money.ts";

/** Time-weighted quantities are kept as level × milliseconds and priced by the level-hour (GB-hours). */
const MS_PER_HOUR = 3_600_000n;

/** Decimal places to which level-hours are written; many (1/3 of an hour) have no finite form. */
const LEVEL_HOUR_PLACES = 12;

/** What a meter's integer quantities are divided by to get units: 10^scale, and for level-hours also an hour. */
export function quantityDivisor(meter: Pick<CompiledMeter, "aggregation" | "scale">): bigint {
  const divisor = powerOfTen(meter.scale);
  return meter.aggregation === "time_weighted" ? divisor * MS_PER_HOUR : divisor;
}

/**
 * A quantity for people and other systems: a canonical decimal, exact at the meter's scale. Level-hours are rounded half
 * away from zero to 12 places; charges never follow from this text but from the integer.
 */
export function formatQuantity(
  quantity: bigint,
  meter: Pick<CompiledMeter, "aggregation" | "scale">,
): string {
  if (meter.aggregation !== "time_weighted") return scaledDecimal(quantity, meter.scale);
  const scaled = divideHalfAwayFromZero(quantity * 10n ** BigInt(LEVEL_HOUR_PLACES), quantityDivisor(meter));
  return scaledDecimal(scaled, LEVEL_HOUR_PLACES);
}
