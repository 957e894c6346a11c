import type { Lease } from "../../../src/model/lease.ts";
import type { OwnershipHost, OwnershipMove } from "../../../src/fleet/ownership/ownership-host.ts";
import { PartitionOwnership } from "../../../src/fleet/ownership/partition-ownership.ts";
import { seeded, type SimClock } from "../posting/sim-clock.ts";
import { SimProcess } from "../posting/sim-process.ts";
import type { MemoryLeases } from "../memory-leases.ts";

export interface MemberOptions {
  readonly clock: SimClock;
  readonly leases: MemoryLeases;
  readonly name: string;
  readonly partitionCount: number;
  readonly leaseMs: number;
  readonly seed: number;
  /** Longest time that bringing a state here, or handing one over, takes. */
  readonly workMs: number;
}

/** A process of a simulated fleet: the worker's own ownership on leases in memory; its partitions only take time. */
export class MemberProcess {
  readonly name: string;
  readonly process: SimProcess;
  readonly ownership: PartitionOwnership;
  readonly moves: OwnershipMove[] = [];
  /** Partitions that run here, with their leases. */
  readonly running = new Map<number, Lease>();
  hasLeft = false;

  constructor({ clock, leases, name, partitionCount, leaseMs, seed, workMs }: MemberOptions) {
    this.name = name;
    const random = seeded(seed);
    const process = new SimProcess(clock, Infinity, () => {
      this.running.clear();
    });
    this.process = process;
    const work = (): Promise<void> =>
      new Promise((resolve) => {
        process.clock.schedule(random() * workMs, resolve);
      });
    const states = Array.from({ length: partitionCount }, () => random() < 0.5);
    const host: OwnershipHost = {
      hasState: (partition) => states[partition] === true,
      adopt: async (partition, lease) => {
        await work();
        if (random() < 0.05) throw new Error("no state could be brought here");
        if (lease.validUntilMs > 0) this.running.set(partition, lease);
      },
      release: async (partition) => {
        await work();
        this.running.delete(partition);
        await work();
      },
      drop: (partition) => {
        this.running.delete(partition);
        return Promise.resolve();
      },
      refused: () => Promise.resolve([]),
    };
    const owner = `${name} ${seed}`;
    const board = leases.boardOf(process, owner);
    this.ownership = new PartitionOwnership({
      board,
      host,
      clock: process.clock,
      owner,
      instance: `${name}${seed}`,
      partitionCount,
      leaseMs,
      onMove: (move) => {
        this.moves.push(move);
      },
      onFault: () => undefined,
    });
    this.ownership.start();
  }

  get isThere(): boolean {
    return !this.process.isDead && !this.hasLeft;
  }

  async leave(): Promise<void> {
    await this.ownership.stop();
    this.hasLeft = true;
  }

  count(move: OwnershipMove): number {
    return this.moves.filter((each) => each === move).length;
  }
}
