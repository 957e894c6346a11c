import type { OutboxEntry } from "../model/outputs.ts";
import { EntryBody } from "./entry-body.ts";
import { rawTexts } from "./raw-members.ts";

/**
 * Largest dead letter that is published with its payload, in bytes. With the envelope and headers it stays below the
 * 1 MiB that a broker takes by default: one letter that can never be published would hold up all that follow.
 */
export const DEAD_LETTER_BYTES_MAX = 768 * 1024;

export function ratedType(kind: string): string {
  return `io.tributary.rated.${kind}.v1`;
}
export function alertType(kind: string): string {
  return `io.tributary.alert.${kind}.v1`;
}
export function documentType(kind: string): string {
  return `io.tributary.document.${kind}.v1`;
}
export const DEAD_LETTER_TYPE = "io.tributary.dead-letter.v1";

interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string;
  readonly subject?: string;
}

/** The body goes in as it was committed, character by character: no digit is read and written again. */
function cloudEvent({ id, source, type, time, subject }: Envelope, data: string): string {
  const attributes = JSON.stringify({
    specversion: "1.0",
    id,
    source,
    type,
    ...(subject === undefined ? {} : { subject }),
    time,
    datacontenttype: "application/json",
  });
  return `${attributes.slice(0, -1)},"data":${data}}`;
}

/** What the envelope of a rated aggregate takes from its body, in the body's order. */
const RATED_ENVELOPE = ["kind", "account", "end"] as const;

/**
 * A rated aggregate as a CloudEvent: subject = account, time = end of the window (or period). There is one for every
 * window, so what the envelope needs is copied from the body's text instead of reading all of it.
 */
export function ratedEvent(partition: number, entry: OutboxEntry): string {
  const [kind, account, end] = rawTexts(entry.body, RATED_ENVELOPE) ?? [];
  if (kind === undefined) return ratedEventOf(partition, entry);
  return (
    `{"specversion":"1.0","id":"${partition}-${entry.ordinal}","source":"tributary/partition/${partition}",` +
    `"type":"${ratedType(kind.slice(1, -1))}","subject":${account},"time":${end},` +
    `"datacontenttype":"application/json","data":${entry.body}}`
  );
}

/** The same of a body that has to be read; what is no rated aggregate is an `internal-fault`. */
function ratedEventOf(partition: number, entry: OutboxEntry): string {
  const body = new EntryBody(entry);
  return cloudEvent(
    {
      id: `${partition}-${entry.ordinal}`,
      source: `tributary/partition/${partition}`,
      type: ratedType(body.text("kind")),
      subject: body.text("account"),
      time: body.text("end"),
    },
    entry.body,
  );
}

/** An alert as a CloudEvent: subject = account, time = when the event that is its reason was stored. */
export function alertEvent(partition: number, entry: OutboxEntry): string {
  const body = new EntryBody(entry);
  return cloudEvent(
    {
      id: `${partition}-${entry.ordinal}`,
      source: `tributary/partition/${partition}/alert`,
      type: alertType(body.text("kind")),
      subject: body.text("account"),
      time: body.text("time"),
    },
    entry.body,
  );
}

/** An invoice or credit memo as a CloudEvent: id = the document's, subject = account, time = end of its period. */
export function documentEvent(partition: number, entry: OutboxEntry): string {
  const body = new EntryBody(entry);
  return cloudEvent(
    {
      id: body.text("id"),
      source: `tributary/partition/${partition}/document`,
      type: documentType(body.text("kind")),
      subject: body.text("account"),
      time: body.text("periodEnd"),
    },
    entry.body,
  );
}

/**
 * A dead letter as a CloudEvent. Its source is not that of the rated events: (source, id) must be unique over both
 * channels. One that is too large goes without its payload, with `payloadOmittedBytes` in its place; the message
 * itself stands in the usage log at `sequence`.
 */
export function deadLetterEvent(partition: number, entry: OutboxEntry): string {
  const body = new EntryBody(entry);
  const bytes = Buffer.byteLength(entry.body);
  let data = entry.body;
  if (bytes > DEAD_LETTER_BYTES_MAX) {
    const { event: _event, messageBase64: _message, ...rest } = body.members;
    data = JSON.stringify({ ...rest, payloadOmittedBytes: bytes });
  }
  return cloudEvent(
    {
      id: `${partition}-${entry.ordinal}`,
      source: `tributary/partition/${partition}/dead-letter`,
      type: DEAD_LETTER_TYPE,
      time: body.text("arrival"),
    },
    data,
  );
}
