import { setTimeout as delay } from "node:timers/promises";
import { TributaryError } from "../../model/errors.ts";
import type { NumberingLog } from "../../model/numbering.ts";
import { describe, isMessageNotFound, isRefusal, isWrongLastSequence } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { numberingStream, numberingSubject } from "./names.ts";

const ATTEMPT_TIMEOUT_MS = 2000;
/** For so long a document is named again and again: a broker's restart or a change of leader fits in. */
export const DEFAULT_NUMBERING_DEADLINE_MS = 15_000;
const RETRY_WAIT_MS = 100;

const NOTHING = new Uint8Array(0);

/**
 * Numbers from one stream a legal entity: a message names a document by its subject. The broker takes a subject once (each
 * publication expects that nothing stands on it), refuses without using a sequence, and deletes nothing: so the sequence of
 * the one message that names a document is its rank.
 */
export function openNumberingLog(
  connection: BrokerConnection,
  options: { readonly deadlineMs?: number } = {},
): NumberingLog {
  const deadlineMs = options.deadlineMs ?? DEFAULT_NUMBERING_DEADLINE_MS;
  return {
    ranksOf: (legalEntity, documents) =>
      Promise.all(documents.map((document) => rankOf(connection, legalEntity, document, deadlineMs))),
  };
}

async function rankOf(
  connection: BrokerConnection,
  legalEntity: string,
  document: string,
  deadlineMs: number,
): Promise<number> {
  const stream = numberingStream(legalEntity);
  const subject = numberingSubject(legalEntity, document);
  const deadline = performance.now() + deadlineMs;
  let fault: unknown;
  do {
    try {
      const ack = await connection.jetstream.publish(subject, NOTHING, {
        expect: { lastSubjectSequence: 0, streamName: stream },
        timeout: ATTEMPT_TIMEOUT_MS,
      });
      return ack.seq;
    } catch (error) {
      fault = error;
      if (isWrongLastSequence(error)) {
        const known = await knownRank(connection, stream, subject).catch((lookup: unknown) => {
          fault = lookup;
          return undefined;
        });
        if (known !== undefined) return known;
      } else if (isRefusal(error)) break;
    }
    await delay(RETRY_WAIT_MS);
  } while (performance.now() < deadline);
  throw new TributaryError("numbering-failed", `naming ${document} in ${stream}: ${describe(fault)}`, {
    cause: fault,
    details: { stream, document },
  });
}

/** The rank that a document has already; undefined while the message that took it is still in flight. */
async function knownRank(
  connection: BrokerConnection,
  stream: string,
  subject: string,
): Promise<number | undefined> {
  try {
    return (await connection.manager.streams.getMessage(stream, { last_by_subj: subject })).seq;
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw error;
  }
}
