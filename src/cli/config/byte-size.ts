/** Sizes as people write them: a whole number and one of B, KiB, MiB, GiB. */

const UNIT_BYTES = { GiB: 1024 ** 3, MiB: 1024 ** 2, KiB: 1024, B: 1 } as const;
export const BYTE_SIZE_PATTERN = /^(\d{1,9})(B|KiB|MiB|GiB)$/;

function isUnit(unit: string | undefined): unit is keyof typeof UNIT_BYTES {
  return unit !== undefined && unit in UNIT_BYTES;
}

/** Bytes of "512B", "64KiB", "4MiB", "1GiB"; undefined for anything else. */
export function byteSize(text: string): number | undefined {
  const match = BYTE_SIZE_PATTERN.exec(text);
  const unit = match?.[2];
  return isUnit(unit) ? Number(match?.[1]) * UNIT_BYTES[unit] : undefined;
}

/** The shortest text that `byteSize` reads back as the same number. */
export function byteSizeText(bytes: number): string {
  for (const [unit, unitBytes] of Object.entries(UNIT_BYTES)) {
    if (bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`;
  }
  return `${bytes}B`;
}
