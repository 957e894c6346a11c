import { hash } from "node:crypto";
import type { LogMessage } from "../../model/log.ts";
import type {
  BatchIdentity,
  NumberedMessage,
  ProducerManifest,
  SourceHour,
} from "../../model/numbered-batch.ts";

/** What a numbered message is beside its identity and bytes. */
export interface NumberedContent {
  readonly region: string;
  readonly firstRow: number;
  readonly endRow: number;
  readonly manifest?: ProducerManifest;
  readonly sourceHours: () => readonly SourceHour[];
}

/** A numbered message of a run, its body hashed. */
export function numberedMessage(
  message: LogMessage,
  { producer, epoch, sequence }: BatchIdentity,
  { region, firstRow, endRow, manifest, sourceHours }: NumberedContent,
): NumberedMessage {
  const digest = hash("sha256", message.data, "buffer");
  return {
    producer,
    epoch,
    sequence,
    message,
    region,
    contentLow: digest.readUInt32LE(0),
    contentHigh: digest.readUInt32LE(4),
    firstRow,
    endRow,
    manifest,
    sourceHours,
  };
}
