import type { OutgoingMessage } from "../../../src/ingest/jetstream/producer.ts";
import { unplacedUsageSubject, usageSubject } from "../../../src/ingest/jetstream/names.ts";
import { CLOUD_EVENT_BATCH_TYPE, CLOUD_EVENT_TYPE } from "../../../src/model/content-types.ts";
import type { UndecodableReason } from "../../../src/model/event-batch.ts";
import { accountToken, partitionOf } from "../../../src/model/partition.ts";
import { faultyEvent, type Refusal } from "./faulty-events.ts";
import { columnarWithNaN, poisonMessages, PROBE } from "./poison.ts";
import { Random } from "./random.ts";
import {
  ACCOUNTS,
  BALANCE,
  HOUR_MS,
  REGIONS,
  REQUEST,
  UNDECLARED_REGION,
  unknownAccount,
  VOLUME,
} from "./usage-catalog.ts";
import {
  encodeEvents,
  eventJson,
  type PropertyValue,
  type UsageEvent,
  type WireForm,
} from "./usage-event.ts";

/** An event of a message: a sound one, or one that is refused for the reason named. */
export type LoadedRow =
  { readonly event: UsageEvent; readonly refusal?: undefined } | { readonly refusal: Refusal };

export interface LoadedMessage extends OutgoingMessage {
  readonly partition: number;
  readonly region: string;
  readonly rows: readonly LoadedRow[];
  /** Why no event can be read from it. */
  readonly undecodable?: UndecodableReason;
  readonly probe?: true;
}

export interface LoadOptions {
  readonly seed: number;
  readonly partitionCount: number;
  /** How many events, roughly: repeated, faulty and poisonous ones come on top. */
  readonly events: number;
  /** The last event's time; not in the future, so that the watermark follows from event times alone. */
  readonly endMs: number;
  readonly hours?: number;
  /** Messages that can't be read, a class of each, and events with faults. */
  readonly poison?: boolean;
  /** Share of the events that are sent to the wrong partition. */
  readonly misrouted?: number;
  /** Makes ids unique among several loads of one test. */
  readonly idPrefix?: string;
  /** Accounts with a contract, at least one in each partition; ACCOUNTS when absent. */
  readonly accounts?: readonly string[];
  /** Share of the requests whose size has more digits than a double holds; documents of them are larger than ERPs take. */
  readonly hugeSizes?: number;
}

const DEFAULT_HOURS = 48;
const DEFAULT_HUGE_SIZES = 0.005;
/** Behind this, nothing is held back or late: what is due by then is emitted when the load has been read. */
const ORDERLY_TAIL_MS = 3 * HOUR_MS;
const FLUSH_INTERVAL_MS = HOUR_MS / 3;
const MAX_MESSAGE_EVENTS = 40;
/** Repetitions are taken from this many events back, and from the very first ones. */
const REMEMBERED_EVENTS = 2_000;
const encoder = new TextEncoder();

interface Waiting {
  readonly text: string;
  readonly row: LoadedRow;
}

/** Messages in the order in which they are to be published; the same options give the same messages. */
export function generateLoad(options: LoadOptions): LoadedMessage[] {
  return new LoadGenerator(options).run();
}

