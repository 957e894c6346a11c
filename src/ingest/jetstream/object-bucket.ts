import { createHash } from "node:crypto";
import { DirectMsgHeaders, headers, JsHeaders, nuid, StorageType } from "nats";
import { z } from "zod";
import { isMessageNotFound, isNoResponders } from "./broker-errors.ts";
import type { BrokerConnection } from "./connection.ts";

/**
 * Bytes of an object in one message: few enough round trips, and well within a server's usual `max_payload` of 1 MiB. A server that takes less gets
 * less.
 */
const MESSAGE_BYTES = 512 * 1024;
/** An object is about a mebibyte; a broker that takes longer for a message of it is in trouble. */
const MESSAGE_TIMEOUT_MS = 30_000;
/** Requests under way at once where many metadata are read; each is some hundred bytes. */
const PARALLEL_REQUESTS = 32;
const DIGEST_PREFIX = "SHA-256=";
/** Status of an answer to a direct request for a message that is not stored. */
const NOT_FOUND_STATUS = 404;

/** What the object store's metadata say (ADR-20 of NATS); what else stands there is left alone. */
const metadataSchema = z.object({
  name: z.string(),
  nuid: z.string(),
  size: z.int().min(0),
  chunks: z.int().min(0),
  digest: z.string().optional(),
  deleted: z.boolean().optional(),
});
type Metadata = z.infer<typeof metadataSchema>;

interface FoundMetadata extends Metadata {
  /** Sequence of the message with the metadata. */
  readonly revision: number;
}

/** The last message of a subject, or its first one from a sequence on. */
type MessageQuery =
  { readonly last_by_subj: string } | { readonly next_by_subj: string; readonly seq: number };

interface FoundMessage {
  readonly seq: number;
  readonly data: Uint8Array;
}

/** Gives a message of the bucket's stream; undefined where it does not have it. */
type GetMessage = (query: MessageQuery) => Promise<FoundMessage | undefined>;

/**
 * A bucket of the broker's object store. An object is messages of the subject `$O.<bucket>.C.<nuid>`, and one with its metadata of
 * `$O.<bucket>.M.<name>`: what the standard clients write is read here, and they read what is written here. Their way to an object is a consumer for
 * each and a digest in JavaScript; this one asks for the messages themselves, so that many objects a second come and go.
 *
 * Rejects with what the client rejects with.
 */
export class ObjectBucket {
  readonly #connection: BrokerConnection;
  readonly #bucket: string;
  readonly #stream: string;

