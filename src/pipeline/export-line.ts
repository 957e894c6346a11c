import { CONTROL_LINE_TYPE } from "./simulation-line.ts";

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
