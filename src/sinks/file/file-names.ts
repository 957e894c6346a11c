/** Digits of an ordinal in a name: names sort as ordinals do, up to 10^12 entries a partition. */
const ORDINAL_DIGITS = 12;

export type FileFormat = "ndjson" | "csv";

const NAME = /^rated-p(?<partition>\d+)-(?<first>\d{12,})-(?<last>\d{12,})\.(?<format>ndjson|csv)$/;

function padded(ordinal: number): string {
  return String(ordinal).padStart(ORDINAL_DIGITS, "0");
}

/** `rated-p3-000000000001-000000000500.ndjson` */
export function fileName(partition: number, first: number, last: number, format: FileFormat): string {
  return `rated-p${partition}-${padded(first)}-${padded(last)}.${format}`;
}

/** Prefix of the names that files of a partition and format have until they are complete. */
export function temporaryPrefix(partition: number, format: FileFormat): string {
  return `.tmp-${format}-p${partition}-`;
}

/** The last ordinal among the names of a partition and format, 0 where there is none. */
export function lastOrdinalOf(names: readonly string[], partition: number, format: FileFormat): number {
  let last = 0;
  for (const name of names) {
    const parts = NAME.exec(name)?.groups;
    if (parts?.["format"] !== format || Number(parts["partition"]) !== partition) continue;
    last = Math.max(last, Number(parts["last"]));
  }
  return last;
}
