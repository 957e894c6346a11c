/** Durations as people write them: a whole number and one of ms, s, m, h, d (24 hours). */

export const DURATION_UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
const PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/;

function isUnit(unit: string | undefined): unit is keyof typeof DURATION_UNIT_MS {
  return unit !== undefined && unit in DURATION_UNIT_MS;
}

/** Milliseconds of "500ms", "30s", "5m", "24h", "35d"; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const match = PATTERN.exec(text);
  const unit = match?.[2];
  return isUnit(unit) ? Number(match?.[1]) * DURATION_UNIT_MS[unit] : undefined;
}

/** The shortest text that `durationMs` reads back as the same number. */
export function durationText(ms: number): string {
  for (const [unit, unitMs] of Object.entries(DURATION_UNIT_MS)) {
    if (ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}
