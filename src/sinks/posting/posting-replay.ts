import { TributaryError } from "../../model/errors.ts";
import type { LogIdentity } from "../../model/log.ts";
import type { PostingLog } from "../../model/posting-log.ts";
import type { PostingStore } from "../../model/posting-store.ts";
import type { PostingRecord } from "../../model/posting.ts";
import { lastHashOf, readRecords } from "./posting-chain.ts";

/**
 * Throws where a stream is not the one that the store is a view of (`stream-recreated`), ends before what the store has seen
 * (`stream-rolled-back`), or lacks what comes next (`stream-gap`).
 */
export function assertSameStream(
  name: string,
  identity: LogIdentity,
  seen: { readonly createdAt: string; readonly sequence: number },
): void {
  const { createdAt, firstSequence, lastSequence } = identity;
  const details = { stream: name, seen: seen.sequence, firstSequence, lastSequence };
  if (seen.createdAt !== "" && seen.createdAt !== createdAt)
    throw new TributaryError("stream-recreated", `${name} was deleted and created again.`, { details });
  if (lastSequence < seen.sequence)
    throw new TributaryError(
      "stream-rolled-back",
      `${name} ends at ${lastSequence}, before message ${seen.sequence}, which was seen.`,
      { details },
    );
  if (firstSequence > seen.sequence + 1)
    throw new TributaryError(
      "stream-gap",
      `${name} begins at ${firstSequence}; messages behind ${seen.sequence} are no longer stored.`,
      { details },
    );
}

/**
 * Brings the store to the end of the posting log and returns the creation time of its stream. A record may name a command that is still
 * to be read: `commandsRead` waits for it.
 */
export async function replayPostings(
  log: PostingLog,
  store: PostingStore,
  commandsRead: (sequence: number) => Promise<void>,
): Promise<string> {
  const identity = await log.identity();
  const { postingSequence, postingsCreatedAt } = store.position();
  assertSameStream(log.name, identity, { createdAt: postingsCreatedAt, sequence: postingSequence });
  // The last message seen is read again: the stream may have been cut and filled anew up to there.
  for await (const page of log.readFrom(Math.max(1, postingSequence)))
    for (const message of page) {
      const { postingSequence: before, lastHash: previous } = store.position();
      if (message.sequence === before) {
        if (lastHashOf(message) !== previous)
          throw new TributaryError(
            "stream-refilled",
            `Message ${before} of ${log.name} is another one than was seen there.`,
          );
        continue;
      }
      if (message.sequence !== before + 1)
        throw new TributaryError(
          "sequence-hole",
          `Message ${message.sequence} of ${log.name} follows message ${before}.`,
        );
      const { records, lastHash } = readRecords(message, previous);
      await commandsRead(lastCommand(records));
      store.applyRecords({ sequence: message.sequence, records, lastHash }, identity.createdAt);
    }
  return identity.createdAt;
}

function lastCommand(records: readonly PostingRecord[]): number {
  return records.reduce(
    (last, record) => (record.kind === "transition" ? Math.max(last, record.command) : last),
    0,
  );
}
