import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { headers } from "nats";
import type { StoredMsg } from "nats";
import { TributaryError } from "../../model/errors.ts";
import type { ReferenceStore } from "../../model/log.ts";
import { brokerFault, isMessageNotFound, isWrongLastSequence } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";
import { CHUNK_COUNT_HEADER, CONTENT_TYPE_HEADER, REFERENCE_STREAM, referenceSubject } from "./names.ts";
import { headerOf } from "./stored-message.ts";

/**
 * Bytes of an object in one message, before compression. Compressed and with its headers even what can't be compressed
 * stays below 512 KiB, well within a server's usual `max_payload` of 1 MiB.
 */
const CHUNK_BYTES = 500 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/**
 * Content-addressed objects in the REFERENCE stream. Each chunk is compressed by itself, so that chunks of a put that
 * broke off and of its repetition (by another version of the compressor, perhaps) go together.
 */
export function openReferenceStore(connection: BrokerConnection): ReferenceStore {
  return {
    put: async (kind, hash, bytes) => {
      if (sha256(bytes) !== hash)
        throw new TributaryError(
          "reference-corrupt",
          `the object to store as ${kind} ${hash} has another hash`,
        );
      const chunkCount = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
      for (let chunk = 0; chunk < chunkCount; chunk++)
        await putChunk(
          connection,
          referenceSubject(kind, hash, chunk),
          chunkCount,
          await compress(bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES)),
        );
    },
    get: async (kind, hash) => {
      const first = await getChunk(connection, referenceSubject(kind, hash, 0));
      if (first === undefined) return undefined;
      const chunkCount = Number(headerOf(first, CHUNK_COUNT_HEADER));
      const parts: Uint8Array[] = [];
      try {
        parts.push(await decompress(first.data, { maxOutputLength: CHUNK_BYTES }));
        for (let chunk = 1; chunk < chunkCount; chunk++) {
          const stored = await getChunk(connection, referenceSubject(kind, hash, chunk));
          if (stored === undefined) return undefined;
          parts.push(await decompress(stored.data, { maxOutputLength: CHUNK_BYTES }));
        }
      } catch (error) {
        if (error instanceof TributaryError) throw error;
        throw new TributaryError("reference-corrupt", `${kind} ${hash} can't be decompressed`, {
          cause: error,
        });
      }
      const bytes = Buffer.concat(parts);
      if (sha256(bytes) !== hash)
        throw new TributaryError("reference-corrupt", `what is stored as ${kind} ${hash} has another hash`);
      return bytes;
    },
  };
}

async function putChunk(
  connection: BrokerConnection,
  subject: string,
  chunkCount: number,
  data: Uint8Array,
): Promise<void> {
  const chunkHeaders = headers();
  chunkHeaders.set(CONTENT_TYPE_HEADER, "application/gzip");
  chunkHeaders.set(CHUNK_COUNT_HEADER, String(chunkCount));
  try {
    await connection.jetstream.publish(subject, data, {
      headers: chunkHeaders,
      expect: { lastSubjectSequence: 0, streamName: REFERENCE_STREAM },
      timeout: REQUEST_TIMEOUT_MS,
    });
  } catch (error) {
    // The chunk is there: an object with the same hash has the same chunks.
    if (isWrongLastSequence(error)) return;
    throw brokerFault(error, `storing ${subject}`);
  }
}

async function getChunk(connection: BrokerConnection, subject: string): Promise<StoredMsg | undefined> {
  try {
    return await connection.manager.streams.getMessage(REFERENCE_STREAM, { last_by_subj: subject });
  } catch (error) {
    if (isMessageNotFound(error)) return undefined;
    throw brokerFault(error, `reading ${subject}`);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
