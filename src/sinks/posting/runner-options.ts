import type { Clock } from "../../model/clock.ts";
import type { TributaryError } from "../../model/errors.ts";
import type { FaultInjector } from "../../model/fault-injection.ts";
import type { LeaseKeeper } from "../../model/lease.ts";
import type { CommandLog, PostingLog } from "../../model/posting-log.ts";
import type { PostingStore } from "../../model/posting-store.ts";
import type { ErpSink } from "../erp/erp-sink.ts";
import type { PostingPolicy } from "./posting-policy.ts";
import type { RequestQuota } from "./request-gate.ts";
import type { ResultSender } from "./result-delivery.ts";

/** How often the ERP is compared with what is known, beside each document's own read-back. */
export interface ReconciliationOptions {
  /** Between two polls of what has been paid of an invoice, milliseconds. */
  readonly paymentIntervalMs: number;
  /** The same while the ERP tells of changes by itself; never shorter. */
  readonly subscribedPaymentIntervalMs: number;
  /** Between two scans for documents that nobody here knows. */
  readonly scanIntervalMs: number;
  /** Days that a scan looks back. */
  readonly scanLookBackDays: number;
}

/** Payments come in days, and a scan of a week's documents finds what a day's would have missed. */
const DEFAULT_PAYMENT_INTERVAL_MS = 6 * 60 * 60_000;

export const DEFAULT_RECONCILIATION: ReconciliationOptions = {
  paymentIntervalMs: DEFAULT_PAYMENT_INTERVAL_MS,
  // Not every change is told of by every ERP: who wants fewer polls says so.
  subscribedPaymentIntervalMs: DEFAULT_PAYMENT_INTERVAL_MS,
  scanIntervalMs: 24 * 60 * 60_000,
  scanLookBackDays: 7,
};

export interface PostingRunnerOptions {
  /** Key of the connection. */
  readonly connection: string;
  /** Name of the lease that only its runner has. */
  readonly leaseName: string;
  /** Who runs it, for people who read the log. */
  readonly owner: string;
  readonly sink: ErpSink;
  readonly commands: CommandLog;
  readonly postings: PostingLog;
  readonly leases: LeaseKeeper;
  readonly store: PostingStore;
  readonly results: ResultSender;
  readonly quota: RequestQuota;
  readonly policy: PostingPolicy;
  readonly reconciliation: ReconciliationOptions;
  readonly clock: Clock;
  /** Gives [0, 1). */
  readonly random: () => number;
  readonly faults: FaultInjector;
  /** Told of each fault that ended a tenure; the runner goes on by itself where it can. */
  readonly onFault: (fault: unknown) => void;
  /** Told of each result that a partition did not take; it is sent again. */
  readonly onResultFailed: (partition: number, error: unknown) => void;
  /** Told when the ERP's subscriptions stand anew, and when the first of them ends unless it is renewed (milliseconds since the epoch). */
  readonly onSubscribed: (endsAtMs: number) => void;
  /** Told each time that they could not be kept; it is tried again, and polls go on. */
  readonly onSubscriptionFailed: (fault: TributaryError) => void;
}
