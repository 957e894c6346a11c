import { Random } from "../worker/random.ts";

/** Kinds that befall a worker, its disk, its clock or its lines to the brokers. */
export const WORKER_FAULTS = [
  "worker-kill",
  "worker-pause",
  "disk-full",
  "clock-skew",
  "network-cut",
  "network-hang",
  "network-delay",
] as const;
/** Kinds that befall brokers. */
export const BROKER_FAULTS = ["broker-kill", "broker-pause", "quorum-loss"] as const;

export type FaultKind = (typeof WORKER_FAULTS)[number] | (typeof BROKER_FAULTS)[number];

export const FAULT_KINDS: readonly FaultKind[] = [...WORKER_FAULTS, ...BROKER_FAULTS];

/** `static`: each worker has its partitions and its own disk; `elastic`: leases say who has which, and disks may be lost. */
export type Assignment = "static" | "elastic";

export interface ScheduledFault {
  readonly kind: FaultKind;
  /** Since the beginning of the faults. */
  readonly atMs: number;
  readonly durationMs: number;
  /** The worker, or the brokers, by number. */
  readonly targets: readonly number[];
  /** `network-…`: brokers to which the worker's lines fail. */
  readonly lines?: readonly number[];
  /** `clock-skew`: what the worker's clock is ahead (negative: behind). `network-delay`: what each piece takes longer. */
  readonly byMs?: number;
  /** `worker-kill`: its disk is empty when it comes back. */
  readonly losesDisk?: true;
}

export interface ScheduleOptions {
  /** An integer. */
  readonly seed: number;
  /** All faults are over by then. */
  readonly durationMs: number;
  readonly workers: number;
  readonly brokers: number;
  readonly assignment: Assignment;
  /** Kinds that this machine can do. */
  readonly kinds: readonly FaultKind[];
}

/** Leases of the run; whoever is paused or cut off is for longer, so that it comes back as a former owner. */
export const LEASE_MS = 5_000;

const FIRST_FAULT_MS = 500;
const GAP_MS = [500, 4_000] as const;
const BROKER_GAP_MS = [2_000, 8_000] as const;
/** Disks that are lost where another worker can have the partitions. */
const LOST_DISKS = 0.3;
const CLOCK_BEHIND_MS = 6 * 3_600_000;
/**
 * When a document is tried again is written down as a time of the wall clock: by a worker whose clock is ahead, a time that comes so much later. A run waits for
 * that at its end.
 */
const CLOCK_AHEAD_MS = 20_000;

/** How long a fault of each kind lasts, least and most, milliseconds. */
const DURATION_MS: Readonly<Record<FaultKind, readonly [least: number, most: number]>> = {
  "worker-kill": [100, 4_000],
  "worker-pause": [LEASE_MS + 1_000, LEASE_MS + 4_000],
  "disk-full": [2_000, 6_000],
  "clock-skew": [3_000, 12_000],
  "network-cut": [500, 6_000],
  "network-hang": [2_000, LEASE_MS + 4_000],
  "network-delay": [3_000, 8_000],
  "broker-kill": [500, 5_000],
  "broker-pause": [2_000, 6_000],
  "quorum-loss": [1_000, 4_000],
};

/**
 * Faults in the order in which they begin; the same options give the same. Each worker has a lane in which one fault follows the other, and the
 * brokers have one together: workers fail beside each other and beside brokers, but more than one broker only where the kind says so.
 */
export function makeSchedule(options: ScheduleOptions): readonly ScheduledFault[] {
  const { seed, workers, brokers, kinds } = options;
  const random = new Random(seed);
  const all = Array.from({ length: brokers }, (_, broker) => broker);
  const workerDeck = new Deck(
    WORKER_FAULTS.filter((kind) => kinds.includes(kind)),
    random,
  );
  const brokerDeck = new Deck(
    BROKER_FAULTS.filter((kind) => kinds.includes(kind)),
    random,
  );
  const faults: ScheduledFault[] = [];
  /** When the last fault of each lane is over; the brokers' lane is the last one. */
  const overMs = Array.from({ length: workers + 1 }, () => FIRST_FAULT_MS);
  for (;;) {
    // The lane that is free first gets the next fault, so that all kinds come up soon.
    const lane = overMs.indexOf(Math.min(...overMs));
    const isBroker = lane === workers;
    const deck = isBroker ? brokerDeck : workerDeck;
    if (overMs.every((timeMs) => timeMs === Number.POSITIVE_INFINITY)) break;
    if (deck.isEmpty) {
      overMs[lane] = Number.POSITIVE_INFINITY;
      continue;
    }
    const [leastGap, mostGap] = isBroker ? BROKER_GAP_MS : GAP_MS;
    const atMs = (overMs[lane] ?? 0) + random.integer(leastGap, mostGap);
    const kind = deck.next();
    const durationMs = random.integer(...DURATION_MS[kind]);
    const fault = { kind, atMs, durationMs, targets: isBroker ? brokersOf(kind, all, random) : [lane] };
    overMs[lane] = atMs + durationMs;
    if (atMs + durationMs > options.durationMs) overMs[lane] = Number.POSITIVE_INFINITY;
    else faults.push({ ...fault, ...moreOf(kind, options, all, random) });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** A fault on one line for people. */
export function faultText({
  kind,
  atMs,
  durationMs,
  targets,
  lines,
  byMs,
  losesDisk,
}: ScheduledFault): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return [
    `at ${seconds(atMs)} for ${seconds(durationMs)}: ${kind} of ${targets.join(" and ")}`,
    ...(lines === undefined ? [] : [`lines to broker ${lines.join(", ")}`]),
    ...(byMs === undefined ? [] : [`by ${byMs} ms`]),
    ...(losesDisk === true ? ["with its disk"] : []),
  ].join(", ");
}

/** Deals kinds like cards: each comes up once before any comes again. */
class Deck<Kind> {
  readonly #kinds: readonly Kind[];
  readonly #random: Random;
  #left: Kind[] = [];

  constructor(kinds: readonly Kind[], random: Random) {
    this.#kinds = kinds;
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#kinds.length === 0;
  }

  next(): Kind {
    if (this.#left.length === 0) this.#left = [...this.#kinds];
    const [kind] = this.#left.splice(this.#random.integer(0, this.#left.length - 1), 1);
    if (kind === undefined) throw new RangeError("no kinds of faults");
    return kind;
  }
}

function brokersOf(kind: FaultKind, all: readonly number[], random: Random): readonly number[] {
  const one = random.pick(all);
  return kind === "quorum-loss" ? all.filter((broker) => broker !== one) : [one];
}

function moreOf(
  kind: FaultKind,
  { assignment }: ScheduleOptions,
  brokers: readonly number[],
  random: Random,
): Partial<ScheduledFault> {
  switch (kind) {
    case "worker-kill":
      return assignment === "elastic" && random.chance(LOST_DISKS) ? { losesDisk: true } : {};
    case "network-cut":
    case "network-hang":
      return { lines: random.chance(0.5) ? brokers : [random.pick(brokers)] };
    case "network-delay":
      return { lines: brokers, byMs: random.integer(20, 400) };
    case "clock-skew":
      return {
        byMs: random.chance(0.5) ? random.integer(1, CLOCK_AHEAD_MS) : -random.integer(1, CLOCK_BEHIND_MS),
      };
    case "worker-pause":
    case "disk-full":
    case "broker-kill":
    case "broker-pause":
    case "quorum-loss":
      break;
  }
  return {};
}
