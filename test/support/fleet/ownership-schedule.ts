import { z } from "zod";
import type { ErrorCode } from "../../../src/model/errors.ts";
import type { Channel } from "../../../src/model/outputs.ts";
import type { PartitionStore } from "../../../src/model/store.ts";
import { alertEvent, deadLetterEvent, documentEvent, ratedEvent } from "../../../src/sinks/cloud-events.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import { imageOf } from "../../../src/state/partition-store.ts";
import { runLogs, type LogStep } from "../engine-fixture.ts";
import { seeded, SIMULATION_START_MS } from "../posting/sim-clock.ts";
import { SimProcess } from "../posting/sim-process.ts";
import { ownershipCatalog } from "./ownership-catalog.ts";
import { PartitionWorld, type BrokenFence, type Machine } from "./partition-world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How long things happen, and how long the last process may take to come to the end. */
const LENGTH_MS = HOUR_MS;
const END_MS = 2 * HOUR_MS;
const LEASE_MS = 90_000;
const ACCOUNTS = ["a", "b"];
/** Steps after which a process that is to die, or to sleep, has done so: a start takes some tens, an hour some hundreds. */
const LAST_STEP = 100;
/** Shares of the processes that die, and that sleep, at a step: what is under way then is what fences are for. */
const DIE_SHARE = 0.3;
const SLEEP_SHARE = 0.4;
/** Longer than a lease, so that another process has long taken over when it wakes up. */
const LONGEST_SLEEP_MINUTES = 30;

const CATALOG = ownershipCatalog(ACCOUNTS);

const EVENT_OF: Readonly<Partial<Record<Channel, typeof ratedEvent>>> = {
  rated: ratedEvent,
  "dead-letter": deadLetterEvent,
  alert: alertEvent,
  document: documentEvent,
};
const SUBJECTS: readonly (readonly [Channel, string])[] = [
  ["rated", "rated.0"],
  ["dead-letter", "dlq.0"],
  ["alert", "alerts.0"],
  ["document", "documents.0"],
];

/** What happened in a schedule, to see that schedules are not all the same quiet one. */
export interface ScheduleFigures {
  readonly events: number;
  readonly processes: number;
  readonly owners: number;
  readonly published: number;
  readonly documents: number;
  readonly stops: readonly string[];
}

/**
 * One schedule of a partition's life: processes on two or three machines want to own it, with leases or (wrongly) without; they die anywhere, sleep past
 * their lease, lose their disks, begin with older snapshots; acknowledgements are lost. At the end one comes to the end of the logs.
 *
 * Throws where what was published is not what the two logs say, once and in order; where the last owner's state is not their function; where two
 * documents have one number, or a number is missing.
 */
export async function runSchedule(seed: number, broken?: BrokenFence): Promise<ScheduleFigures> {
  const random = seeded(seed);
  const world = new PartitionWorld({
    catalog: CATALOG,
    seed: seed ^ 0x5bd1e995,
    leaseMs: LEASE_MS,
    faults: { lostBefore: random() * 0.1, lostAfter: random() * 0.1, reader: random() * 0.02 },
    ...(broken === undefined ? {} : { broken }),
  });
  try {
    return await play(world, random);
  } finally {
    world.close();
  }
}

