import { systemClock } from "../../model/clock.ts";
import type { LeaseBoard } from "../../model/lease.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import { openLeaseKeeper } from "../../ingest/jetstream/lease-keeper.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { refused } from "./former-states.ts";

/** First words of the leases of workers, of their partitions and of the ERP connections that they run. */
const LEASES = ["worker", "partition", "runner"];
/** Owners that a message names. */
const NAMED_OWNERS = 5;

/**
 * Throws `repartition-refused` where a worker, here or elsewhere, renews a lease. One that died has left leases behind that
 * nobody renews: they are told apart by a look for as long as a lease lasts, in which a holder renews it three times.
 */
export async function refuseRunningFleet(
  board: Pick<LeaseBoard, "look">,
  wait: () => Promise<void>,
): Promise<void> {
  const before = new Map((await board.look(LEASES)).map(({ name, revision }) => [name, revision]));
  if (before.size === 0) return;
  await wait();
  const renewed = (await board.look(LEASES)).filter(({ name, revision }) => before.get(name) !== revision);
  if (renewed.length === 0) return;
  const owners = [...new Set(renewed.map(({ owner }) => owner))].sort();
  throw refused(
    `Workers run: ${owners.slice(0, NAMED_OWNERS).join(", ")}. Stop all workers of the fleet before the partition count is changed.`,
    { owners, leases: renewed.map(({ name }) => name) },
  );
}

/** The leases in the broker's bucket, and a wait for as long as one lasts. */
export async function fleetLeases(
  { replicas, partitions: { leaseMs } }: WorkerConfig,
  connection: BrokerConnection,
): Promise<readonly [board: LeaseBoard, wait: () => Promise<void>]> {
  const board = await openLeaseKeeper({
    connection,
    replicas,
    clock: systemClock,
    owner: "tributary-repartition",
    leaseMs,
    onFault: () => undefined,
  });
  const wait = (): Promise<void> =>
    new Promise((resolve) => {
      systemClock.schedule(leaseMs, resolve);
    });
  return [board, wait];
}
