import { z } from "zod";

/** A gap of the usage log that an operator accepted, as the state remembers it. */
const acceptedGapSchema = z.strictObject({
  /** First message read again, in the partition's numbering. */
  resumeAt: z.int(),
  /** Messages that will never be read. */
  lostMessages: z.int().min(0),
  /** From `resumeAt` on: the partition's number of a message minus its sequence in the stream. */
  numberingOffset: z.int(),
  actor: z.string(),
  reason: z.string(),
  decidedAt: z.string(),
  /**
   * No gap: the partition came to be by a change of the partition count, and its numbering goes on from that of the partition
   * that it was a part of. Messages before `resumeAt` were counted there.
   */
  inherited: z.strictObject({ partition: z.int().min(0), messages: z.int().min(0) }).optional(),
});
export type AcceptedGap = Readonly<z.output<typeof acceptedGapSchema>>;

const gapsSchema = z.array(acceptedGapSchema);

/** The gaps of a state's row; none where it has no such row. */
export function readGaps(text: string | undefined): readonly AcceptedGap[] {
  return text === undefined ? [] : gapsSchema.parse(JSON.parse(text));
}

export function writeGaps(gaps: readonly AcceptedGap[]): string {
  return JSON.stringify(gaps);
}

/** What the partition's numbering is ahead of the stream's sequences now. */
export function numberingOffsetOf(gaps: readonly Pick<AcceptedGap, "numberingOffset">[]): number {
  return gaps.at(-1)?.numberingOffset ?? 0;
}

/** Messages that all accepted gaps together lost. */
export function lostMessagesOf(gaps: readonly Pick<AcceptedGap, "lostMessages">[]): number {
  return gaps.reduce((total, gap) => total + gap.lostMessages, 0);
}

/** Messages that were processed and counted in the partition that this one was a part of. */
export function inheritedMessagesOf(gaps: readonly Pick<AcceptedGap, "inherited">[]): number {
  return gaps.reduce((total, { inherited }) => total + (inherited?.messages ?? 0), 0);
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
