import type { PaymentStatus } from "./posting.ts";

/** What the pipeline produces besides its state. Everything here is committed with the checkpoint that caused it. */

/** Publications leave by channels; each has ordinals 1, 2, 3 … without holes, in the order of the log. */
export const CHANNELS = ["rated", "dead-letter", "reroute", "alert", "document", "command"] as const;
export type Channel = (typeof CHANNELS)[number];

/** Ordinals of channels on which nothing was put out. */
export function noOrdinals(): Record<Channel, number> {
  return { rated: 0, "dead-letter": 0, reroute: 0, alert: 0, document: 0, command: 0 };
}

/** One entry of the outbox, as committed. The body is canonical JSON. */
export interface OutboxEntry {
  readonly channel: Channel;
  readonly ordinal: number;
  readonly body: string;
}

/** Last ordinal of a channel that a delivery target has. */
export interface DeliveredOrdinal {
  readonly channel: Channel;
  readonly ordinal: number;
}

/**
 * Kinds of a rated aggregate.
 * - `window`: a window is complete (the watermark passed its end).
 * - `refinement`: a late event changed a complete window whose billing period is still open.
 * - `adjustment`: a late event changed a window whose billing period is closed.
 * - `reversal`: an event was taken back from a window whose state is not kept any more; `value` and `events` are what that
 *   changes, not the window's figures.
 * - `period`: a billing period closed; figures are those of the whole period.
 */
export type RatedKind = "window" | "refinement" | "adjustment" | "reversal" | "period";

/** Body of an outbox entry on channel `rated`: figures as decimal strings, times RFC 3339 in UTC. */
export interface RatedAggregate {
  readonly kind: RatedKind;
  readonly account: string;
  readonly meter: string;
  /** Group-by dimensions by name; of a `period` aggregate it is empty (all groups of the price). */
  readonly group: Readonly<Record<string, string>>;
  readonly start: string;
  readonly end: string;
  /** Value of the window (of the period for kind `period`) so far: the corrected total, not a difference. */
  readonly value: string;
  /** Events in it. */
  readonly events: number;
  /** 1 for the first emission of a window (or period), then 2, 3 … */
  readonly revision: number;
  /** Contract and billing period it counts in; the period is that of the usage, not of a later correction. */
  readonly contract: string;
  readonly periodStart: string;
  readonly periodEnd: string;
  /** Price the amount follows from; null where the contract has none for the meter (then amounts are null too). */
  readonly price: string | null;
  readonly catalogVersion: string;
  readonly currency: string;
  /** What this emission adds to the charge of the price in the period, in currency units (may be negative). */
  readonly amount: string | null;
  /** Charge of the price in the period up to and with this emission. */
  readonly amountToDate: string | null;
  /** Quantity of the price in the period up to and with this emission. */
  readonly quantityToDate: string;
}

/** Body of an outbox entry on channel `dead-letter`. */
export interface DeadLetter {
  readonly stage: string;
  readonly reason: string;
  readonly partition: number;
  /** Usage sequence and place in the message; index −1 where the whole message could not be decoded. */
  readonly sequence: number;
  readonly index: number;
  readonly region: string;
  readonly arrival: string;
  readonly contentType: string;
  /** The event's text (CloudEvents JSON), or the message's bytes in base64 where it could not be decoded. */
  readonly event?: string;
  readonly messageBase64?: string;
}

interface AlertBase {
  readonly account: string;
  readonly contract: string;
  /** Level that was reached, in percent. */
  readonly percent: number;
  /** Event that reached it: usage sequence and place in the message; place −1 where a decision or late rating did. */
  readonly sequence: number;
  readonly index: number;
  /** When that was stored, RFC 3339. */
  readonly time: string;
  readonly catalogVersion: string;
}