async function play(world: PartitionWorld, random: () => number): Promise<ScheduleFigures> {
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const sleepMs = (): number => between(1, LONGEST_SLEEP_MINUTES) * MINUTE_MS;
  const events = publishEvents(world, random);
  const usesLeases = random() < 0.6;
  const machines: Machine[] = Array.from({ length: between(2, 3) }, (_, index) => ({
    name: `machine-${index}`,
    store: world.newStore(),
    process: undefined,
    worker: undefined,
  }));
  const snapshots: Buffer[] = [];
  let processes = 0;
  let isOver = false;
  const start = (machine: Machine, delayMs: number): void => {
    world.clock.schedule(delayMs, () => {
      if (isOver || machine.process?.isDead === false) return;
      processes += 1;
      const process = new SimProcess(
        world.clock,
        random() < DIE_SHARE ? between(1, LAST_STEP) : Number.POSITIVE_INFINITY,
        () => start(machine, between(2, 15) * MINUTE_MS),
      );
      if (random() < SLEEP_SHARE) process.pause = { atStep: between(1, LAST_STEP), forMs: sleepMs() };
      machine.process = process;
      void live(world, machine, process, usesLeases, snapshots);
    });
  };
  for (const machine of machines) start(machine, between(0, 10) * MINUTE_MS);
  for (let count = between(1, 4); count > 0; count--)
    world.clock.schedule(between(0, LENGTH_MS), () => {
      const machine = machines[between(0, machines.length - 1)]!;
      happen(world, machine, between(0, 4), snapshots, sleepMs);
    });
  const overMs = SIMULATION_START_MS + LENGTH_MS;
  await world.clock.runUntil(() => false, overMs);

  isOver = true;
  world.faults = { lostBefore: 0, lostAfter: 0, reader: 0 };
  for (const machine of machines) machine.process?.kill();
  const last = machines[between(0, machines.length - 1)]!;
  await comeToTheEnd(world, last, snapshots);
  await check(world, last.store);
  return {
    events,
    processes: processes + 1,
    owners: world.records().filter(({ kind }) => kind === "acquired").length,
    published: world.publications.stored.length,
    documents: [...world.numbers().values()].reduce((sum, ranks) => sum + ranks.size, 0),
    stops: world.stops,
  };
}

function happen(
  world: PartitionWorld,
  machine: Machine,
  what: number,
  snapshots: Buffer[],
  sleepMs: () => number,
): void {
  const isAlive = machine.process?.isDead === false;
  switch (what) {
    case 0:
      machine.process?.kill();
      break;
    case 1:
      machine.process?.sleep(sleepMs());
      break;
    case 2:
      snapshots.push(imageOf(machine.store));
      break;
    case 3:
      // A disk is lost with what runs on it.
      if (isAlive) machine.process?.kill();
      machine.store = world.newStore();
      break;
    default: {
      const snapshot = snapshots.at(-1);
      if (snapshot === undefined) break;
      if (isAlive) machine.process?.kill();
      machine.store = world.newStore(snapshot);
    }
  }
}

/** A process: owns the partition when it may, and ends when it may no longer. */
async function live(
  world: PartitionWorld,
  machine: Machine,
  process: SimProcess,
  usesLeases: boolean,
  snapshots: readonly Buffer[],
): Promise<void> {
  try {
    const lease = usesLeases
      ? await world.leases.boardOf(process).acquire("partition-0", new AbortController().signal)
      : undefined;
    const onStopped = (code: ErrorCode): void => {
      if (code === FORKED) beginWithOlder(world, machine, snapshots);
      process.kill();
    };
    machine.worker = world.workerOn(machine, process, onStopped, lease?.epoch);
    // What has lost its lease stops at once, as by an end of its process.
    void lease?.lost.then(() => process.kill());
    await machine.worker.start();
  } catch (fault) {
    // What a dead process throws is nobody's to see.
    if (!process.isDead) throw fault;
  }
}

/**
 * What a former owner has committed after it was overtaken is a fork: decisions of the next owner apply before its position. Nothing of it was published, and
 * it can't be gone on with. A snapshot may be of a fork as well: then it is the turn of the one before.
 */
const FORKED: ErrorCode = "control-record-misplaced";
const triedSnapshots = new WeakMap<Machine, number>();
/** From then on a machine begins with an empty disk. */
const NONE_LEFT = -1;

function beginWithOlder(world: PartitionWorld, machine: Machine, snapshots: readonly Buffer[]): void {
  const next = Math.max(NONE_LEFT, (triedSnapshots.get(machine) ?? snapshots.length) - 1);
  triedSnapshots.set(machine, next);
  machine.store = world.newStore(snapshots[next]);
}

