/** One line of a simulation's input. */
export type SimulationLine =
  | {
      readonly kind: "event";
      /** The line as it stands: the body of a CloudEvents message. */
      readonly text: string;
      readonly account: string;
      readonly region: string;
      /** Undefined where neither `arrival` nor `time` can be read: then the arrival of the line before it holds. */
      readonly arrivalMs: number | undefined;
      /** Partition that `export` found it in; otherwise the account's. */
      readonly partition: number | undefined;
    }
  | { readonly kind: "control"; readonly partition: number; readonly record: string }
  | {
      /** A message whose producer has numbered it: its events can't stand by themselves. */
      readonly kind: "message";
      readonly partition: number;
      readonly region: string;
      readonly arrivalMs: number | undefined;
      readonly contentType: string;
      readonly data: Uint8Array;
    };

/** CloudEvents type of a control record in an exported file. */
export const CONTROL_LINE_TYPE = "io.tributary.control";
/** CloudEvents type of a whole message in an exported file. */
export const MESSAGE_LINE_TYPE = "io.tributary.message";
/** Region of events that name none. */
export const DEFAULT_REGION = "default";

/** Reads a line; what can't be read as an object is still an event (it will be rejected with the reason). */
export function readLine(text: string): SimulationLine {
  const fields = parseObject(text);
  const partition = partitionOfField(fields["partition"]);
  if (fields["type"] === CONTROL_LINE_TYPE && partition !== undefined) {
    return { kind: "control", partition, record: JSON.stringify(fields["data"]) };
  }
  const { subject, region, arrival, time, datacontenttype, data_base64: base64 } = fields;
  if (fields["type"] === MESSAGE_LINE_TYPE && partition !== undefined && typeof base64 === "string") {
    return {
      kind: "message",
      partition,
      region: regionOfField(region),
      arrivalMs: timeOf(arrival),
      contentType: typeof datacontenttype === "string" ? datacontenttype : "",
      data: new Uint8Array(Buffer.from(base64, "base64")),
    };
  }
  return {
    kind: "event",
    text,
    account: typeof subject === "string" ? subject : "",
    region: regionOfField(region),
    arrivalMs: timeOf(arrival) ?? timeOf(time),
    partition,
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function regionOfField(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : DEFAULT_REGION;
}

function partitionOfField(value: unknown): number | undefined {
  const partition = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof partition === "number" && Number.isInteger(partition) && partition >= 0
    ? partition
    : undefined;
}

function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}
