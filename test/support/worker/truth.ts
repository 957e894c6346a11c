import { partitionOf } from "../../../src/model/partition.ts";
import { ExpectedCells, type ExpectedCell } from "./expected-cells.ts";
import type { LoadedMessage } from "./load.ts";
import { BALANCE, DISORDER_MS, HOUR_MS, REGIONS, REQUEST, VOLUME } from "./usage-catalog.ts";
import type { UsageEvent } from "./usage-event.ts";

/**
 * What must come out, counted from the generated list by another way than the pipeline's: one event after the other,
 * with Map, Set and bigint.
 */

export interface ExpectedCounts {
  read: number;
  accepted: number;
  duplicate: number;
  conflicting: number;
  rejected: number;
  parked: number;
  misrouted: number;
  late: number;
}

export interface ExpectedDeadLetter {
  readonly partition: number;
  readonly sequence: number;
  readonly index: number;
  readonly stage: string;
  readonly reason: string;
}

export interface ExpectedParked {
  readonly partition: number;
  readonly sequence: number;
  readonly index: number;
  readonly reason: string;
  readonly account: string;
}

const OUTCOMES = [
  "read",
  "accepted",
  "duplicate",
  "conflicting",
  "rejected",
  "parked",
  "misrouted",
  "late",
] as const;

