import { crc32 } from "node:zlib";
import { z } from "zod";
import { messageOf, TributaryError } from "../model/errors.ts";

/** A message of a commit. */
export interface CommittedMessage {
  readonly partition: number;
  readonly sequence: number;
  readonly contentType: string;
  readonly data: Uint8Array;
  /** It is published when all before it in its partition are acknowledged, and those behind it after it is. */
  readonly isBarrier: boolean;
}

const integer = z.int().min(0);
const stateSchema = z.strictObject({
  producer: z.string(),
  region: z.string(),
  partitionCount: integer,
  epoch: integer,
  /** Of the caller: everything up to it is in this commit or one before. */
  position: z.string().nullable(),
  /** By partition: the number of its next message. */
  next: z.array(integer),
  manifests: z.boolean(),
  /** Events that no manifest has announced: partition, source, hour, count. */
  counts: z.array(z.tuple([integer, z.string(), z.int(), integer])),
});

/** What a producer must know to go on: that of the newest commit. */
export type ProducerState = z.infer<typeof stateSchema>;

export interface Commit {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly state: ProducerState;
  readonly messages: readonly CommittedMessage[];
}

const headerSchema = z.strictObject({
  number: integer,
  state: stateSchema,
  messages: z.array(
    z.strictObject({
      partition: integer,
      sequence: integer,
      contentType: z.string(),
      bytes: integer,
      isBarrier: z.boolean(),
    }),
  ),
});

const MAGIC = "TPC1";
const FIXED_BYTES = 12;

/** A commit as bytes: magic, CRC-32 of the rest, length of the header, header (JSON), bodies. */
export function encodeCommit({ number, state, messages }: Commit): Uint8Array {
  const header: z.infer<typeof headerSchema> = {
    number,
    state,
    messages: messages.map(({ partition, sequence, contentType, data, isBarrier }) => ({
      partition,
      sequence,
      contentType,
      bytes: data.length,
      isBarrier,
    })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const whole = Buffer.concat([Buffer.alloc(FIXED_BYTES), text, ...messages.map(({ data }) => data)]);
  whole.write(MAGIC, 0, "latin1");
  whole.writeUInt32LE(text.length, 8);
  whole.writeUInt32LE(crc32(whole.subarray(8)), 4);
  return whole;
}

/** Reads what `encodeCommit` has written. Throws `state-corrupt`. */
export function decodeCommit(bytes: Uint8Array, file: string): Commit {
  try {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (whole.toString("latin1", 0, 4) !== MAGIC) throw new RangeError("it has another form");
    if (whole.readUInt32LE(4) !== crc32(whole.subarray(8))) throw new RangeError("its checksum differs");
    let at = FIXED_BYTES + whole.readUInt32LE(8);
    const { number, state, messages } = headerSchema.parse(
      JSON.parse(whole.toString("utf8", FIXED_BYTES, at)),
    );
    return {
      number,
      state,
      messages: messages.map(({ bytes: length, ...message }) => {
        at += length;
        return { ...message, data: new Uint8Array(whole.subarray(at - length, at)) };
      }),
    };
  } catch (cause) {
    throw new TributaryError("state-corrupt", `A producer's file can't be read: ${messageOf(cause)}.`, {
      details: { file },
      cause,
    });
  }
}
