/**
 * The one outcome that every event has, and the reasons behind it. `read` is the sum of all outcomes
 * (docs/semantics.md, "Events"). Codes are stored in checkpoints: never renumber one, never reuse one.
 */
export const Outcome = {
  /** Not decided yet; never stored. */
  pending: 0,
  accepted: 1,
  duplicate: 2,
  conflicting: 3,
  rejected: 4,
  parked: 5,
  misrouted: 6,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Outcome names by code, as used in metrics labels, counts and reports. */
export const OUTCOME_NAMES = [
  "pending",
  "accepted",
  "duplicate",
  "conflicting",
  "rejected",
  "parked",
  "misrouted",
] as const;
export type OutcomeName = Exclude<(typeof OUTCOME_NAMES)[number], "pending">;

/**
 * Why an event was not accepted. The string is the reason label of metrics, dead letters and exceptions.
 * `stage` is the operator that decided.
 */
export const REASONS = [
  { name: "none", stage: "none", text: "No fault." },
  // decode: the element can't be read as a CloudEvent at all
  { name: "not-an-object", stage: "decode", text: "The element is not a JSON object." },
  { name: "id-missing", stage: "decode", text: "`id` is missing, empty or not a string." },
  { name: "id-too-long", stage: "decode", text: "`id` or `source` is longer than the limit." },
  { name: "source-missing", stage: "decode", text: "`source` is missing, empty or not a string." },
  { name: "type-missing", stage: "decode", text: "`type` is missing, empty or not a string." },
  {
    name: "subject-missing",
    stage: "decode",
    text: "`subject` (the account) is missing, empty or not a string.",
  },
  { name: "subject-too-long", stage: "decode", text: "`subject` (the account) is longer than the limit." },
  { name: "time-invalid", stage: "decode", text: "`time` is missing or not an RFC 3339 timestamp." },
  { name: "specversion-unsupported", stage: "decode", text: "`specversion` is not 1.0." },
  {
    name: "data-invalid",
    stage: "decode",
    text: "`data` is not a JSON object, or too deep, or has too many members.",
  },
  {
    name: "number-invalid",
    stage: "decode",
    text: "A number in the event is not finite or has too many digits.",
  },
  // validate
  {
    name: "too-old",
    stage: "validate",
    text: "`time` is further in the past of its arrival than the limit.",
  },
  {
    name: "too-far-ahead",
    stage: "validate",
    text: "`time` is further ahead of its arrival than the limit.",
  },
  { name: "wrong-partition", stage: "validate", text: "The account belongs to another partition." },
  // deduplicate
  { name: "same-payload", stage: "deduplicate", text: "(source, id) was seen before with the same payload." },
  { name: "other-payload", stage: "deduplicate", text: "(source, id) was seen before with another payload." },
  // enrich
  { name: "unknown-meter", stage: "enrich", text: "No meter reads events of this type." },
  { name: "unknown-account", stage: "enrich", text: "No contract covers the account at the event's time." },
  { name: "value-missing", stage: "enrich", text: "A meter's value property is missing." },
  { name: "value-not-numeric", stage: "enrich", text: "A meter's value property is not a number." },
  {
    name: "value-too-precise",
    stage: "enrich",
    text: "A value has more decimal places than its meter's scale.",
  },
  { name: "value-out-of-range", stage: "enrich", text: "A value has more digits than a meter can hold." },
  // deduplicate, by the number of a batch
  {
    name: "batch-repeated",
    stage: "deduplicate",
    text: "The batch's (producer, epoch, sequence) was seen before.",
  },
  {
    name: "batch-altered",
    stage: "deduplicate",
    text: "The batch's (producer, epoch, sequence) was seen before with another content.",
  },
  {
    name: "epoch-fenced",
    stage: "deduplicate",
    text: "The batch is of an epoch that its producer has given up.",
  },
  {
    name: "too-many-gaps",
    stage: "deduplicate",
    text: "The numbers of the batch's producer have more gaps than are kept.",
  },
  {
    name: "too-many-producers",
    stage: "deduplicate",
    text: "The partition has more producers of numbered batches than are kept.",
  },
  // retractions
  {
    name: "retraction-invalid",
    stage: "decode",
    text: "A retraction does not carry, in `data.event`, the event that it takes back, or is not a CloudEvent.",
  },
  {
    name: "target-unknown",
    stage: "retract",
    text: "No event with the (source, id) that is taken back has been accepted.",
  },
  {
    name: "target-differs",
    stage: "retract",
    text: "The event that is taken back was accepted with another payload than the retraction carries.",
  },
  {
    name: "target-not-counted",
    stage: "retract",
    text: "The event that is taken back was rejected after it had been parked: it counts nowhere.",
  },
  {
    name: "already-retracted",
    stage: "retract",
    text: "Another retraction has taken the event back before.",
  },
  {
    name: "not-retractable",
    stage: "retract",
    text: "A meter keeps too little of a window to take an event out of it again (see `retractable`).",
  },
  {
    name: "window-gone",
    stage: "retract",
    text: "The state of a window that the event counts in is not kept any more.",
  },
  {
    name: "meter-changed",
    stage: "retract",
    text: "A meter reads such events otherwise than when the event was accepted.",
  },
  {
    name: "retracted",
    stage: "retract",
    text: "The event was accepted; a retraction has taken it back.",
  },
] as const;
export type ReasonName = (typeof REASONS)[number]["name"];

const reasonCodes = new Map<string, number>(REASONS.map((reason, code) => [reason.name, code]));

/** The stored code of a reason. */
export function reasonCode(name: ReasonName): number {
  return reasonCodes.get(name) ?? 0;
}

/** The reason behind a stored code; an unknown code (written by a newer version) is an error. */
export function reasonOf(code: number): (typeof REASONS)[number] {
  const reason = REASONS[code];
  if (reason === undefined) throw new RangeError(`unknown reason code ${code}`);
  return reason;
}
