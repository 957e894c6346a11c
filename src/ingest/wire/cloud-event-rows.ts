import { RETRACTION_TYPE } from "../../model/content-types.ts";
import { PropertyKind } from "../../model/event-batch.ts";
import type { KeyHasher } from "../../model/hash.ts";
import { reasonCode, type ReasonName } from "../../model/outcome.ts";
import { PayloadChecksum } from "../../model/payload-checksum.ts";
import type { BatchBuilder } from "./batch-builder.ts";
import { DataProperties, isWellFormed } from "./data-properties.ts";
import type { JsonBody } from "./json-body.ts";
import { MAX_ACCOUNT_LENGTH, MAX_IDENTITY_BYTES, MAX_PROPERTY_NAMES_PER_MESSAGE } from "./limits.ts";
import { parseTimestamp } from "./timestamp.ts";

const encoder = new TextEncoder();
/** A UTF-16 unit takes three bytes of UTF-8 at most; a longer string is refused before it is encoded. */
const BYTES_PER_UNIT = 3;

/** Reads CloudEvents in their JSON format into the rows of a batch. */
export class CloudEventRows {
  readonly #hasher: KeyHasher;
  readonly #data = new DataProperties();
  readonly #checksum = new PayloadChecksum();
  readonly #idBytes = new Uint8Array(MAX_IDENTITY_BYTES * BYTES_PER_UNIT);
  readonly #sourceBytes = new Uint8Array(MAX_IDENTITY_BYTES * BYTES_PER_UNIT);
  /** The source that the hasher is set to; undefined before the first event. */
  #source: string | undefined;
  #sourceLength = 0;
  /** Property names of the message so far. */
  readonly #names = new Set<string>();

  /** `hasher` is used here alone: its source is kept from message to message. */
  constructor(hasher: KeyHasher) {
    this.#hasher = hasher;
  }

  /** Appends one row for each element. */
  append(
    builder: BatchBuilder,
    body: JsonBody,
    elements: readonly unknown[],
    message: number,
    region: number,
  ): void {
    this.#names.clear();
    builder.reserve(elements.length);
    const arrivalMs = builder.messages[message]!.arrivalMs;
    for (let index = 0; index < elements.length; index++) {
      const row = builder.count++;
      builder.message[row] = message;
      builder.index[row] = index;
      builder.region[row] = region;
      const fault = this.#readRow(builder, body, elements[index], row, arrivalMs);
      if (fault !== "none") builder.reject(row, reasonCode(fault));
    }
  }