/** So many percent of a commitment are used. Amounts are decimal strings in currency units. */
export interface CommitmentAlert extends AlertBase {
  readonly kind: "commitment";
  /** Key of the commitment. */
  readonly commitment: string;
  readonly periodStart: string;
  readonly periodEnd: string;
  /** What is committed for the period. */
  readonly committed: string;
  /** Charges that count towards it so far, hours that are still open included. */
  readonly counted: string;
  readonly currency: string;
}

/** No more than so many percent of the credits are left. Amounts are decimal strings in the credits' unit. */
export interface CreditsAlert extends AlertBase {
  readonly kind: "credits";
  /** What the grants that pay now were given. */
  readonly granted: string;
  /** What would be left if all usage so far were paid. */
  readonly left: string;
  /** One of the two is null: credits are in a currency or in the quantity of a meter. */
  readonly currency: string | null;
  readonly meter: string | null;
}

/** An alert that usage brings about. */
export type UsageAlert = CommitmentAlert | CreditsAlert;

interface InvoiceAlertBase {
  readonly account: string;
  readonly customer: string;
  readonly legalEntity: string;
  /** ERP connection that told, and the document's key in it. */
  readonly connection: string;
  readonly key: string;
  readonly currency: string;
  /** What is still to be paid, in currency units. */
  readonly openAmount: string;
  /** Calendar day, YYYY-MM-DD. */
  readonly dueDate: string;
  /** When it was decided, RFC 3339. */
  readonly time: string;
}

/** What the ERP says of an invoice's payment has changed. Amounts are decimal strings in currency units. */
export interface PaymentAlert extends InvoiceAlertBase {
  readonly kind: "payment";
  readonly status: PaymentStatus;
  readonly total: string;
}

/** An overdue invoice has come to another stage of dunning; null: it is in none any more. */
export interface DunningAlert extends InvoiceAlertBase {
  readonly kind: "dunning";
  readonly stage: string | null;
  /** Full days past due. */
  readonly daysPastDue: number;
}

/** Body of an outbox entry on channel `alert`. */
export type Alert = UsageAlert | PaymentAlert | DunningAlert;

/** Body of an outbox entry on channel `reroute`: an event that stood in the wrong partition, for its own. */
export interface Reroute {
  readonly partition: number;
  readonly region: string;
  readonly event: string;
}

/** An event waiting for reference data. */
export interface ParkedEvent {
  readonly sequence: number;
  readonly index: number;
  readonly reason: string;
  readonly account: string;
  readonly type: string;
  readonly region: string;
  readonly arrivalMs: number;
  readonly event: string;
}

/** Something finance or an operator must look at. */
export interface ExceptionRecord {
  /** Deterministic and unique in the partition. */
  readonly id: string;
  readonly stage: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Canonical JSON with what is known (for a conflict: both sequences and the second payload). */
  readonly details: string;
}

/** What became of an event that was not simply accepted (and of those accepted late): for `explain`. */
export interface EventOutcomeRecord {
  /** 16-byte key of (source, id); zero bytes where it has none. */
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly index: number;
  /** Outcome code. */
  readonly outcome: number;
  readonly reason: number;
  readonly late: boolean;
}

/** Counts of one region of a partition since its first message. `read` is the sum of the outcomes. */
export interface RegionCounts {
  readonly region: string;
  readonly read: number;
  readonly accepted: number;
  readonly duplicate: number;
  readonly conflicting: number;
  readonly rejected: number;
  readonly parked: number;
  readonly misrouted: number;
  /** Of the accepted. */
  readonly late: number;
}

/** The same without a region, to count with. */
export type EventCounts = { -readonly [Count in Exclude<keyof RegionCounts, "region">]: number };

export function noEvents(): EventCounts {
  return {
    read: 0,
    accepted: 0,
    duplicate: 0,
    conflicting: 0,
    rejected: 0,
    parked: 0,
    misrouted: 0,
    late: 0,
  };
}

/** Counts of messages (not events). */
export interface MessageCounts {
  readonly messages: number;
  readonly undecodable: number;
  readonly probes: number;
}