class LoadGenerator {
  readonly #options: LoadOptions;
  readonly #random: Random;
  readonly #messages: LoadedMessage[] = [];
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #remembered: UsageEvent[] = [];
  #ids = 0;
  #faulty = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  run(): LoadedMessage[] {
    const { events, endMs, hours = DEFAULT_HOURS, partitionCount } = this.#options;
    const startMs = endMs - hours * HOUR_MS;
    const poison = this.#poisonPlan(events);
    let lastFlushMs = startMs;
    for (let n = 0; n < events; n++) {
      const clockMs = startMs + Math.floor(((endMs - startMs) * n) / events);
      const orderly = clockMs > endMs - ORDERLY_TAIL_MS;
      this.#step(clockMs, orderly);
      for (const add of poison.get(n) ?? []) add(clockMs);
      if (!orderly && clockMs - lastFlushMs < FLUSH_INTERVAL_MS) continue;
      this.#flushAll();
      lastFlushMs = clockMs;
    }
    this.#flushAll();
    for (let partition = 0; partition < partitionCount; partition++)
      for (const region of REGIONS) {
        const event = this.#event(this.#account(partition), REQUEST, endMs);
        this.#publish(partition, region, "single", [{ text: eventJson(event), row: { event } }]);
      }
    return this.#messages;
  }

  #step(clockMs: number, orderly: boolean): void {
    const random = this.#random;
    const { partitionCount, poison = false, misrouted = 0 } = this.#options;
    const partition = random.integer(0, partitionCount - 1);
    const region = random.chance(0.1) ? UNDECLARED_REGION : random.pick(REGIONS);
    let timeMs = clockMs - random.integer(0, 9 * 60_000);
    if (!orderly && random.chance(0.03)) timeMs -= random.integer(1, 20) * HOUR_MS;
    // Ahead of the clock only where no watermark follows.
    if (region === UNDECLARED_REGION && random.chance(0.1)) timeMs += random.integer(1, 5) * HOUR_MS;
    const kind = random.next();
    const type = kind < 0.75 ? REQUEST : kind < 0.85 ? BALANCE : VOLUME;
    const event = this.#event(this.#account(partition), type, timeMs);
    if (random.chance(misrouted)) {
      const wrong = (partition + 1) % partitionCount;
      this.#publish(wrong, region, "single", [{ text: eventJson(event), row: { event } }]);
      return;
    }
    this.#remember(event);
    this.#add(partition, region, event);
    if (poison && random.chance(0.01)) this.#addFaulty(partition, region, clockMs);
    if (random.chance(0.06)) this.#repeat();
    if (random.chance(0.01)) {
      const account = unknownAccount(partition, partitionCount);
      this.#add(partition, region, this.#event(account, REQUEST, timeMs));
    }
    if (random.chance(0.005))
      this.#add(partition, region, this.#event(event.account, "com.example.mystery", timeMs));
  }

  /** An event again, with the same payload or another, through any region, in any message and form. */
  #repeat(): void {
    const random = this.#random;
    const event = random.pick(this.#remembered);
    const { partitionCount } = this.#options;
    const region = random.chance(0.2) ? UNDECLARED_REGION : random.pick(REGIONS);
    const again = random.chance(0.75)
      ? event
      : { ...event, data: { ...event.data, note: `changed ${random.integer(1, 9)}` } };
    this.#add(partitionOf(event.account, partitionCount), region, again);
  }

  #remember(event: UsageEvent): void {
    if (this.#remembered.length < REMEMBERED_EVENTS) this.#remembered.push(event);
    // The first tenth stays, so that some repetitions come very much later.
    else this.#remembered[this.#random.integer(REMEMBERED_EVENTS / 10, REMEMBERED_EVENTS - 1)] = event;
  }

  #account(partition: number): string {
    const { partitionCount, accounts = ACCOUNTS } = this.#options;
    return this.#random.pick(
      accounts.filter((account) => partitionOf(account, partitionCount) === partition),
    );
  }

  #event(account: string, type: string, timeMs: number): UsageEvent {
    const random = this.#random;
    const data: Record<string, PropertyValue> = {};
    if (type === REQUEST) {
      data["status"] = random.pick(["200", "200", "200", "201", "404", "500"]);
      // Now and then more digits than a double holds.
      const bytes = random.chance(this.#options.hugeSizes ?? DEFAULT_HUGE_SIZES)
        ? `${random.integer(1, 9)}${"1234567".repeat(3)}`
        : random.integer(0, 9_999);
      data["size.bytes"] = { decimal: String(bytes) };
      data["latency"] = { decimal: `${random.integer(0, 30)}.${random.integer(1, 999)}`.replace(/0+$/, "") };
      data["user"] = `user-${random.integer(1, 60)}`;
      if (random.chance(0.1)) data["cached"] = true;
    } else if (type === VOLUME)
      data["gigabytes"] = { decimal: `${random.integer(0, 500)}.${random.integer(1, 9)}` };
    else data["balance"] = { decimal: `${random.integer(-300, 300)}.${random.integer(1, 9)}` };
    const id = `${this.#options.idPrefix ?? ""}${this.#options.seed}-${++this.#ids}`;
    return { id, source: random.pick(["gateway-a", "gateway-b"]), type, account, timeMs, data };
  }

  #addFaulty(partition: number, region: string, clockMs: number): void {
    const id = `faulty-${this.#options.seed}-${++this.#ids}`;
    const { text, stage, reason } = faultyEvent(this.#faulty++, {
      id,
      account: this.#account(partition),
      timeMs: clockMs,
    });
    this.#wait(partition, region, { text, row: { refusal: { stage, reason } } });
  }

  #add(partition: number, region: string, event: UsageEvent): void {
    this.#wait(partition, region, { text: eventJson(event, this.#random), row: { event } });
  }

  #wait(partition: number, region: string, waiting: Waiting): void {
    const key = `${partition} ${region}`;
    const list = this.#waiting.get(key) ?? [];
    list.push(waiting);
    this.#waiting.set(key, list);
    if (list.length >= this.#random.integer(1, MAX_MESSAGE_EVENTS)) this.#flush(key);
  }

  #flushAll(): void {
    for (const key of this.#waiting.keys()) this.#flush(key);
  }

  #flush(key: string): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    const [partition = "", region = ""] = key.split(" ");
    const form = this.#random.pick<WireForm>(["single", "batch", "columnar"]);
    if (waiting.some(({ row }) => row.refusal !== undefined))
      this.#publish(Number(partition), region, form === "single" ? "single" : "batch", waiting);
    else this.#publish(Number(partition), region, form, waiting);
  }

  #publish(partition: number, region: string, form: WireForm, waiting: readonly Waiting[]): void {
    if (form === "single") {
      for (const one of waiting) {
        // What is no object at all can't stand alone and be an event with a fault: it goes in a batch of one.
        const body = one.text.startsWith("{")
          ? { contentType: CLOUD_EVENT_TYPE, data: encoder.encode(one.text) }
          : { contentType: CLOUD_EVENT_BATCH_TYPE, data: encoder.encode(`[${one.text}]`) };
        this.#push(partition, region, { ...body, rows: [one.row] });
      }
      return;
    }
    const rows = waiting.map(({ row }) => row);
    if (form === "batch") {
      const data = encoder.encode(`[${waiting.map(({ text }) => text).join(",")}]`);
      this.#push(partition, region, { contentType: CLOUD_EVENT_BATCH_TYPE, data, rows });
      return;
    }
    const events = rows.flatMap((row) => (row.refusal === undefined ? [row.event] : []));
    this.#push(partition, region, { ...encodeEvents(events, "columnar"), rows });
  }

  #push(
    partition: number,
    region: string,
    body: Pick<LoadedMessage, "contentType" | "data" | "rows" | "undecodable" | "probe">,
  ): void {
    const [first] = body.rows;
    const account = first?.refusal === undefined ? first?.event.account : undefined;
    const { partitionCount } = this.#options;
    const placed =
      account === undefined ||
      partitionOf(account, partitionCount) !== partition ||
      body.data.length > 1024 * 1024 ||
      this.#random.chance(0.75);
    const subject = placed
      ? usageSubject(partition, region)
      : unplacedUsageSubject(accountToken(account), region);
    this.#messages.push({ ...body, partition, region, subject });
  }

  /** When each message that can't be read is sent: somewhere in the middle, to any partition. */
  #poisonPlan(events: number): Map<number, ((clockMs: number) => void)[]> {
    const plan = new Map<number, ((clockMs: number) => void)[]>();
    if (this.#options.poison !== true) return plan;
    const random = this.#random;
    const at = (add: (partition: number, region: string, clockMs: number) => void): void => {
      const partition = random.integer(0, this.#options.partitionCount - 1);
      const region = random.pick([...REGIONS, UNDECLARED_REGION]);
      const n = random.integer(Math.floor(events / 10), Math.floor(events * 0.9));
      plan.set(n, [...(plan.get(n) ?? []), (clockMs) => add(partition, region, clockMs)]);
    };
    for (const { contentType, data, reason } of poisonMessages(this.#event(ACCOUNTS[0], REQUEST, 0)))
      at((partition, region) =>
        this.#push(partition, region, { contentType, data, rows: [], undecodable: reason }),
      );
    at((partition, region) => this.#push(partition, region, { ...PROBE, rows: [], probe: true }));
    at((partition, region, clockMs) => {
      const events = Array.from({ length: 5 }, () => this.#event(this.#account(partition), REQUEST, clockMs));
      const { contentType, data, refusals } = columnarWithNaN(events, "latency", 1, 3);
      const rows = events.map((event, row): LoadedRow => {
        const refusal = refusals.get(row);
        return refusal === undefined ? { event } : { refusal };
      });
      this.#push(partition, region, { contentType, data, rows });
    });
    return plan;
  }
}