  private constructor(connection: BrokerConnection, bucket: string) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#stream = `OBJ_${bucket}`;
  }

  /** Opens a bucket, and makes it where it is not there: on disk, compressed. @param replicas copies in a cluster (1, 3 or 5) */
  static async open(connection: BrokerConnection, bucket: string, replicas: number): Promise<ObjectBucket> {
    await connection.jetstream.views.os(bucket, { storage: StorageType.File, replicas, compression: true });
    return new ObjectBucket(connection, bucket);
  }

  /** Whether there is an object of that name, by the stream's leader. */
  async has(name: string): Promise<boolean> {
    const metadata = await this.#metadataOf(this.#subjectOf(name), this.#fromLeader);
    return metadata !== undefined && metadata.deleted !== true;
  }

  /**
   * An object's bytes; undefined where there is none, or where it is not whole. Any copy of the stream is asked first, and the leader where that one has
   * not got all of it. The bytes are as many as the metadata say, and are not compared with their digest: that is the caller's part, who knows the hash.
   */
  async read(name: string): Promise<Uint8Array | undefined> {
    return (await this.#readBy(name, this.#fromAnyCopy)) ?? (await this.readNewest(name));
  }

  /** As {@link read}, by the stream's leader alone: for objects that are replaced by others, which a copy that is behind would still have. */
  async readNewest(name: string): Promise<Uint8Array | undefined> {
    return await this.#readBy(name, this.#fromLeader);
  }

  /** Stores an object in the place of one that has the name; durable when it resolves. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    const subject = this.#subjectOf(name);
    const before = await this.#metadataOf(subject, this.#fromLeader);
    const id = nuid.next();
    const messageBytes = Math.min(MESSAGE_BYTES, this.#connection.client.info?.max_payload ?? MESSAGE_BYTES);
    const chunks = Math.ceil(bytes.length / messageBytes);
    const metadata = {
      bucket: this.#bucket,
      name,
      nuid: id,
      size: bytes.length,
      chunks,
      description: "",
      options: { max_chunk_size: messageBytes },
      mtime: new Date().toISOString(),
      digest: DIGEST_PREFIX + digestOf(bytes),
      deleted: false,
    };
    try {
      // One connection keeps their order.
      await Promise.all(
        Array.from({ length: chunks }, (_, chunk) =>
          this.#connection.jetstream.publish(
            this.#chunkSubject(id),
            bytes.subarray(chunk * messageBytes, (chunk + 1) * messageBytes),
            { timeout: MESSAGE_TIMEOUT_MS },
          ),
        ),
      );
      // Only the newest metadata of a name stay.
      const rollUp = headers();
      rollUp.set(JsHeaders.RollupHdr, JsHeaders.RollupValueSubject);
      await this.#connection.jetstream.publish(subject, JSON.stringify(metadata), {
        headers: rollUp,
        timeout: MESSAGE_TIMEOUT_MS,
      });
    } catch (error) {
      await this.#purge(this.#chunkSubject(id)).catch(() => undefined);
      throw error;
    }
    // What cannot be removed now takes room, and nothing else.
    if (before !== undefined) await this.#purge(this.#chunkSubject(before.nuid)).catch(() => undefined);
  }

  /**
   * Removes an object with all that is stored of it; nothing happens where there is none, or where it is written anew meanwhile. The metadata go first: an
   * object is never there without its bytes.
   */
  async remove(name: string): Promise<void> {
    const subject = this.#subjectOf(name);
    const metadata = await this.#metadataOf(subject, this.#fromLeader);
    if (metadata !== undefined) await this.#removeFound(subject, metadata);
  }

  /** Names of all objects that begin so. Marks of such objects that other clients have removed go on that occasion. */
  async names(prefix: string): Promise<readonly string[]> {
    const all = `$O.${this.#bucket}.M.`;
    const { state } = await this.#connection.manager.streams.info(this.#stream, {
      subjects_filter: `${all}>`,
    });
    const names: string[] = [];
    const waiting = Object.keys(state.subjects ?? {})
      .filter((subject) => nameIn(subject.slice(all.length)).startsWith(prefix))
      .values();
    const look = async (): Promise<void> => {
      // One iterator for all: each takes the next subject.
      for (const subject of waiting) {
        const metadata = await this.#metadataOf(subject, this.#fromLeader);
        if (metadata?.deleted === true) await this.#removeFound(subject, metadata);
        else if (metadata !== undefined) names.push(metadata.name);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, look));
    return names;
  }

  async #readBy(name: string, get: GetMessage): Promise<Uint8Array | undefined> {
    const metadata = await this.#metadataOf(this.#subjectOf(name), get);
    if (metadata === undefined || metadata.deleted === true) return undefined;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let next = 1;
    while (bytes < metadata.size) {
      const message = await get({ seq: next, next_by_subj: this.#chunkSubject(metadata.nuid) });
      if (message === undefined) return undefined;
      parts.push(message.data);
      bytes += message.data.length;
      next = message.seq + 1;
    }
    return bytes === metadata.size ? Buffer.concat(parts, bytes) : undefined;
  }

  async #metadataOf(subject: string, get: GetMessage): Promise<FoundMetadata | undefined> {
    const message = await get({ last_by_subj: subject });
    if (message === undefined) return undefined;
    const metadata = metadataSchema.parse(JSON.parse(Buffer.from(message.data).toString("utf8")));
    return { ...metadata, revision: message.seq };
  }

  async #removeFound(subject: string, { nuid: id, revision }: FoundMetadata): Promise<void> {
    await this.#purge(subject, revision + 1);
    await this.#purge(this.#chunkSubject(id));
  }

  /** Removes the messages of a subject, or those before a sequence. */
  async #purge(filter: string, seq?: number): Promise<void> {
    await this.#connection.manager.streams.purge(
      this.#stream,
      seq === undefined ? { filter } : { filter, seq },
    );
  }

  /** Answered by any server with a copy, which may be behind. */
  readonly #fromAnyCopy: GetMessage = async (query) => {
    try {
      const answer = await this.#connection.client.request(
        `$JS.API.DIRECT.GET.${this.#stream}`,
        JSON.stringify(query),
        { timeout: MESSAGE_TIMEOUT_MS },
      );
      const status = answer.headers?.code ?? 0;
      if (status === NOT_FOUND_STATUS) return undefined;
      const seq = Number(answer.headers?.get(DirectMsgHeaders.Sequence));
      if (status !== 0 || !(seq > 0))
        throw new Error(`a direct request was answered with ${status} ${answer.headers?.description ?? ""}`);
      return { seq, data: answer.data };
    } catch (error) {
      // A bucket that was made without such requests has nobody who answers them: the leader does.
      if (isNoResponders(error)) return undefined;
      throw error;
    }
  };

  readonly #fromLeader: GetMessage = async (query) => {
    try {
      return await this.#connection.manager.streams.getMessage(this.#stream, query);
    } catch (error) {
      if (isMessageNotFound(error)) return undefined;
      throw error;
    }
  };

  #chunkSubject(id: string): string {
    return `$O.${this.#bucket}.C.${id}`;
  }

  #subjectOf(name: string): string {
    return `$O.${this.#bucket}.M.${padded(Buffer.from(name).toString("base64url"))}`;
  }
}

function nameIn(token: string): string {
  return Buffer.from(token, "base64url").toString("utf8");
}

function digestOf(bytes: Uint8Array): string {
  return padded(createHash("sha256").update(bytes).digest("base64url"));
}

/** With "=" up to a whole number of groups of four letters: so the standard clients write it. */
function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}
