import { decimalOfDouble, decimalText, readDecimal, type DecimalSlot } from "../../model/decimal.ts";
import { PropertyKind } from "../../model/event-batch.ts";
import type { ReasonName } from "../../model/outcome.ts";
import { MAX_DATA_DEPTH, MAX_PROPERTIES, MAX_PROPERTY_NAME_LENGTH } from "./limits.ts";
import { standInText, type JsonBody } from "./json-body.ts";

/** Half of a surrogate pair without the other half. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** True where a string of a body has a UTF-8 form. */
export function isWellFormed(body: JsonBody, text: string): boolean {
  return body.wellFormed || !LONE_SURROGATE.test(text);
}

/**
 * The properties of one event's `data`, flattened: nested objects become dotted names. Reused for every event, so that
 * an event is only written to the columns when all of it is sound.
 */
export class DataProperties {
  count = 0;
  readonly names: string[] = [];
  readonly kind = new Uint8Array(MAX_PROPERTIES);
  readonly coefficient = new Float64Array(MAX_PROPERTIES);
  readonly large: bigint[] = [];
  readonly scale = new Uint8Array(MAX_PROPERTIES);
  readonly texts: string[] = [];
  readonly #slot: DecimalSlot = { coefficient: 0, scale: 0 };
  #nested = false;

  /** Reads `data` (absent: no properties); returns the fault, or "none". */
  read(body: JsonBody, data: unknown): ReasonName {
    this.count = 0;
    this.#nested = false;
    if (data === undefined) return "none";
    if (!isObject(data)) return "data-invalid";
    return this.#readObject(body, data, "", 1);
  }

  #readObject(body: JsonBody, object: object, prefix: string, depth: number): ReasonName {
    if (depth > MAX_DATA_DEPTH) return "data-invalid";
    for (const key of Object.keys(object)) {
      const name = prefix === "" ? key : prefix + key;
      if (name.length > MAX_PROPERTY_NAME_LENGTH || !isWellFormed(body, key)) return "data-invalid";
      const value: unknown = Reflect.get(object, key);
      if (isObject(value)) {
        this.#nested = true;
        const fault = this.#readObject(body, value, `${name}.`, depth + 1);
        if (fault !== "none") return fault;
        continue;
      }
      if (this.count === MAX_PROPERTIES) return "data-invalid";
      // {"a":{"b":1},"a.b":2} has one name for two values; only nesting can bring that about.
      if (this.#nested && this.names.lastIndexOf(name, this.count - 1) !== -1 && this.count > 0)
        return "data-invalid";
      this.names[this.count] = name;
      const fault = this.#readValue(body, value, depth);
      if (fault !== "none") return fault;
      this.count++;
    }
    return "none";
  }

  #readValue(body: JsonBody, value: unknown, depth: number): ReasonName {
    const at = this.count;
    if (typeof value === "number") {
      if (!readNumber(body, value, this.#slot)) return "number-invalid";
      const { coefficient, scale } = this.#slot;
      this.scale[at] = scale;
      if (typeof coefficient === "number") {
        this.kind[at] = PropertyKind.number;
        this.coefficient[at] = coefficient;
      } else {
        this.kind[at] = PropertyKind.largeNumber;
        this.large[at] = coefficient;
      }
    } else if (typeof value === "string") {
      if (!isWellFormed(body, value)) return "data-invalid";
      this.kind[at] = PropertyKind.text;
      this.texts[at] = value;
    } else if (typeof value === "boolean") this.kind[at] = value ? PropertyKind.true : PropertyKind.false;
    else if (value === null) this.kind[at] = PropertyKind.null;
    else {
      const writer = new CanonicalWriter(body, this.#slot);
      const text = writer.write(value, depth + 1);
      if (writer.fault !== "none") return writer.fault;
      this.kind[at] = PropertyKind.opaque;
      this.texts[at] = text;
    }
    return "none";
  }
}

function readNumber(body: JsonBody, value: number, slot: DecimalSlot): boolean {
  const text = standInText(body.longNumbers, value);
  return text === undefined ? decimalOfDouble(value, slot) : readDecimal(text, slot);
}

/** Writes a value as JSON with sorted keys and numbers without exponent, so that equal arrays have equal texts. */
class CanonicalWriter {
  fault: ReasonName = "none";
  readonly #body: JsonBody;
  readonly #slot: DecimalSlot;

  constructor(body: JsonBody, slot: DecimalSlot) {
    this.#body = body;
    this.#slot = slot;
  }

  write(value: unknown, depth: number): string {
    if (typeof value === "number") {
      if (readNumber(this.#body, value, this.#slot))
        return decimalText(this.#slot.coefficient, this.#slot.scale);
      return this.#fail("number-invalid");
    }
    if (typeof value === "string")
      return isWellFormed(this.#body, value) ? JSON.stringify(value) : this.#fail("data-invalid");
    if (value === null || typeof value !== "object") return String(value);
    if (depth > MAX_DATA_DEPTH) return this.#fail("data-invalid");
    if (Array.isArray(value)) return `[${value.map((item) => this.write(item, depth + 1)).join(",")}]`;
    const members = Object.keys(value)
      .sort()
      .map((key) => `${this.write(key, depth)}:${this.write(Reflect.get(value, key), depth + 1)}`);
    return `{${members.join(",")}}`;
  }

  #fail(fault: ReasonName): string {
    if (this.fault === "none") this.fault = fault;
    return "";
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
