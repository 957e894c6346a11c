import type { LogMessage } from "../model/log.ts";
import { CONTROL_LINE_TYPE, MESSAGE_LINE_TYPE } from "./simulation-line.ts";

/**
 * An event as a line that `simulate` reads: its own text with the attributes `arrival`, `region` and `partition` added in
 * front, so that numbers and members stay as they were written. What is not a JSON object is wrapped into one that is
 * rejected for the same want of attributes.
 */
export function eventLine(text: string, partition: number, region: string, arrivalMs: number): string {
  const added = `"arrival":${JSON.stringify(new Date(arrivalMs).toISOString())},"region":${JSON.stringify(region)},"partition":"${partition}"`;
  const body = text.trim();
  if (!body.startsWith("{")) return `{${added},"element":${body}}`;
  const members = body.slice(1).trimStart();
  return members.startsWith("}") ? `{${added}}` : `{${added},${members.replaceAll("\n", " ")}`;
}

/** A control record as a line that `simulate` applies at its place. */
export function controlLine(partition: number, sequence: number, record: string): string {
  return `{"specversion":"1.0","type":"${CONTROL_LINE_TYPE}","source":"tributary/partition/${partition}","id":"${sequence}","partition":"${partition}","data":${record}}`;
}

/** A message that its producer has numbered as a line: `simulate` decides about it whole, as a worker does. */
export function messageLine(message: LogMessage, partition: number, region: string): string {
  const { sequence, contentType, arrivalMs, data } = message;
  return JSON.stringify({
    arrival: new Date(arrivalMs).toISOString(),
    region,
    partition: String(partition),
    specversion: "1.0",
    type: MESSAGE_LINE_TYPE,
    source: `tributary/partition/${partition}`,
    id: String(sequence),
    datacontenttype: contentType,
    data_base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
  });
}
