import { z } from "zod";
import { durationMs, durationText } from "../../../model/duration.ts";

/** Fields that the settings of several ERPs have. Descriptions are the reference in docs/erp/. */

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** A duration such as "30s", as milliseconds. */
export function durationField(text: string, description: string, bounds: { minMs: number; maxMs: number }) {
  return z
    .string()
    .transform((value, context) => {
      const ms = durationMs(value);
      if (ms !== undefined && ms >= bounds.minMs && ms <= bounds.maxMs) return ms;
      context.addIssue(
        `must be a duration between ${durationText(bounds.minMs)} and ${durationText(bounds.maxMs)}, such as "${text}"`,
      );
      return z.NEVER;
    })
    .prefault(text)
    .meta({ description });
}

/** An address by HTTPS; plain HTTP to this machine only. */
export function addressField(description: string) {
  return z
    .string()
    .refine(isSafeAddress, {
      error: "must be an https:// address without user or fragment; http:// only to this machine",
    })
    .meta({ description });
}

function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== "" || password !== "" || hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.has(hostname));
}

/** A secret as text: better `${NAME}` of an environment variable, or the file of the field beside it. */
export function secretField(description: string) {
  return z.string().min(1).meta({ description, writeOnly: true }).optional();
}

export function fileField(description: string) {
  return z.string().min(1).meta({ description }).optional();
}
