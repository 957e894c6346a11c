import type { ChangeNotifications } from "../../../src/sinks/erp/change-notifications.ts";
import { ErpFault, type ErpSink } from "../../../src/sinks/erp/erp-sink.ts";
import { PostingWorld, type WorldOptions } from "./posting-world.ts";
import type { SimProcess } from "./sim-process.ts";

const DAY_MS = 24 * 60 * 60_000;
const LIFE_MS = 3 * DAY_MS;
const RENEW_BEFORE_MS = 2 * DAY_MS;
const LATENCY_MS = 100;

/** A scripted ERP that tells of changes to whoever is subscribed, for three days unless that is renewed. */
export class NotifyingWorld extends PostingWorld {
  /** When the subscription ends; undefined where there is none. */
  endsAtMs: number | undefined;
  isWanted = true;
  /** Why it is not subscribed to now. */
  fault: ErpFault | undefined;
  looks = 0;
  created = 0;
  renewed = 0;

  constructor(options: WorldOptions = {}) {
    super(options);
  }

  /** Whether somebody is subscribed. */
  get isSubscribed(): boolean {
    return this.endsAtMs !== undefined && this.endsAtMs > this.clock.nowMs();
  }

  protected override sinkOf(process: SimProcess): ErpSink {
    const ask = <Answer>(work: () => Answer): Promise<Answer> =>
      process.call(async () => {
        this.looks += 1;
        await this.clock.delay(LATENCY_MS);
        if (this.fault !== undefined) throw this.fault;
        return work();
      });
    const notifications: ChangeNotifications = {
      isWanted: this.isWanted,
      hasCredential: true,
      keepSubscribed: () => ask(() => this.#keep()),
      unsubscribe: () =>
        ask(() => {
          this.endsAtMs = undefined;
        }),
      receive: () => ({ kind: "refused", reason: "form" }),
    };
    return { ...super.sinkOf(process), notifications };
  }

  #keep(): { readonly endsAtMs: number; readonly isUnbroken: boolean } {
    const nowMs = this.clock.nowMs();
    const isUnbroken = this.isSubscribed;
    if (!isUnbroken) this.created += 1;
    else if ((this.endsAtMs ?? 0) - nowMs < RENEW_BEFORE_MS) this.renewed += 1;
    else return { endsAtMs: this.endsAtMs ?? 0, isUnbroken };
    this.endsAtMs = nowMs + LIFE_MS;
    return { endsAtMs: this.endsAtMs, isUnbroken };
  }
}
