import { BALANCE, DAY_MS, REQUEST } from "./usage-catalog.ts";

/** Where an event is refused, and why. */
export interface Refusal {
  readonly stage: "decode" | "validate" | "enrich";
  readonly reason: string;
}

export interface FaultyEvent extends Refusal {
  /** Its place in a JSON batch, as it is written. */
  readonly text: string;
}

interface Attributes {
  readonly id: string;
  readonly account: string;
  readonly timeMs: number;
}

type Maker = (attributes: Attributes) => FaultyEvent;

function request(
  { id, account, timeMs }: Attributes,
  more: Record<string, unknown>,
): Record<string, unknown> {
  return {
    specversion: "1.0",
    id,
    source: "faulty",
    type: REQUEST,
    subject: account,
    time: new Date(timeMs).toISOString(),
    data: { status: "200", size: { bytes: 10 }, latency: 1.5, user: "u" },
    ...more,
  };
}

function fault(
  stage: Refusal["stage"],
  reason: string,
  more: (of: Attributes) => Record<string, unknown>,
): Maker {
  return (attributes) => ({ stage, reason, text: JSON.stringify(request(attributes, more(attributes))) });
}

/** Numbers that JSON.stringify could not write with all their digits. */
function faultyNumber(stage: Refusal["stage"], reason: string, type: string, data: string): Maker {
  return (attributes) => ({
    stage,
    reason,
    text: JSON.stringify(request(attributes, { type, data: "DATA" })).replace(`"DATA"`, data),
  });
}

const DATA = { status: "200", size: { bytes: 10 }, latency: 1.5, user: "u" };
const DIGITS_34 = "9".repeat(34);

/** One maker a class of fault that an event can have inside a sound message. */
export const FAULTS: readonly Maker[] = [
  () => ({ stage: "decode", reason: "not-an-object", text: "42" }),
  fault("decode", "id-missing", () => ({ id: "" })),
  fault("decode", "source-missing", () => ({ source: undefined })),
  fault("decode", "id-too-long", ({ id }) => ({ id: `${id}${"x".repeat(1_100)}` })),
  fault("decode", "specversion-unsupported", () => ({ specversion: "0.3" })),
  fault("decode", "type-missing", () => ({ type: 7 })),
  fault("decode", "subject-missing", () => ({ subject: undefined })),
  fault("decode", "subject-too-long", () => ({ subject: "a".repeat(300) })),
  fault("decode", "time-invalid", () => ({ time: "yesterday" })),
  fault("decode", "data-invalid", () => ({ data: [1, 2] })),
  faultyNumber("decode", "number-invalid", REQUEST, `{"latency":${DIGITS_34}.5}`),
  fault("validate", "too-old", ({ timeMs }) => ({ time: new Date(timeMs - 40 * DAY_MS).toISOString() })),
  fault("validate", "too-far-ahead", ({ timeMs }) => ({
    time: new Date(timeMs + 40 * DAY_MS).toISOString(),
  })),
  fault("enrich", "value-missing", () => ({ data: { ...DATA, size: {} } })),
  fault("enrich", "value-not-numeric", () => ({ data: { ...DATA, latency: "fast" } })),
  faultyNumber("enrich", "value-too-precise", BALANCE, `{"balance":0.125}`),
  faultyNumber("enrich", "value-out-of-range", BALANCE, `{"balance":${DIGITS_34}}`),
];

/** The faults in turn, so that a load of some size has every class. */
export function faultyEvent(n: number, attributes: Attributes): FaultyEvent {
  const make = FAULTS[n % FAULTS.length];
  if (make === undefined) throw new RangeError("no faults");
  return make(attributes);
}
