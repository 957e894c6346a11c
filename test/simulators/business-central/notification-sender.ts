import type { RecordChange, StoredRecord } from "./store.ts";
import type { Subscription, SubscriptionService } from "./subscription-service.ts";

/** What has become of a record since it was last told of. */
interface Pending {
  readonly changeType: "created" | "updated" | "deleted";
  readonly modifiedMs: number;
}

export interface NotificationOptions {
  readonly subscriptions: SubscriptionService;
  readonly nowMs: () => number;
  /** From a change until it is told, so that several are told together. */
  readonly delayMs: number;
  /** Waits before further tries; a subscription whose last one fails is removed. */
  readonly retryDelaysMs: readonly number[];
  /** Changes of a subscription above which it is told that there are many. */
  readonly maxNotifications: number;
}

/** A request to an address, and its answer; 0 where there was none. */
export interface SentNotification {
  readonly url: string;
  readonly notifications: number;
  readonly status: number;
}

const SENDING_TIMEOUT_MS = 30_000;
/** Of these it is said that another try may help; any other status but 2xx ends the subscription. */
const ASKS_AGAIN: ReadonlySet<number> = new Set([0, 408, 429]);
const MAX_SENT = 10_000;

/** Tells subscribers of changes: gathered, by one request an address, tried again for a time, and then no more. */
export class NotificationSender {
  readonly sent: SentNotification[] = [];
  readonly #options: NotificationOptions;
  /** By subscription and record. */
  readonly #pending = new Map<string, Map<string, Pending>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #isWaiting = false;
  #isClosed = false;

  constructor(options: NotificationOptions) {
    this.#options = options;
  }

  /** What was changed and kept. */
  changed(changes: readonly RecordChange[]): void {
    const subscriptions = this.#options.subscriptions.alive();
    if (subscriptions.length === 0) return;
    for (const change of changes) {
      const record = change.after ?? change.before;
      if (record === undefined || !isTold(change)) continue;
      for (const { id, company, set } of subscriptions)
        if (company === record.company && set === record.set) this.#note(id, record, change);
    }
    if (this.#pending.size > 0 && !this.#isWaiting) {
      this.#isWaiting = true;
      this.#later(this.#options.delayMs);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #note(subscription: string, { id }: StoredRecord, { before, after }: RecordChange): void {
    const pending = this.#pending.get(subscription) ?? new Map<string, Pending>();
    this.#pending.set(subscription, pending);
    const known = pending.get(id)?.changeType;
    const changeType =
      after === undefined ? "deleted" : before === undefined || known === "created" ? "created" : "updated";
    pending.set(id, { changeType, modifiedMs: this.#options.nowMs() });
  }

  #later(delayMs: number): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#sendAll();
    }, delayMs);
    this.#timers.add(timer);
  }

  async #sendAll(): Promise<void> {
    this.#isWaiting = false;
    const alive = this.#options.subscriptions.alive();
    const taken = new Map(this.#pending);
    this.#pending.clear();
    for (const url of new Set(alive.map(({ notificationUrl }) => notificationUrl)))
      await this.#send(
        url,
        alive.filter(({ notificationUrl }) => notificationUrl === url),
        taken,
      );
  }

  async #send(
    url: string,
    subscriptions: readonly Subscription[],
    taken: ReadonlyMap<string, ReadonlyMap<string, Pending>>,
  ): Promise<void> {
    const value = subscriptions.flatMap((each) => this.#notifications(each, taken.get(each.id)));
    if (value.length === 0) return;
    const status = await post(url, { value });
    if (this.sent.length < MAX_SENT) this.sent.push({ url, notifications: value.length, status });
    if (status >= 200 && status < 300) {
      this.#failures.delete(url);
      return;
    }
    const failures = this.#failures.get(url) ?? 0;
    const delayMs = this.#options.retryDelaysMs[failures];
    const isTriedAgain = (ASKS_AGAIN.has(status) || status >= 500) && delayMs !== undefined;
    if (!isTriedAgain) {
      this.#failures.delete(url);
      for (const { id } of subscriptions) this.#options.subscriptions.remove(id);
      return;
    }
    this.#failures.set(url, failures + 1);
    for (const { id } of subscriptions) {
      const pending = taken.get(id);
      // What has changed since is news; the rest is told again.
      if (pending !== undefined)
        this.#pending.set(id, new Map([...pending, ...(this.#pending.get(id) ?? [])]));
    }
    this.#later(delayMs);
  }

  #notifications(subscription: Subscription, pending: ReadonlyMap<string, Pending> = new Map()): object[] {
    const { id, clientState, expiresMs, resource } = subscription;
    const common = {
      subscriptionId: id,
      clientState,
      expirationDateTime: new Date(expiresMs).toISOString(),
    };
    const path = resource.replace(/^\//, "");
    const times = [...pending.values()].map(({ modifiedMs }) => modifiedMs);
    if (pending.size > this.#options.maxNotifications)
      return [
        {
          ...common,
          resource: `${path}?$filter=lastModifiedDateTime%20gt%20${new Date(Math.min(...times)).toISOString()}`,
          changeType: "collection",
          lastModifiedDateTime: new Date(Math.max(...times)).toISOString(),
        },
      ];
    return [...pending].map(([record, { changeType, modifiedMs }]) => ({
      ...common,
      resource: `${path}(${record})`,
      changeType,
      lastModifiedDateTime: new Date(modifiedMs).toISOString(),
    }));
  }
}

/** What is paid of a posted document shows only in what is worked out when it is read: it is told of when its status changes. */
function isTold({ before, after }: RecordChange): boolean {
  if (before === undefined || after === undefined || after.set !== "salesInvoices") return true;
  return before.values["status"] === "Draft" || before.values["status"] !== after.values["status"];
}

async function post(url: string, body: object): Promise<number> {
  try {
    const reply = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(SENDING_TIMEOUT_MS),
    });
    await reply.arrayBuffer();
    return reply.status;
  } catch {
    return 0;
  }
}
