import type { Clock } from "../../model/clock.ts";
import { codeOf, messageOf, TributaryError } from "../../model/errors.ts";
import type { Lease, LeaseBoard } from "../../model/lease.ts";
import { LeaseWatch, type WatchedLease } from "./lease-watch.ts";
import type { OwnershipHost, OwnershipMove } from "./ownership-host.ts";
import { quotasOf } from "./quotas.ts";

/** Looks at the leases within a lease's time: a partition that is given back waits a tenth of it at most. */
const LOOKS_PER_LEASE = 10;
/** A look at the moment at which a lease ends comes so much behind it: timers are early by a millisecond at times, and then it would not have ended yet. */
const LOOK_BEHIND_END_MS = 5;
/** More often than this is of no use to anybody, and costs the broker. */
const LEAST_LOOK_MS = 50;
/**
 * A worker that joins waits so many looks before it takes what is free: workers that are started together see each other first, and nothing
 * moves twice.
 */
const LOOKS_BEFORE_FIRST_TAKE = 2;

const WORKER = "worker";
const PARTITION = "partition";

export interface PartitionOwnershipOptions {
  readonly board: LeaseBoard;
  readonly host: OwnershipHost;
  readonly clock: Clock;
  /** How this process signs its leases; unique to it. */
  readonly owner: string;
  /** Letters and digits, unique to the process: the name of its membership. */
  readonly instance: string;
  readonly partitionCount: number;
  readonly leaseMs: number;
  readonly onMove: (move: OwnershipMove, partition: number) => void;
  /** Told of what failed and is tried again. */
  readonly onFault: (fault: TributaryError, partition?: number) => void;
}

interface Held {
  readonly lease: Lease;
  /** Everything that is done with the partition, one after another. */
  work: Promise<void>;
  isLeaving: boolean;
}

/**
 * One member's part of sharing out the partitions of a fleet: leases say who is there and who has what, every member reckons the same shares from them,
 * gives up what it has too much and takes what is free.
 *
 * Leases only keep members out of each other's way. That a partition has one owner is held by the broker: a new owner's first record in the
 * control log makes it refuse the former one, whatever that one believes (`open-partition.ts`).
 *
 * Order of a hand-over: drain → checkpoint → deliver → snapshot → lease given back. A crash between them leaves the lease to run out: the next owner
 * comes later and reads more from the logs, and that is all.
 */
export class PartitionOwnership {
  readonly #options: PartitionOwnershipOptions;
  readonly #watch: LeaseWatch;
  readonly #held = new Map<number, Held>();
  /** Partitions that could not be started here are left to others until then. */
  readonly #notBeforeMs = new Map<number, number>();
  #membership: Lease | undefined;
  #isStopping = false;
  #looks = 0;
  #turn: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #members: readonly string[] = [];

  constructor(options: PartitionOwnershipOptions) {
    this.#options = options;
    this.#watch = new LeaseWatch(options.leaseMs);
  }

