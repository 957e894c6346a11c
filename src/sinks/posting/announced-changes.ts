import type { TributaryError } from "../../model/errors.ts";
import type { ChangeHint } from "../erp/change-notifications.ts";
import { ChangeHints } from "./change-hints.ts";
import type { RequestSlot } from "./erp-requests.ts";
import { PaymentSweep } from "./payment-sweep.ts";
import type { PostingDesk } from "./posting-desk.ts";
import type { ReconciliationOptions } from "./runner-options.ts";
import { SubscriptionKeeper } from "./subscription-keeper.ts";

export interface AnnouncedChangesOptions {
  readonly desk: PostingDesk;
  readonly reconciliation: Pick<ReconciliationOptions, "paymentIntervalMs" | "subscribedPaymentIntervalMs">;
  /** Keys that a request or a record is under way for. */
  readonly busy: ReadonlySet<string>;
  readonly onSubscribed: (endsAtMs: number) => void;
  readonly onFailed: (fault: TributaryError) => void;
}

/**
 * What follows for a runner from an ERP's own telling of changes: subscriptions are kept, what is told of is read at once, and what is not is polled less
 * often. Less often only while the subscriptions are known to be alive, and only behind a look at all open invoices since they are: what was told of before,
 * to another runner or to nobody, is found by that.
 */
export class AnnouncedChanges {
  readonly sweep: PaymentSweep;
  readonly #hints: ChangeHints;
  readonly #keeper: SubscriptionKeeper | undefined;
  readonly #subscribedStretchMs: number;
  /** Number of the sweep since whose end every change is told of. */
  #coveredBy = Number.POSITIVE_INFINITY;

  constructor({ desk, reconciliation, busy, onSubscribed, onFailed }: AnnouncedChangesOptions) {
    const { paymentIntervalMs, subscribedPaymentIntervalMs } = reconciliation;
    this.#subscribedStretchMs = Math.max(0, subscribedPaymentIntervalMs - paymentIntervalMs);
    this.sweep = new PaymentSweep(desk.clock, desk.store);
    this.#hints = new ChangeHints(desk.store, this.sweep, busy);
    const { notifications } = desk.sink;
    if (notifications !== undefined)
      this.#keeper = new SubscriptionKeeper({ desk, notifications, onSubscribed, onFailed });
  }

  /** When subscriptions want their next request, milliseconds since the epoch; Infinity where there are none. */
  get nextSubscriptionMs(): number {
    return this.#keeper?.nextMs ?? Number.POSITIVE_INFINITY;
  }

  /** When the first subscription ends unless it is renewed; undefined while none is known to be alive. */
  get endsAtMs(): number | undefined {
    return this.#keeper?.endsAtMs;
  }

  /** By how much longer than their interval payments are left alone now. */
  get paymentStretchMs(): number {
    const isCovered = this.endsAtMs !== undefined && this.sweep.completed >= this.#coveredBy;
    return isCovered ? this.#subscribedStretchMs : 0;
  }

  async keepSubscribed(slot: RequestSlot): Promise<void> {
    const isNew = await this.#keeper?.step(slot);
    if (isNew === true && this.#subscribedStretchMs > 0) this.#coveredBy = this.sweep.want();
  }

  take(hint: ChangeHint): void {
    this.#hints.take(hint);
  }

  /** Requests for the documents have ended. */
  released(keys: readonly string[]): void {
    this.#hints.released(keys);
  }
}
