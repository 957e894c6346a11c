import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../model/clock.ts";
import { codeOf, messageOf } from "../../model/errors.ts";
import { noFaults } from "../../model/fault-injection.ts";
import type { BrokerConnection } from "../../ingest/jetstream/connection.ts";
import type { RepartitionFigure } from "../../pipeline/repartition/balance.ts";
import { partitionFolder } from "../../state/open-database.ts";
import { openPartitionStoreReadOnly } from "../../state/partition-store.ts";
import type { RepartitionPlan } from "../../state/repartition-plan.ts";
import { copyState } from "../../state/snapshots/copy-state.ts";
import type { WorkerConfig } from "../config/worker-config.ts";
import { compareParts } from "./compare-parts.ts";
import { divideFormer, type PartRow, type PartToBuild } from "./divide-former.ts";
import { formerStates } from "./refuse-change.ts";
import { repartitionedRecord } from "./part-records.ts";

/** Copies of a rehearsal: removed when it ends, and by the next one. */
const FOLDER = ".repartition-rehearsal";
/** Stands where a change would append its records: nothing is appended. */
const NOWHERE = { controlFingerprint: new Uint8Array(32), usageCreatedAt: "", controlCreatedAt: "" };

export interface Rehearsal {
  readonly rows: readonly PartRow[];
  readonly figures: readonly RepartitionFigure[];
  /** What would keep the change from being made as things stand; null where nothing does. */
  readonly obstacle: { readonly code: string; readonly message: string } | null;
  /** Messages stored behind the states; null where the obstacle kept it from being told. */
  readonly backlog: number | null;
  readonly seconds: number;
}

/**
 * Divides copies of all states and compares the figures, as a change does. Nothing is changed, here or at the broker, and a
 * worker may run. It takes as long as the change, and a copy of each state more.
 */
export async function rehearse(
  config: WorkerConfig,
  broker: BrokerConnection,
  plan: RepartitionPlan,
  onProgress: (text: string) => void,
): Promise<Rehearsal> {
  const startedMs = systemClock.monotonicMs();
  const folder = join(config.stateDir, FOLDER);
  rmSync(folder, { recursive: true, force: true });
  try {
    const about = await formerStates(config, broker, true).then(
      (states) => ({ obstacle: null, backlog: states.reduce((sum, { backlog }) => sum + backlog, 0) }),
      (fault: unknown) => ({ obstacle: { code: codeOf(fault), message: messageOf(fault) }, backlog: null }),
    );
    const formers: { partition: number; folder: string }[] = [];
    const parts: (PartToBuild & { readonly from: number })[] = [];
    for (let partition = 0; partition < plan.formerCount; partition++) {
      const former = join(folder, `former-${partition}`);
      mkdirSync(former, { recursive: true });
      const identity = { partition, partitionCount: plan.formerCount };
      await copyState(partitionFolder(config.stateDir, partition), identity, former);
      formers.push({ partition, folder: former });
      const record = repartitionedRecord(plan, partition, positionIn(former));
      const place = { ...NOWHERE, controlSequence: record.from.controlSequence + 1 };
      const own: PartToBuild[] = [];
      for (let part = partition; part < plan.partitionCount; part += plan.formerCount)
        own.push({ partition: part, place, folder: join(folder, `part-${part}`) });
      await divideFormer({
        config,
        partition,
        folder: former,
        record,
        parts: own,
        faults: noFaults,
        onProgress,
      });
      parts.push(...own.map((part) => ({ ...part, from: partition })));
    }
    const compared = await compareParts({ config, formers, parts, ...plan, onProgress });
    return { ...compared, ...about, seconds: (systemClock.monotonicMs() - startedMs) / 1_000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function positionIn(folder: string) {
  const store = openPartitionStoreReadOnly(folder);
  try {
    const stored = store.load();
    if (stored === undefined) throw new RangeError("a state without a checkpoint was copied");
    return stored.position;
  } finally {
    store.close();
  }
}
