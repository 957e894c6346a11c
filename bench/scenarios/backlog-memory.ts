import type { Figures } from "../report/figures.ts";
import { committedEvents, sumOfMetric } from "../worker/metrics-text.ts";

const MIB = 2 ** 20;

/** Resident memory of a worker while it reads a backlog, without the keys, which grow with what is remembered. */
export class BacklogMemory {
  readonly #samples: { readonly events: number; readonly bytes: number }[] = [];

  look(metrics: string): void {
    const events = committedEvents(metrics);
    const resident = sumOfMetric(metrics, "process_resident_memory_bytes");
    if (events > 0)
      this.#samples.push({ events, bytes: resident - sumOfMetric(metrics, "tributary_dedupe_bytes") });
  }

  /** By how much the most of the last third of the backlog exceeds that of the first; nothing where a third has no sample. */
  figures(backlogEvents: number): Figures {
    const most = (from: number, to: number): number =>
      Math.max(
        ...this.#samples
          .filter(({ events }) => events > backlogEvents * from && events <= backlogEvents * to)
          .map(({ bytes }) => bytes),
      );
    const growth = most(2 / 3, 1) - most(0, 1 / 3);
    return Number.isFinite(growth) ? { backlogGrowthMiB: growth / MIB, backlogEvents } : {};
  }
}
