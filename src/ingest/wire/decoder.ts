import type {
  DecodedRun,
  MessageDecoder,
  UndecodableMessage,
  UndecodableReason,
} from "../../model/event-batch.ts";
import { KeyHasher } from "../../model/hash.ts";
import type { LogMessage } from "../../model/log.ts";
import { BatchBuilder } from "./batch-builder.ts";
import { CloudEventRows } from "./cloud-event-rows.ts";
import { ColumnScratch } from "./column-scratch.ts";
import { parseColumnarBody } from "./columnar-body.ts";
import { ColumnarHashes } from "./columnar-hashes.ts";
import { ColumnarRows } from "./columnar-rows.ts";
import { columnarRowText } from "./columnar-text.ts";
import {
  CLOUD_EVENT_BATCH_TYPE,
  CLOUD_EVENT_TYPE,
  COLUMNAR_TYPE,
  MANIFEST_TYPE,
  PROBE_TYPE,
  partitionTextOf,
  regionOf,
} from "../../model/content-types.ts";
import { Dictionaries, type DictionaryLimits } from "./dictionary.ts";
import { bodyText, elementTexts, parseJsonBody } from "./json-body.ts";
import { MAX_EVENTS_PER_MESSAGE } from "./limits.ts";
import { parseManifestBody } from "./manifest-body.ts";
import { numberedMessage } from "./numbered-message.ts";
import { ColumnKernels } from "./simd/column-kernels.ts";
import { keptSourceColumns, sourceHoursOf } from "./source-hours.ts";

/** Rows that columns are made for at most before it is known how many there are. */
const MAX_EXPECTED_ROWS = 16_384;

export interface WireDecoderOptions {
  readonly dictionaryLimits?: DictionaryLimits;
  /** True: a batch is good until the next call of `decode`, and its memory serves the next one. Default: false. */
  readonly reusesMemory?: boolean;
  /** False: keys and checksums of columnar batches are made row by row, as where the processor has no vectors. Default: true. */
  readonly usesVectors?: boolean;
}

/**
 * Decodes the three wire forms of usage (docs/wire.md) to one batch a run. Whatever the bytes are, nothing is thrown:
 * a message that can't be read is undecodable as a whole, an event that can't be read is a rejected row, and the rest
 * flows on. Every decision depends on its own message alone, so that runs may be cut anywhere.
 */
export class WireDecoder implements MessageDecoder {
  readonly #cloudEvents: CloudEventRows;
  readonly #columnar: ColumnarRows;
  readonly #scratch = new ColumnScratch();
  /** Kept from run to run: an account that comes again has the number that it had. */
  readonly #dictionaries: Dictionaries;
  /** Rows of the last run: room for as many is made at once, so that the columns need not grow. */
  #expectedRows = 0;
  readonly #reusesMemory: boolean;
  #builder: BatchBuilder | undefined;
  /** The message that `eventText` was last asked about. */
  #opened:
    { readonly message: LogMessage; readonly textAt: (index: number) => string | undefined } | undefined;

  /** `hashKey`: key of the event identity's hash, 32 hexadecimal digits; throws RangeError for anything else. */
  constructor(hashKey: string, options: WireDecoderOptions = {}) {
    this.#dictionaries = new Dictionaries(options.dictionaryLimits);
    this.#reusesMemory = options.reusesMemory ?? false;
    this.#cloudEvents = new CloudEventRows(new KeyHasher(hashKey));
    const kernels = options.usesVectors === false ? undefined : ColumnKernels.shared();
    this.#columnar = new ColumnarRows(new ColumnarHashes(new KeyHasher(hashKey), kernels), this.#scratch);
  }

  decode(messages: readonly LogMessage[]): DecodedRun {
    this.#dictionaries.renewWhereFull();
    const builder = this.#begin(Math.max(messages.length, this.#expectedRows));
    const undecodable: UndecodableMessage[] = [];
    let probes = 0;
    for (const message of messages) {
      if (message.contentType === PROBE_TYPE) {
        probes++;
        continue;
      }
      const reason = this.#append(builder, message);
      if (reason !== undefined) undecodable.push({ message, reason });
    }
    this.#expectedRows = Math.min(builder.count, MAX_EXPECTED_ROWS);
    return { batch: builder.finish(), undecodable, probes };
  }

