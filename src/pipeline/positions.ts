import type { LogMessage } from "../model/log.ts";
import type { Position } from "../model/store.ts";

export const NO_POSITION: Position = {
  usageSequence: 0,
  usageFingerprint: new Uint8Array(0),
  controlSequence: 0,
  controlFingerprint: new Uint8Array(0),
  usageCreatedAt: "",
  controlCreatedAt: "",
};

/** What identifies a message at a sequence: its bytes and when it was stored. */
export function fingerprint(
  message: LogMessage,
  sha256: (...parts: readonly Uint8Array[]) => Uint8Array,
): Uint8Array {
  return sha256(
    new TextEncoder().encode(`${message.sequence} ${message.arrivalMs} ${message.subject}\n`),
    message.data,
  );
}