/** Events of two accounts in some hours, repeated, contradicting, late, and of nobody. */
function publishEvents(world: PartitionWorld, random: () => number): number {
  const count = 4 + Math.floor(random() * 8);
  for (let n = 0; n < count; n++)
    world.clock.schedule(Math.floor(random() * LENGTH_MS), () => {
      const id = Math.floor(random() * count);
      const lagMinutes = random() < 0.2 ? Math.floor(random() * 20 * 60) : Math.floor(random() * 15);
      const account = random() < 0.05 ? "nobody" : ACCOUNTS[id % ACCOUNTS.length];
      const event = {
        specversion: "1.0",
        id: `e-${id}`,
        source: "test",
        type: "usage",
        subject: account,
        time: new Date(world.clock.nowMs() - lagMinutes * MINUTE_MS).toISOString(),
        data: { amount: 1 + (id % 7), status: "ok", user: `u-${id % 3}` },
      };
      world.usage.store(Buffer.from(JSON.stringify(event)), {
        subject: random() < 0.5 ? "usage.0.eu" : "usage.0.us",
        contentType: "application/cloudevents+json",
      });
    });
  return count;
}

/** One last process, undisturbed, until all is processed, committed and delivered. */
async function comeToTheEnd(
  world: PartitionWorld,
  machine: Machine,
  snapshots: readonly Buffer[],
): Promise<void> {
  for (;;) {
    const process = new SimProcess(world.clock, Number.POSITIVE_INFINITY);
    const wasEmpty = machine.store.load() === undefined;
    let stoppedBy: ErrorCode | undefined;
    const worker = world.workerOn(machine, process, (code) => {
      stoppedBy = code;
    });
    let isDone = false;
    void worker.start();
    // Time for what falls due by the clock: regions that are idle, periods that end, documents that get their numbers.
    world.clock.schedule(END_MS / 2, () => {
      if (process.isDead) return;
      void (async () => {
        await worker.stop(HOUR_MS);
        isDone = true;
      })();
    });
    await world.clock.runUntil(() => isDone || stoppedBy !== undefined, world.clock.nowMs() + END_MS);
    if (isDone && stoppedBy === undefined) return;
    process.kill();
    if (stoppedBy !== FORKED || wasEmpty)
      throw new Error(`the last owner did not come to the end: ${world.stops.at(-1) ?? "it goes on"}`);
    beginWithOlder(world, machine, snapshots);
  }
}

/** The two logs in the order in which they apply. */
function stepsOf(world: PartitionWorld): LogStep[] {
  const steps: LogStep[] = [];
  let next = 0;
  for (const record of world.records()) {
    for (; next < record.appliesAfter; next++)
      steps.push({ kind: "message", message: world.usage.messages[next]! });
    steps.push({ kind: "control", record, ...(record.kind === "catalog" ? { catalog: CATALOG } : {}) });
  }
  for (const message of world.usage.messages.slice(next)) steps.push({ kind: "message", message });
  return steps;
}

async function check(world: PartitionWorld, state: PartitionStore): Promise<void> {
  const never = (): boolean => false;
  const { store: expected } = await runLogs(
    stepsOf(world),
    CATALOG,
    { cut: never, commit: never, restart: never },
    { store: world.newStore() },
  );
  for (const [channel, subject] of SUBJECTS) {
    const events = expected
      .outboxAfter(channel, 0, Number.MAX_SAFE_INTEGER)
      .map((entry): unknown => JSON.parse(EVENT_OF[channel]!(0, entry)));
    const stored = world.publications.stored.filter((message) => message.subject === subject);
    const published = stored.flatMap(({ body }) => z.array(z.unknown()).parse(JSON.parse(body)));
    for (let index = 0; index < Math.max(events.length, published.length); index++) {
      const [left, right] = [JSON.stringify(events[index]), JSON.stringify(published[index])];
      if (left !== right)
        throw new Error(
          `${subject}: entry ${index + 1} is ${right}, and should be ${left} (of ${events.length})`,
        );
    }
  }
  const [left, right] = [dumpState(expected), dumpState(state)];
  if (left !== right) throw new Error(`the state is not a function of the logs:\n${differing(left, right)}`);
  for (const [legalEntity, ranks] of world.numbers()) {
    const given = [...ranks.values()].sort((one, other) => one - other);
    if (given.some((rank, index) => rank !== index + 1))
      throw new Error(`numbers of ${legalEntity}: ${given.join(" ")}`);
  }
}

function differing(left: string, right: string): string {
  const [ours, theirs] = [left.split("\n"), right.split("\n")];
  return [
    ...ours.filter((line) => !theirs.includes(line)),
    "---",
    ...theirs.filter((line) => !ours.includes(line)),
  ].join("\n");
}