  #begin(expectedRows: number): BatchBuilder {
    const former = this.#builder;
    if (former !== undefined) {
      former.restart(expectedRows, this.#dictionaries);
      return former;
    }
    const builder = new BatchBuilder(expectedRows, this.#dictionaries);
    if (this.#reusesMemory) this.#builder = builder;
    return builder;
  }

  /** Appends a message's rows; a message that can't be read leaves the builder as it was. */
  #append(builder: BatchBuilder, message: LogMessage): UndecodableReason | undefined {
    const { contentType, data } = message;
    const isColumnar = contentType === COLUMNAR_TYPE;
    if (contentType === MANIFEST_TYPE) return appendManifest(builder, message);
    if (!isColumnar && contentType !== CLOUD_EVENT_TYPE && contentType !== CLOUD_EVENT_BATCH_TYPE)
      return "content-type-unknown";
    const region = regionOf(message.subject);
    if (region === undefined) return "subject-invalid";
    if (isColumnar) {
      const body = parseColumnarBody(data, this.#scratch);
      if (typeof body === "string") return body;
      const firstRow = builder.count;
      if (body.count > 0)
        this.#columnar.append(builder, body, builder.addMessage(message), builder.regions.intern(region));
      if (body.identity !== undefined) {
        const endRow = builder.count;
        const columns = keptSourceColumns(body);
        const sourceHours = (): ReturnType<typeof sourceHoursOf> => sourceHoursOf(columns);
        builder.numbered.push(
          numberedMessage(message, body.identity, { region, firstRow, endRow, sourceHours }),
        );
      }
      return undefined;
    }
    const body = parseJsonBody(data);
    if (body === undefined) return "json-invalid";
    let elements: readonly unknown[] = [body.value];
    if (contentType === CLOUD_EVENT_BATCH_TYPE) {
      if (!Array.isArray(body.value)) return "batch-malformed";
      elements = body.value;
      if (elements.length > MAX_EVENTS_PER_MESSAGE) return "too-many-events";
    }
    if (elements.length > 0)
      this.#cloudEvents.append(
        builder,
        body,
        elements,
        builder.addMessage(message),
        builder.regions.intern(region),
      );
    return undefined;
  }

  /** Throws RangeError where the message holds no event at that index. */
  eventText(message: LogMessage, index: number): string {
    // The events of a message are asked for one after the other: it is read once.
    if (this.#opened?.message !== message) this.#opened = { message, textAt: openTexts(message) };
    const text = this.#opened.textAt(index);
    if (text === undefined)
      throw new RangeError(`message ${message.sequence} holds no event with index ${index}`);
    return text;
  }
}

/** A manifest has a number like a batch, and no rows. */
function appendManifest(builder: BatchBuilder, message: LogMessage): UndecodableReason | undefined {
  const region = regionOf(message.subject);
  if (region === undefined) return "subject-invalid";
  const body = parseManifestBody(message.data);
  if (body === undefined) return "manifest-invalid";
  const { manifest } = body;
  const place = { firstRow: builder.count, endRow: builder.count };
  builder.numbered.push(
    numberedMessage(message, body, { region, ...place, manifest, sourceHours: () => [] }),
  );
  return undefined;
}

/** The decoder for an engine whose genesis record holds this hash key: a batch is good until the next is decoded. */
export function createDecoder(hashKey: string): MessageDecoder {
  return new WireDecoder(hashKey, { reusesMemory: true });
}

/** Reads a message for the texts of its events. */
function openTexts(message: LogMessage): (index: number) => string | undefined {
  if (message.contentType === COLUMNAR_TYPE) {
    const body = parseColumnarBody(message.data, new ColumnScratch());
    const partition = partitionTextOf(message.subject) ?? "";
    return (index) =>
      typeof body === "string" || index < 0 || index >= body.count
        ? undefined
        : columnarRowText(body, index, partition);
  }
  const text = bodyText(message.data);
  const texts =
    text === undefined
      ? []
      : message.contentType === CLOUD_EVENT_BATCH_TYPE
        ? elementTexts(text)
        : [text.trim()];
  return (index) => texts[index];
}
