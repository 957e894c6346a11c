import { accountName, eventId, eventSource, eventType, VALUE_PROPERTY } from "../names.ts";
import { InstantText } from "./instant-text.ts";
import type { OpenBatch } from "./open-batch.ts";

/**
 * Events as CloudEvents in JSON. Every text of a plan is ASCII without characters that JSON escapes, so that a body is
 * put together from parts and its bytes are its characters.
 */
export class CloudEventEncoder {
  readonly #sources: readonly string[];
  readonly #types: readonly string[];
  readonly #instants = new InstantText();

  constructor(shape: { readonly regions: readonly string[]; readonly meters: number }) {
    this.#sources = shape.regions.map((region) => `","source":"${eventSource(region)}","type":"`);
    this.#types = Array.from({ length: shape.meters }, (_, meter) => `${eventType(meter)}","subject":"`);
  }

  single(batch: OpenBatch, row: number): Uint8Array {
    return Buffer.from(this.#text(batch, row), "latin1");
  }

  batch(batch: OpenBatch): Uint8Array {
    let text = "[";
    for (let row = 0; row < batch.count; row++)
      text += row === 0 ? this.#text(batch, row) : `,${this.#text(batch, row)}`;
    return Buffer.from(`${text}]`, "latin1");
  }

  #text(batch: OpenBatch, row: number): string {
    return `{"specversion":"1.0","id":"${eventId(batch.id[row]!)}${this.#sources[batch.region]!}${this.#types[batch.meter[row]!]!}${accountName(batch.account[row]!)}","time":"${this.#instants.of(batch.timeMs[row]!)}","data":{"${VALUE_PROPERTY}":${batch.value[row]!}}}`;
  }
}
