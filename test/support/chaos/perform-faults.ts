import { setTimeout as delay } from "node:timers/promises";
import type { TestCluster } from "../nats-cluster.ts";
import { allLanes } from "../worker/all-lanes.ts";
import type { ChaosFleet } from "./chaos-fleet.ts";
import { BROKER_FAULTS, type FaultKind, type ScheduledFault } from "./schedule.ts";
import type { LineMode, TcpProxy } from "./tcp-proxy.ts";

export interface FaultTargets {
  readonly cluster: TestCluster;
  readonly fleet: ChaosFleet;
  /** Lines of each worker to each broker. */
  readonly lines: readonly (readonly TcpProxy[])[];
}

/** Makes things fail as a schedule says. */
export class FaultPerformer {
  /** Faults that began, by kind. */
  readonly performed = new Map<FaultKind, number>();
  readonly #targets: FaultTargets;
  readonly #signal: AbortSignal;

  constructor(targets: FaultTargets, signal: AbortSignal) {
    this.#targets = targets;
    this.#signal = signal;
  }

  /**
   * Resolves when all faults are over; an abort ends those that go on and leaves the others out. One that befalls the same worker, or brokers, as the
   * one before begins when that is over: a cluster that has lost its majority takes its time to find a leader again.
   */
  async perform(schedule: readonly ScheduledFault[], began: (fault: ScheduledFault) => void): Promise<void> {
    const startedMs = performance.now();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#signal]);
    const lanes = new Map<string, ScheduledFault[]>();
    for (const fault of schedule) {
      const lane = isOfBrokers(fault.kind) ? "brokers" : `worker ${fault.targets.join(" ")}`;
      lanes.set(lane, [...(lanes.get(lane) ?? []), fault]);
    }
    await allLanes(
      [...lanes.values()].map(async (lane) => {
        for (const fault of lane) {
          await wait(startedMs + fault.atMs - performance.now(), signal);
          if (signal.aborted) return;
          began(fault);
          this.performed.set(fault.kind, (this.performed.get(fault.kind) ?? 0) + 1);
          const end = await this.#begin(fault);
          await wait(fault.durationMs, signal);
          await end();
        }
      }),
      () => {
        stop.abort();
      },
    );
  }

  /** Lets a fault begin; the function that it gives ends it. */
  async #begin(fault: ScheduledFault): Promise<() => void | Promise<void>> {
    const { fleet } = this.#targets;
    const [target = 0] = fault.targets;
    switch (fault.kind) {
      case "worker-kill":
        await fleet.kill(target);
        if (fault.losesDisk === true) fleet.disks[target]?.lose();
        return () => {
          fleet.start(target);
        };
      case "worker-pause":
        fleet.send(target, "SIGSTOP");
        return () => {
          fleet.send(target, "SIGCONT");
        };
      case "clock-skew":
        fleet.setClock(target, fault.byMs ?? 0);
        return () => {
          fleet.setClock(target, 0);
        };
      case "disk-full":
        fleet.disks[target]?.fill();
        return () => fleet.disks[target]?.free();
      case "network-cut":
        return this.#disturb(fault, { kind: "cut" });
      case "network-hang":
        return this.#disturb(fault, { kind: "hang" });
      case "network-delay":
        return this.#disturb(fault, { kind: "delay", delayMs: fault.byMs ?? 0 });
      case "broker-kill":
        return await this.#killBrokers(fault.targets);
      case "quorum-loss":
      case "broker-pause":
        break;
    }
    return this.#pauseBrokers(fault.targets);
  }

  #disturb({ targets, lines = [] }: ScheduledFault, mode: LineMode): () => void {
    const [worker = 0] = targets;
    const disturbed = lines.flatMap((broker) => this.#targets.lines[worker]?.[broker] ?? []);
    for (const line of disturbed) line.set(mode);
    return () => {
      for (const line of disturbed) line.set({ kind: "pass" });
    };
  }

  async #killBrokers(brokers: readonly number[]): Promise<() => Promise<void>> {
    const servers = brokers.flatMap((broker) => this.#targets.cluster.servers[broker] ?? []);
    await Promise.all(servers.map((server) => server.kill()));
    return async () => {
      await Promise.all(servers.map((server) => server.restart()));
    };
  }

  #pauseBrokers(brokers: readonly number[]): () => void {
    const pids = brokers.flatMap((broker) => this.#targets.cluster.servers[broker]?.pid() ?? []);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    return () => {
      for (const pid of pids) process.kill(pid, "SIGCONT");
    };
  }
}

function isOfBrokers(kind: FaultKind): boolean {
  return BROKER_FAULTS.some((each) => each === kind);
}

async function wait(waitMs: number, signal: AbortSignal): Promise<void> {
  await delay(Math.max(0, waitMs), undefined, { signal }).catch(() => undefined);
}
