import { CHANNELS, noEvents, noOrdinals } from "../model/outputs.ts";
import type {
  Alert,
  Channel,
  DeadLetter,
  EventOutcomeRecord,
  ExceptionRecord,
  MessageCounts,
  OutboxEntry,
  ParkedEvent,
  RatedAggregate,
  RegionCounts,
  Reroute,
} from "../model/outputs.ts";
import type { PublishedDocument } from "../billing/invoices/billing-document.ts";
import type { PostingCommand } from "../model/posting.ts";
import type { OutcomeName } from "../model/outcome.ts";

/** What the operators put out between two checkpoints. */
export interface JournalEntries {
  readonly parkedAdded: ParkedEvent[];
  readonly parkedRemoved: { sequence: number; index: number }[];
  readonly exceptionsAdded: ExceptionRecord[];
  readonly eventOutcomes: EventOutcomeRecord[];
  readonly outbox: OutboxEntry[];
}

type MutableCounts = { -readonly [Key in keyof RegionCounts]: RegionCounts[Key] };

function emptyEntries(): JournalEntries {
  return { parkedAdded: [], parkedRemoved: [], exceptionsAdded: [], eventOutcomes: [], outbox: [] };
}

/**
 * Collects the operators' outputs and counts until the checkpoint takes them. Ordinals of a channel follow the order
 * of the log, whatever the batches were: each channel is written by one stage only, or at control records alone beside it.
 */
export class Journal {
  #entries = emptyEntries();
  readonly #ordinals: Record<Channel, number> = noOrdinals();
  readonly #regions = new Map<string, MutableCounts>();
  #messages = 0;
  #undecodable = 0;
  #probes = 0;

  restore(
    lastOrdinals: Readonly<Record<Channel, number>>,
    regionCounts: readonly RegionCounts[],
    messageCounts: MessageCounts,
  ): void {
    for (const channel of CHANNELS) this.#ordinals[channel] = lastOrdinals[channel];
    for (const counts of regionCounts) this.#regions.set(counts.region, { ...counts });
    this.#messages = messageCounts.messages;
    this.#undecodable = messageCounts.undecodable;
    this.#probes = messageCounts.probes;
  }

  rated(aggregate: RatedAggregate): void {
    this.#publish("rated", aggregate);
  }

  deadLetter(letter: DeadLetter): void {
    this.#publish("dead-letter", letter);
  }

  alert(alert: Alert): void {
    this.#publish("alert", alert);
  }

  document(document: PublishedDocument): void {
    this.#publish("document", document);
  }

  command(command: PostingCommand): void {
    this.#publish("command", command);
  }

  reroute(event: Reroute): void {
    this.#publish("reroute", event);
  }

  park(event: ParkedEvent): void {
    this.#entries.parkedAdded.push(event);
  }

  unpark(sequence: number, index: number): void {
    this.#entries.parkedRemoved.push({ sequence, index });
  }

  exception(record: ExceptionRecord): void {
    this.#entries.exceptionsAdded.push(record);
  }

  eventOutcome(record: EventOutcomeRecord): void {
    this.#entries.eventOutcomes.push(record);
  }

  countMessages(messages: number, undecodable: number, probes: number): void {
    this.#messages += messages;
    this.#undecodable += undecodable;
    this.#probes += probes;
  }

  /** Counts one event read; `late` is an attribute of accepted. */
  count(region: string, outcome: OutcomeName, late: boolean): void {
    const counts = this.#countsOf(region);
    counts.read++;
    counts[outcome]++;
    if (late) counts.late++;
  }

  /** Counts events read that were accepted and not late. */
  countAccepted(region: string, events: number): void {
    const counts = this.#countsOf(region);
    counts.read += events;
    counts.accepted += events;
  }

  /** An event leaves parking with another outcome; it was read before. */
  recount(region: string, outcome: Exclude<OutcomeName, "parked">, late: boolean): void {
    const counts = this.#countsOf(region);
    counts.parked--;
    counts[outcome]++;
    if (late) counts.late++;
  }

  /** Counts of all regions, sorted by name. */
  regionCounts(): RegionCounts[] {
    return [...this.#regions.values()]
      .map((counts) => ({ ...counts }))
      .sort((a, b) => (a.region < b.region ? -1 : a.region > b.region ? 1 : 0));
  }

  messageCounts(): MessageCounts {
    return { messages: this.#messages, undecodable: this.#undecodable, probes: this.#probes };
  }

  /** Outputs waiting for the next checkpoint; a bound on memory between checkpoints. */
  get waiting(): number {
    return (
      this.#entries.outbox.length + this.#entries.parkedAdded.length + this.#entries.eventOutcomes.length
    );
  }

  /** What came since the last call. */
  take(): JournalEntries {
    const entries = this.#entries;
    this.#entries = emptyEntries();
    return entries;
  }

  #publish(
    channel: Channel,
    body: RatedAggregate | DeadLetter | Reroute | Alert | PublishedDocument | PostingCommand,
  ): void {
    const ordinal = this.#ordinals[channel] + 1;
    this.#ordinals[channel] = ordinal;
    this.#entries.outbox.push({ channel, ordinal, body: JSON.stringify(body) });
  }

  #countsOf(region: string): MutableCounts {
    let counts = this.#regions.get(region);
    if (counts === undefined) {
      counts = { region, ...noEvents() };
      this.#regions.set(region, counts);
    }
    return counts;
  }
}
