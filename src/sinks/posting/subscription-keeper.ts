import { messageOf, TributaryError } from "../../model/errors.ts";
import type { ChangeNotifications } from "../erp/change-notifications.ts";
import type { RequestSlot } from "./erp-requests.ts";
import type { PostingDesk } from "./posting-desk.ts";

/** How often it is looked whether the subscriptions are still there: an ERP ends them without a word. */
const LOOK_INTERVAL_MS = 60 * 60_000;
/** Where they last less long than that, they are looked at so often in their life. */
const LOOKS_PER_LIFE = 3;
/** Waits after failures double from the one to the other. */
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = LOOK_INTERVAL_MS;
const DOUBLINGS_MAX = 6;
/** Not looked at for longer, they count as gone. */
const KNOWN_FOR_MS = 3 * LOOK_INTERVAL_MS;

export interface SubscriptionKeeperOptions {
  readonly desk: PostingDesk;
  readonly notifications: ChangeNotifications;
  /** Told when they stand anew: at first, after a failure, and where one had to be made. */
  readonly onSubscribed: (endsAtMs: number) => void;
  /** Told why they could not be kept (`subscription-failed`); it is tried again. */
  readonly onFailed: (fault: TributaryError) => void;
}

/** Keeps a connection's subscriptions alive while its runner has the lease: a look is a request like any other, and nothing waits for it. */
export class SubscriptionKeeper {
  readonly #options: SubscriptionKeeperOptions;
  #nextMs: number;
  #isUnderWay = false;
  #failures = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #endsAtMs: number | undefined;

  constructor(options: SubscriptionKeeperOptions) {
    this.#options = options;
    this.#nextMs = options.desk.clock.nowMs();
  }

  /** When it wants its next request, milliseconds since the epoch; Infinity: not before this one has ended, or never. */
  get nextMs(): number {
    return this.#isUnderWay ? Number.POSITIVE_INFINITY : this.#nextMs;
  }

  /** When the first of them ends unless it is renewed; undefined while they are not known to be alive. */
  get endsAtMs(): number | undefined {
    const nowMs = this.#options.desk.clock.nowMs();
    const isKnown =
      this.#endsAtMs !== undefined && nowMs < this.#endsAtMs && nowMs - this.#lookedAtMs <= KNOWN_FOR_MS;
    return isKnown ? this.#endsAtMs : undefined;
  }

  /** One call; true where changes may have passed unannounced before it, and won't from now on. */
  async step(slot: RequestSlot): Promise<boolean> {
    this.#isUnderWay = true;
    try {
      return this.#options.notifications.isWanted ? await this.#keep(slot) : await this.#end(slot);
    } finally {
      this.#isUnderWay = false;
    }
  }

  async #keep(slot: RequestSlot): Promise<boolean> {
    const { desk, notifications, onSubscribed } = this.#options;
    const wasAlive = this.endsAtMs !== undefined;
    const outcome = await desk.requests.send(slot, 1, (context) => notifications.keepSubscribed(context));
    const nowMs = desk.clock.nowMs();
    if (outcome.kind !== "answered") {
      this.#failed(outcome.kind === "fault" ? outcome.fault : undefined);
      return false;
    }
    const { endsAtMs, isUnbroken } = outcome.answer;
    const isNew = !wasAlive || !isUnbroken;
    const hadFailed = this.#failures > 0;
    this.#failures = 0;
    this.#endsAtMs = endsAtMs;
    this.#lookedAtMs = nowMs;
    const lifeMs = Math.max(FIRST_RETRY_MS, (endsAtMs - nowMs) / LOOKS_PER_LIFE);
    this.#nextMs = nowMs + Math.min(LOOK_INTERVAL_MS, lifeMs);
    if (isNew || hadFailed) onSubscribed(endsAtMs);
    return isNew;
  }

  async #end(slot: RequestSlot): Promise<boolean> {
    const { desk, notifications } = this.#options;
    const outcome = await desk.requests.send(slot, 1, (context) => notifications.unsubscribe(context));
    if (outcome.kind === "answered") this.#nextMs = Number.POSITIVE_INFINITY;
    else this.#failed(outcome.kind === "fault" ? outcome.fault : undefined);
    return false;
  }

  /** @param fault undefined where nothing was sent */
  #failed(fault: Error | undefined): void {
    const { desk, onFailed } = this.#options;
    const nowMs = desk.clock.nowMs();
    if (fault === undefined) {
      this.#nextMs = nowMs;
      return;
    }
    const doublings = Math.min(this.#failures, DOUBLINGS_MAX);
    this.#failures += 1;
    this.#nextMs = nowMs + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** doublings);
    onFailed(new TributaryError("subscription-failed", messageOf(fault), { cause: fault }));
  }
}
