import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { TributaryError } from "../model/errors.ts";

/** CRC-32 stored beside a value. */
export function checksum(value: Uint8Array | string): number {
  return crc32(value);
}

/** Throws `state-corrupt` where the value isn't the one that was stored. `what` names the row for people. */
export function verifyChecksum(value: Uint8Array | string, stored: number, what: string): void {
  if (crc32(value) !== stored) {
    throw new TributaryError(
      "state-corrupt",
      `The state file is damaged: ${what} does not match its checksum.`,
    );
  }
}

/** Chain of a channel before its first entry. */
export const EMPTY_CHAIN = "";

/** Chain of a channel after one more entry (64 hexadecimal digits). */
export function extendChain(chain: string, ordinal: number, body: string): string {
  return hash("sha256", `${chain}\n${ordinal}\n${body}`, "hex");
}