  #readRow(
    builder: BatchBuilder,
    body: JsonBody,
    event: unknown,
    row: number,
    arrivalMs: number,
  ): ReasonName {
    // A row that turns out faulty has to be readable all the same.
    builder.timeMs[row] = arrivalMs;
    if (!isMembers(event)) {
      setNames(builder, row, "", "");
      return "not-an-object";
    }
    const { id, source, type, subject, time, specversion } = event;
    const typeSound = isSoundText(body, type);
    const subjectSound = isSoundText(body, subject) && subject.length <= MAX_ACCOUNT_LENGTH;
    setNames(builder, row, subjectSound ? subject : "", typeSound ? type : "");
    const timeMs = typeof time === "string" ? parseTimestamp(time) : Number.NaN;
    if (!Number.isNaN(timeMs)) builder.timeMs[row] = timeMs;

    if (!isSoundText(body, id)) return "id-missing";
    if (!isSoundText(body, source) || source.includes("\0")) return "source-missing";
    if (!this.#hashIdentity(source, id, builder.key, row * 4)) return "id-too-long";
    if (specversion !== "1.0") return "specversion-unsupported";
    if (!typeSound) return "type-missing";
    if (!subjectSound) return isSoundText(body, subject) ? "subject-too-long" : "subject-missing";
    if (Number.isNaN(timeMs)) return "time-invalid";
    if (event["data_base64"] !== undefined || !isJsonContent(event["datacontenttype"])) return "data-invalid";
    if (type === RETRACTION_TYPE) return this.#readRetraction(builder, body, event, row, timeMs);
    const fault = this.#data.read(body, event["data"]);
    if (fault !== "none") return fault;
    return this.#writeProperties(builder, row);
  }

  /**
   * The event that a retraction carries becomes the row; the retraction's own identity and payload stay its key and
   * checksum. The row's account and type are set to the retraction's.
   */
  #readRetraction(
    builder: BatchBuilder,
    body: JsonBody,
    retraction: Members,
    row: number,
    timeMs: number,
  ): ReasonName {
    const data = retraction["data"];
    const event = isMembers(data) ? data["event"] : undefined;
    if (!isMembers(event)) return "retraction-invalid";
    const { id, source, type, subject, time } = event;
    if (!isSoundText(body, id) || !isSoundText(body, source) || source.includes("\0"))
      return "retraction-invalid";
    if (!isSoundText(body, type) || type === RETRACTION_TYPE) return "retraction-invalid";
    // An event of another account would be in another partition.
    if (subject !== undefined && subject !== retraction.subject) return "retraction-invalid";
    const eventTimeMs = typeof time === "string" ? parseTimestamp(time) : Number.NaN;
    const key = new Uint32Array(4);
    if (Number.isNaN(eventTimeMs) || !this.#hashIdentity(source, id, key, 0)) return "retraction-invalid";
    const ownType = builder.type[row]!;
    builder.type[row] = builder.types.intern(type);
    builder.timeMs[row] = eventTimeMs;
    const fault = this.#data.read(body, event["data"]);
    if (fault !== "none") return fault;
    const propertyFault = this.#writeProperties(builder, row);
    if (propertyFault !== "none") return propertyFault;
    builder.setRetraction(row, ownType, timeMs, key, source, id);
    return "none";
  }

  /** False where the identity is too long. */
  #hashIdentity(source: string, id: string, key: Uint32Array, offset: number): boolean {
    if (id.length + source.length > MAX_IDENTITY_BYTES) return false;
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceLength = encoder.encodeInto(source, this.#sourceBytes).written;
      this.#hasher.setSource(this.#sourceBytes, 0, this.#sourceLength);
    }
    const idLength = encode(id, this.#idBytes);
    if (idLength + this.#sourceLength > MAX_IDENTITY_BYTES) return false;
    this.#hasher.hashId(this.#idBytes, 0, idLength, key, offset);
    return true;
  }

  #writeProperties(builder: BatchBuilder, row: number): ReasonName {
    const data = this.#data;
    let newNames = 0;
    for (let at = 0; at < data.count; at++) if (!this.#names.has(data.names[at]!)) newNames++;
    if (newNames > 0) {
      if (this.#names.size + newNames > MAX_PROPERTY_NAMES_PER_MESSAGE) return "data-invalid";
      for (let at = 0; at < data.count; at++) this.#names.add(data.names[at]!);
    }
    let low = 0;
    let high = 0;
    for (let at = 0; at < data.count; at++) {
      const column = builder.column(data.names[at]!);
      const kind = data.kind[at]!;
      column.kind[row] = kind;
      if (kind === PropertyKind.number || kind === PropertyKind.largeNumber) {
        column.reserveNumbers(builder.capacity);
        column.scale[row] = data.scale[at]!;
        if (kind === PropertyKind.number) column.coefficient[row] = data.coefficient[at]!;
        else column.large.set(row, data.large[at]!);
      } else if (kind === PropertyKind.text || kind === PropertyKind.opaque) {
        column.reserveTexts(builder.capacity);
        column.text[row] = builder.texts.intern(data.texts[at]!);
      }
      column.check(this.#checksum, row, builder.texts);
      low = (low + this.#checksum.low) | 0;
      high = (high + this.#checksum.high) | 0;
    }
    builder.setChecksum(row, low, high);
    return "none";
  }
}

function setNames(builder: BatchBuilder, row: number, account: string, type: string): void {
  builder.account[row] = builder.accounts.intern(account);
  builder.type[row] = builder.types.intern(type);
}

/** UTF-8 of a well-formed string; a loop for ASCII, since ids are short and a call to the encoder costs more. */
function encode(text: string, bytes: Uint8Array): number {
  const length = text.length;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return encoder.encodeInto(text, bytes).written;
    bytes[at] = code;
  }
  return length;
}

function isSoundText(body: JsonBody, value: unknown): value is string {
  return typeof value === "string" && value !== "" && isWellFormed(body, value);
}

function isJsonContent(type: unknown): boolean {
  return type === undefined || (typeof type === "string" && /^\s*application\/json\s*(;|$)/i.test(type));
}

/** Attributes of a CloudEvent by name; own members only, since JSON.parse makes plain objects. */
type Members = Readonly<Partial<Record<string, unknown>>> & {
  readonly id?: unknown;
  readonly source?: unknown;
  readonly type?: unknown;
  readonly subject?: unknown;
  readonly time?: unknown;
  readonly specversion?: unknown;
};

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