function noCounts(): ExpectedCounts {
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

const KNOWN_TYPES: ReadonlySet<string> = new Set([REQUEST, BALANCE, VOLUME]);

/** The same event has the same text, whatever the wire form: names sorted, numbers without zeros at their end. */
function payloadOf(event: UsageEvent): string {
  const data = Object.entries(event.data)
    .map(([name, value]) => [
      name,
      typeof value === "object" ? `#${plain(value.decimal)}` : JSON.stringify(value),
    ])
    .sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  return JSON.stringify([event.account, event.type, event.timeMs, data]);
}

function plain(decimal: string): string {
  return decimal.includes(".") ? decimal.replace(/\.?0+$/, "") : decimal;
}

/** What is expected of one partition. */
export class PartitionTruth {
  readonly counts = noCounts();
  readonly deadLetters: ExpectedDeadLetter[] = [];
  readonly parked: ExpectedParked[] = [];
  readonly misrouted: UsageEvent[] = [];
  messages = 0;
  undecodable = 0;
  probes = 0;
  /** No event at or before it is expected: the least over the declared regions. */
  watermarkMs = Number.NEGATIVE_INFINITY;
  readonly #partition: number;
  readonly #partitionCount: number;
  readonly #cells: ExpectedCells;
  readonly #knownAccounts: ReadonlySet<string>;
  readonly #payloads = new Map<string, string>();
  readonly #regionMs = new Map<string, number>();

  constructor(
    partition: number,
    partitionCount: number,
    cells: ExpectedCells,
    knownAccounts: ReadonlySet<string>,
  ) {
    this.#partition = partition;
    this.#partitionCount = partitionCount;
    this.#cells = cells;
    this.#knownAccounts = knownAccounts;
  }

  add(message: LoadedMessage): void {
    const sequence = ++this.messages;
    if (message.probe === true) this.probes++;
    if (message.undecodable !== undefined) {
      this.undecodable++;
      this.#deadLetter(sequence, -1, "decode", message.undecodable);
    }
    message.rows.forEach((row, index) => {
      this.counts.read++;
      if (row.refusal === undefined) this.#addEvent(row.event, message.region, sequence, index);
      else {
        this.counts.rejected++;
        this.#deadLetter(sequence, index, row.refusal.stage, row.refusal.reason);
      }
    });
  }

  /** An event that another partition sent here, at a place in the log that is not known. */
  addRerouted(event: UsageEvent, region: string): void {
    this.messages++;
    this.counts.read++;
    this.#addEvent(event, region, Number.MAX_SAFE_INTEGER, 0);
  }

  #addEvent(event: UsageEvent, region: string, sequence: number, index: number): void {
    const { counts } = this;
    if (partitionOf(event.account, this.#partitionCount) !== this.#partition) {
      counts.misrouted++;
      this.misrouted.push(event);
      return;
    }
    const identity = `${event.source}\u0000${event.id}`;
    const payload = payloadOf(event);
    const first = this.#payloads.get(identity);
    if (first !== undefined) {
      if (first === payload) counts.duplicate++;
      else counts.conflicting++;
      return;
    }
    this.#payloads.set(identity, payload);
    const reason = !KNOWN_TYPES.has(event.type)
      ? "unknown-meter"
      : this.#knownAccounts.has(event.account)
        ? undefined
        : "unknown-account";
    if (reason === undefined) {
      counts.accepted++;
      const hourMs = Math.floor(event.timeMs / HOUR_MS) * HOUR_MS;
      this.#cells.add(event, sequence, index);
      if (this.watermarkMs >= hourMs + HOUR_MS - 1) counts.late++;
    } else {
      counts.parked++;
      this.parked.push({ partition: this.#partition, sequence, index, reason, account: event.account });
    }
    this.#observe(region, event.timeMs);
  }

  #observe(region: string, timeMs: number): void {
    if (!REGIONS.some((declared) => declared === region)) return;
    const before = this.#regionMs.get(region) ?? Number.NEGATIVE_INFINITY;
    this.#regionMs.set(region, Math.max(before, timeMs - DISORDER_MS - 1));
    if (this.#regionMs.size < REGIONS.length) return;
    this.watermarkMs = Math.max(this.watermarkMs, Math.min(...this.#regionMs.values()));
  }

  #deadLetter(sequence: number, index: number, stage: string, reason: string): void {
    this.deadLetters.push({ partition: this.#partition, sequence, index, stage, reason });
  }
}

export interface Truth {
  readonly partitions: readonly PartitionTruth[];
  readonly counts: ExpectedCounts;
  readonly cells: readonly ExpectedCell[];
  readonly hasMisrouted: boolean;
}

/** Counts what was published, in the order of publication. */
export function truthOf(
  messages: readonly LoadedMessage[],
  partitionCount: number,
  knownAccounts: readonly string[],
): Truth {
  const { cells, partitions } = partitionTruths(partitionCount, knownAccounts);
  for (const message of messages) partitions[message.partition]?.add(message);
  let hasMisrouted = false;
  for (const { misrouted } of partitions)
    for (const event of misrouted) {
      hasMisrouted = true;
      // The region only matters to the watermark, which is at its end by now.
      partitions[partitionOf(event.account, partitionCount)]?.addRerouted(event, "");
    }
  return totals(partitions, cells, hasMisrouted);
}

/** Counts what the logs hold, partition by partition, in their order: nothing of it is open, events that came from another partition included. */
export function truthOfLogs(
  logs: readonly (readonly LoadedMessage[])[],
  knownAccounts: readonly string[],
): Truth {
  const { cells, partitions } = partitionTruths(logs.length, knownAccounts);
  for (const [partition, messages] of logs.entries())
    for (const message of messages) partitions[partition]?.add(message);
  return totals(partitions, cells, false);
}

function partitionTruths(
  partitionCount: number,
  knownAccounts: readonly string[],
): { readonly cells: ExpectedCells; readonly partitions: readonly PartitionTruth[] } {
  const cells = new ExpectedCells();
  const known = new Set(knownAccounts);
  const partitions = Array.from(
    { length: partitionCount },
    (_, partition) => new PartitionTruth(partition, partitionCount, cells, known),
  );
  return { cells, partitions };
}

function totals(partitions: readonly PartitionTruth[], cells: ExpectedCells, hasMisrouted: boolean): Truth {
  const total = noCounts();
  for (const { counts } of partitions) for (const name of OUTCOMES) total[name] += counts[name];
  const watermarks = partitions.map(({ watermarkMs }) => watermarkMs);
  return {
    partitions,
    counts: total,
    cells: cells.finish((account) => watermarks[partitionOf(account, partitions.length)] ?? 0),
    hasMisrouted,
  };
}
