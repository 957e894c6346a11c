import { ErpFault } from "../erp-sink.ts";
import type { MappedRows } from "../common/mapped-references.ts";
import { MAX_SEGMENTS } from "./limits.ts";

/** Segments of an account as Oracle writes it, such as "01-110-4110-0000". A dimension is the value of one of them. */

/**
 * The segments of a combination with those of the dimensions in their places. Throws ErpFault `mapping` where the account has no such segment.
 */
export function segmentsOf(
  combination: string,
  dimensions: Readonly<Record<string, string>>,
  rows: MappedRows,
  delimiter: string,
): readonly string[] {
  const segments = combination.split(delimiter);
  if (segments.length > MAX_SEGMENTS || segments.includes(""))
    throw unusable(`the account ${combination.slice(0, 100)} is no list of segments`);
  for (const [name, value] of Object.entries(dimensions)) {
    const dimension = `${name}=${value}`;
    const segment = rows.required("dimension", dimension, "segment");
    const place = /^[1-9]\d?$/.test(segment) ? Number(segment) : Number.NaN;
    if (!(place <= segments.length))
      throw unusable(
        `dimension ${dimension}: the account ${combination.slice(0, 100)} has no segment ${segment.slice(0, 20)}`,
      );
    segments[place - 1] = rows.required("dimension", dimension, "value");
  }
  return segments;
}

function unusable(message: string): ErpFault {
  return new ErpFault("mapping", message, { code: "mapping-unusable" });
}
