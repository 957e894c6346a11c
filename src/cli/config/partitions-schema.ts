import { z } from "zod";
import { DURATION_UNIT_MS } from "../../model/duration.ts";
import { DEFAULT_PARTITION_COUNT, MAX_PARTITION_COUNT } from "../../model/partition.ts";
import { ownedPartitions } from "./owned-partitions.ts";
import { duration } from "./setting-types.ts";

const { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS } = DURATION_UNIT_MS;

/** More workers than partitions would have nothing to do. */
const MAX_WORKERS = MAX_PARTITION_COUNT;
/** A snapshot is a list and what has changed; more of them than this are an archive, which `tributary backup` keeps. */
const MAX_SNAPSHOTS = 100;

export const partitions = z
  .strictObject({
    count: z.int().min(1).max(MAX_PARTITION_COUNT).default(DEFAULT_PARTITION_COUNT).meta({
      description:
        "Number of partitions. Part of the data's identity: it can't be changed once events are stored.",
    }),
    assignment: z.enum(["static", "elastic"]).default("static").meta({
      description:
        "`static`: this worker has the partitions that `owned`, or `ordinal` and `workers`, give it, and their states stay on its disk. `elastic`: the workers that are there share out all partitions by leases, and states move as snapshots in the broker's object stores.",
    }),
    owned: z
      .union([z.string(), z.array(z.union([z.int().min(0), z.string()]))], {
        error: `must be "all" or a list of numbers and ranges such as 3 and "0-7"`,
      })
      .optional()
      .meta({
        description: `Partitions of this worker: "all" (the default), or numbers and ranges such as \`["0-7", 9]\`. No two workers may own the same one.`,
      }),
    ordinal: z
      .int()
      .min(0)
      .max(MAX_WORKERS - 1)
      .optional()
      .meta({
        description:
          "Instead of `owned`: this worker's number among `workers`, from 0, as a StatefulSet gives it. It owns each partition whose number leaves this remainder.",
      }),
    workers: z
      .int()
      .min(1)
      .max(MAX_WORKERS)
      .optional()
      .meta({ description: "Number of workers that `ordinal` counts; the same for all of them." }),
    lease: duration(
      "15s",
      "With elastic assignment: how long a partition is left to a worker that renews its lease no more. A worker that died is replaced after this time.",
      { minMs: SECOND_MS, maxMs: 10 * MINUTE_MS },
    ),
    expected_events_per_day: z.int().min(1).optional().meta({
      description:
        "Events a day of all partitions that are deduplicated by their ids; `validate` refuses more than the ids of `dedupe_horizon` that partitions can remember. Absent: not checked.",
    }),
  })
  .transform((value, context) => {
    const report = (path: string, message: string): void => {
      context.addIssue({ code: "custom", path: [path], message });
    };
    const { count, assignment, ordinal, workers } = value;
    const { lease: leaseMs, expected_events_per_day: expectedEventsPerDay } = value;
    const { owned, fault } = ownedBy(value);
    if (fault !== undefined) report(fault.path, fault.message);
    if (ordinal !== undefined && workers !== undefined && ordinal >= Math.min(workers, count))
      report("ordinal", `must be less than workers (${workers}) and count (${count})`);
    return { count, assignment, owned, leaseMs, expectedEventsPerDay };
  })
  .prefault({})
  .meta({ description: "Which part of the accounts this worker processes." });

interface AssignmentInput {
  readonly count: number;
  readonly assignment: "static" | "elastic";
  readonly owned?: string | readonly (number | string)[] | undefined;
  readonly ordinal?: number | undefined;
  readonly workers?: number | undefined;
}

interface Owned {
  readonly owned: number[];
  readonly fault?: { readonly path: string; readonly message: string };
}

function ownedBy({ count, assignment, owned, ordinal, workers }: AssignmentInput): Owned {
  const all = Array.from({ length: count }, (_, partition) => partition);
  const refuse = (path: string, message: string): Owned => ({ owned: all, fault: { path, message } });
  if (assignment === "elastic") {
    if (owned !== undefined) return refuse("owned", "can't be given with elastic assignment");
    return ordinal === undefined && workers === undefined
      ? { owned: all }
      : refuse(ordinal === undefined ? "workers" : "ordinal", "can't be given with elastic assignment");
  }
  if (ordinal === undefined && workers === undefined) {
    const result = ownedPartitions(owned ?? "all", count);
    return result.ok ? { owned: result.partitions } : refuse("owned", result.message);
  }
  if (owned !== undefined) return refuse("owned", "ordinal and workers are given as well: choose one way");
  if (ordinal === undefined || workers === undefined)
    return refuse(ordinal === undefined ? "ordinal" : "workers", "ordinal and workers belong together");
  return { owned: all.filter((partition) => partition % workers === ordinal) };
}

export const snapshots = z
  .strictObject({
    interval: duration(
      "60s",
      "Time between two snapshots of a partition: a worker that takes over from one that died reads at most so much usage again.",
      { minMs: SECOND_MS, maxMs: 24 * HOUR_MS },
    ),
    keep: z.int().min(2).max(MAX_SNAPSHOTS).default(3).meta({
      description: "Snapshots of each partition that are kept; older ones serve where the newest is damaged.",
    }),
  })
  .prefault({})
  .meta({
    description:
      "With elastic assignment: snapshots of the partitions' states in object stores of the broker, which `tributary backup` and `restore` use with `--broker`.",
  });
