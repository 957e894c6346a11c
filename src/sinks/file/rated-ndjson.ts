import type { OutboxEntry } from "../../model/outputs.ts";

/** One JSON object a line: the ordinal, then the aggregate's members as they were committed, digit by digit. */
export function ratedNdjson(entries: readonly OutboxEntry[]): string {
  let text = "";
  for (const { ordinal, body } of entries) text += `{"ordinal":${ordinal},${body.slice(1)}\n`;
  return text;
}
