import { z } from "zod";
import { durationMs, durationText } from "../../model/duration.ts";
import { BYTE_SIZE_PATTERN, byteSize } from "./byte-size.ts";

/** Types of settings that several parts of the configuration have. */

const DURATION_PATTERN = /^\d{1,9}(ms|s|m|h|d)$/;

/** A duration such as "30s", in milliseconds. */
export function duration(text: string, description: string, bounds: { minMs: number; maxMs: number }) {
  return z
    .string()
    .regex(DURATION_PATTERN, { error: `must be a duration such as "500ms", "30s", "5m", "24h" or "35d"` })
    .transform((value, context) => {
      const ms = durationMs(value);
      if (ms !== undefined && ms >= bounds.minMs && ms <= bounds.maxMs) return ms;
      context.addIssue(`must be between ${durationText(bounds.minMs)} and ${durationText(bounds.maxMs)}`);
      return z.NEVER;
    })
    .prefault(text)
    .meta({ description });
}

/** A size such as "4MiB", in bytes. */
export function size(text: string, description: string, bounds: { minBytes: number; maxBytes: number }) {
  return z
    .string()
    .regex(BYTE_SIZE_PATTERN, { error: `must be a size such as "512KiB" or "4MiB"` })
    .transform((value, context) => {
      const bytes = byteSize(value);
      if (bytes !== undefined && bytes >= bounds.minBytes && bytes <= bounds.maxBytes) return bytes;
      context.addIssue(`must be between ${bounds.minBytes} and ${bounds.maxBytes} bytes`);
      return z.NEVER;
    })
    .prefault(text)
    .meta({ description });
}

export function path(description: string) {
  return z.string().min(1, { error: "must not be empty" }).meta({ description });
}

/** It has no flag and is never printed. */
export function secret(description: string) {
  return z.string().min(1, { error: "must not be empty" }).meta({ description, writeOnly: true });
}