  /** Partitions that this process has the lease of, ascending. */
  get partitions(): readonly number[] {
    return [...this.#held.keys()].sort((one, other) => one - other);
  }

  /** Owners that are there, this one included, as of the last look. */
  get members(): readonly string[] {
    return this.#members;
  }

  start(): void {
    this.#next(0);
  }

  /** Hands everything over and leaves. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancel();
    await this.#turn;
    // Who is gone first, so that the others' shares grow before what they are to take is free.
    await this.#membership?.release();
    for (const partition of this.partitions) this.#release(partition);
    await Promise.all([...this.#held.values()].map(({ work }) => work));
  }

  #next(delayMs: number): void {
    this.#cancel = this.#options.clock.schedule(delayMs, () => {
      this.#turn = this.#takeTurn();
    });
  }

  async #takeTurn(): Promise<void> {
    if (this.#isStopping) return;
    const { leaseMs, clock, onFault } = this.#options;
    let delayMs = leaseMs / LOOKS_PER_LEASE;
    try {
      await this.#look();
      // The end of a lease that is not renewed any more is known before it comes.
      delayMs = Math.min(delayMs, this.#watch.nextEndMs + LOOK_BEHIND_END_MS - clock.monotonicMs());
    } catch (error) {
      onFault(asFault(error));
    }
    if (!this.#isStopping) this.#next(Math.max(LEAST_LOOK_MS, delayMs));
  }

  async #look(): Promise<void> {
    const { board, clock, host } = this.#options;
    await this.#join();
    const askedMs = clock.monotonicMs();
    const leases = this.#watch.note(await board.look([WORKER, PARTITION]), askedMs, clock.monotonicMs());
    for (const partition of await host.refused()) this.#giveUp(partition);
    if (this.#isStopping) return;
    this.#looks++;
    const workers = leases.filter(({ name }) => name.startsWith(`${WORKER}.`));
    // A process that died leaves its membership: nobody else would ever remove it.
    for (const dead of workers) if (dead.hasRunOut) await board.forget(dead);
    this.#members = [
      ...new Set([
        this.#options.owner,
        ...workers.filter(({ hasRunOut }) => !hasRunOut).map(({ owner }) => owner),
      ]),
    ].sort();
    const owners = this.#ownersOf(leases);
    const share = this.#shareOf(owners);
    const staying = [...this.#held].filter(([, { isLeaving }]) => !isLeaving).map(([partition]) => partition);
    // Those that came last have the least in memory that another would have to build up again.
    for (const partition of staying.slice(share)) this.#release(partition);
    if (this.#looks > LOOKS_BEFORE_FIRST_TAKE)
      await this.#takeFree(share - staying.length, owners, partitionLeases(leases));
  }

  /** Being seen comes before taking anything. */
  async #join(): Promise<void> {
    if (this.#membership !== undefined) return;
    const { board, instance } = this.#options;
    const name = `${WORKER}.${instance}`;
    const mine = (await board.look([WORKER])).find((lease) => lease.name === name);
    const lease = await board.take(name, mine);
    if (lease === undefined) return;
    this.#membership = lease;
    void this.#joinAgainAfter(lease);
  }

  async #joinAgainAfter(lease: Lease): Promise<void> {
    await lease.lost;
    if (this.#membership === lease) this.#membership = undefined;
  }

  /** Owner of each partition that is not free. */
  #ownersOf(leases: readonly WatchedLease[]): ReadonlyMap<number, string> {
    const { owner } = this.#options;
    const owners = new Map<number, string>();
    for (const [partition, lease] of partitionLeases(leases)) {
      // A lease in our name that we do not hold: the answer to our taking it was lost. It is as good as free.
      const isFree = lease.hasRunOut || lease.owner === owner;
      if (!isFree) owners.set(partition, lease.owner);
    }
    for (const partition of this.#held.keys()) owners.set(partition, owner);
    return owners;
  }

  #shareOf(owners: ReadonlyMap<number, string>): number {
    const { owner, partitionCount } = this.#options;
    const held = new Map<string, number>();
    for (const each of owners.values()) held.set(each, (held.get(each) ?? 0) + 1);
    return quotasOf(this.#members, held, partitionCount).get(owner) ?? 0;
  }

  async #takeFree(
    count: number,
    owners: ReadonlyMap<number, string>,
    leases: ReadonlyMap<number, WatchedLease>,
  ): Promise<void> {
    const { board, host, clock, owner, partitionCount } = this.#options;
    const nowMs = clock.monotonicMs();
    // Members begin at different places, so that they seldom want the same one.
    const offset = Math.floor((this.#members.indexOf(owner) * partitionCount) / this.#members.length);
    const free = Array.from({ length: partitionCount }, (_, i) => (i + offset) % partitionCount).filter(
      (partition) => !owners.has(partition) && (this.#notBeforeMs.get(partition) ?? 0) <= nowMs,
    );
    const ordered = [
      ...free.filter((partition) => host.hasState(partition)),
      ...free.filter((partition) => !host.hasState(partition)),
    ];
    let taken = 0;
    for (const partition of ordered) {
      if (taken >= count || this.#isStopping) return;
      const lease = await board.take(`${PARTITION}.${partition}`, leases.get(partition));
      if (lease === undefined) continue;
      taken++;
      this.#adopt(partition, lease);
    }
  }

  #adopt(partition: number, lease: Lease): void {
    const { host, clock, leaseMs, onMove, onFault } = this.#options;
    const held: Held = { lease, isLeaving: false, work: Promise.resolve() };
    this.#held.set(partition, held);
    onMove("taken", partition);
    held.work = host.adopt(partition, lease).catch(async (error: unknown) => {
      onFault(asFault(error), partition);
      this.#notBeforeMs.set(partition, clock.monotonicMs() + leaseMs);
      if (held.isLeaving) return;
      held.isLeaving = true;
      await this.#end(partition, held, "given-up");
    });
    void this.#leaveWhenLost(partition, held);
  }

  async #leaveWhenLost(partition: number, held: Held): Promise<void> {
    await held.lease.lost;
    this.#leave(partition, held, "lost");
  }

  #release(partition: number): void {
    const held = this.#held.get(partition);
    if (held === undefined || held.isLeaving) return;
    held.isLeaving = true;
    held.work = this.#handOver(partition, held);
  }

  async #handOver(partition: number, held: Held): Promise<void> {
    const { host, onFault, onMove } = this.#options;
    await held.work;
    if (this.#held.get(partition) !== held) return;
    try {
      await host.release(partition);
    } catch (error) {
      onFault(asFault(error), partition);
      await host.drop(partition);
    }
    // Lost meanwhile: that was told, and another may have it.
    if (this.#held.get(partition) !== held) return;
    this.#held.delete(partition);
    await held.lease.release();
    onMove("handed-over", partition);
  }

  /** Another owner has written to the partition's logs. */
  #giveUp(partition: number): void {
    const held = this.#held.get(partition);
    if (held === undefined || held.isLeaving) return;
    this.#notBeforeMs.set(partition, this.#options.clock.monotonicMs() + this.#options.leaseMs);
    this.#leave(partition, held, "given-up");
  }

  #leave(partition: number, held: Held, move: OwnershipMove): void {
    if (this.#held.get(partition) !== held) return;
    held.isLeaving = true;
    const cut = this.#options.host.drop(partition);
    held.work = Promise.all([held.work, cut]).then(() => this.#end(partition, held, move));
  }

  async #end(partition: number, held: Held, move: OwnershipMove): Promise<void> {
    if (this.#held.get(partition) !== held) return;
    await this.#options.host.drop(partition);
    this.#held.delete(partition);
    await held.lease.release();
    this.#options.onMove(move, partition);
  }
}

function partitionLeases(leases: readonly WatchedLease[]): ReadonlyMap<number, WatchedLease> {
  const found = new Map<number, WatchedLease>();
  for (const lease of leases) {
    const [word, number] = lease.name.split(".");
    if (word === PARTITION) found.set(Number(number), lease);
  }
  return found;
}

function asFault(error: unknown): TributaryError {
  return error instanceof TributaryError
    ? error
    : new TributaryError(codeOf(error), messageOf(error), { cause: error });
}
