import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { encodeControl } from "../../../src/model/control.ts";
import { OUTCOME_NAMES } from "../../../src/model/outcome.ts";
import type { DeadLetter, RatedAggregate } from "../../../src/model/outputs.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { PartitionEngine } from "../../../src/pipeline/partition-engine.ts";
import { HASH_KEY, sha256 } from "../../support/engine-fixture.ts";
import { ACCOUNT } from "./priced-plan.ts";
import { shifted, UnknownCase } from "./values.ts";

export interface UsageEvent {
  readonly id: string;
  readonly source?: string;
  readonly account?: string;
  readonly type?: string;
  readonly timeMs: number;
  /** Arrival; the event's time where left out. */
  readonly arrivalMs?: number;
  /** Numbers as decimal texts in `numbers`, everything else here. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly numbers?: Readonly<Record<string, string>>;
}

/** What became of an event. */
export interface EventFate {
  readonly outcome: string;
  /** Name of the reason, for rejected ones. */
  readonly reason: string | undefined;
}

/** A partition that takes events one by one, as they would come over the wire, and says what it makes of them. */
export class UsageRun {
  readonly #engine: PartitionEngine;
  readonly #rated: RatedAggregate[] = [];
  #letters: DeadLetter[] = [];
  #sequence = 0;
  #controlSequence = 0;

  constructor(catalog: CompiledCatalog) {
    this.#engine = new PartitionEngine({
      partition: 0,
      partitionCount: 1,
      decoder: createDecoder(HASH_KEY),
      hashKey: HASH_KEY,
      settings: catalog.settings,
      sha256,
    });
    this.#engine.bind("usage", "control");
    const record = { kind: "catalog", version: catalog.version, appliesAfter: 0, decidedAt: "" } as const;
    this.#engine.apply({ sequence: ++this.#controlSequence, record }, encodeControl(record), catalog, []);
  }

  /** Takes one event in a message of its own. */
  take(event: UsageEvent): EventFate {
    const before = this.#counts();
    this.#letters = [];
    this.#engine.process([
      {
        sequence: ++this.#sequence,
        subject: "usage.0.eu",
        contentType: "application/cloudevents+json",
        arrivalMs: event.arrivalMs ?? event.timeMs,
        data: new TextEncoder().encode(textOfEvent(event)),
      },
    ]);
    this.#collect();
    const after = this.#counts();
    const outcome = OUTCOME_NAMES.find((name) => name !== "pending" && after[name] > before[name]);
    return { outcome: outcome ?? "undecodable", reason: this.#letters[0]?.reason };
  }

  /** Says, as an operator does, that all events up to a time have come: windows and periods end. */
  closeUpTo(untilMs: number): void {
    const record = {
      kind: "close",
      upToMs: untilMs,
      actor: "test",
      reason: "end of case",
      appliesAfter: this.#sequence,
      decidedAt: new Date(untilMs).toISOString(),
    } as const;
    this.#engine.apply({ sequence: ++this.#controlSequence, record }, encodeControl(record), undefined, []);
    this.#collect();
  }

  /** All emissions so far. */
  get rated(): readonly RatedAggregate[] {
    return this.#rated;
  }

  /** State of the prices by billing period. */
  pricePeriods() {
    return [...this.#engine.rater.pricePeriods()];
  }

  #collect(): void {
    for (const entry of this.#engine.collect().outbox) {
      if (entry.channel === "rated") {
        const aggregate: RatedAggregate = JSON.parse(entry.body);
        this.#rated.push(aggregate);
      } else if (entry.channel === "dead-letter") {
        const letter: DeadLetter = JSON.parse(entry.body);
        this.#letters.push(letter);
      }
    }
  }

  #counts(): Record<Exclude<(typeof OUTCOME_NAMES)[number], "pending">, number> {
    const counts = { accepted: 0, duplicate: 0, conflicting: 0, rejected: 0, parked: 0, misrouted: 0 };
    for (const region of this.#engine.regionCounts()) {
      counts.accepted += region.accepted;
      counts.duplicate += region.duplicate;
      counts.conflicting += region.conflicting;
      counts.rejected += region.rejected;
      counts.parked += region.parked;
      counts.misrouted += region.misrouted;
    }
    return counts;
  }
}

/** CloudEvents JSON; decimals are written digit for digit, as JSON numbers. */
function textOfEvent(event: UsageEvent): string {
  const numbers = Object.entries(event.numbers ?? {}).map(
    ([name, value]) => `${JSON.stringify(name)}:${shifted(value, 0)}`,
  );
  const others = Object.entries(event.data ?? {}).map(
    ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
  );
  const head = JSON.stringify({
    specversion: "1.0",
    id: event.id,
    source: event.source ?? "case",
    type: event.type ?? "usage",
    subject: event.account ?? ACCOUNT,
    time: new Date(event.timeMs).toISOString(),
  });
  return `${head.slice(0, -1)},"data":{${[...numbers, ...others].join(",")}}}`;
}

/** Times of cases: RFC 3339, also without seconds, or a date. */
export function timeOf(text: string): number {
  const timeMs = Date.parse(text);
  if (Number.isNaN(timeMs)) throw new UnknownCase(`${text} is not a time`);
  return timeMs;
}
