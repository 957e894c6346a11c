import type { StateRow } from "../../../src/model/store.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { Rater } from "../../../src/operators/rate/rate-operator.ts";
import type { SeriesInfo, WindowFiring } from "../../../src/operators/rate/series-info.ts";
import { compiled } from "../billing/catalog-fixture.ts";
import { useCatalog } from "../../support/rater-work.ts";

export const HOUR_MS = 3_600_000;
export const START_MS = Date.parse("2026-01-10T00:00:00Z");
export const catalog = compiled();

export function seriesOf(
  id: number,
  meter: string,
  group: Record<string, string> = {},
  from: CompiledCatalog = catalog,
): SeriesInfo {
  const compiledMeter = from.meters.get(meter);
  const contract = from.contractAt("acme.com", START_MS);
  if (compiledMeter === undefined || contract === undefined) throw new Error(`no ${meter}`);
  return { id, account: "acme.com", meter: compiledMeter, group, contract };
}

export function firing(
  series: SeriesInfo,
  hour: number,
  change: Partial<WindowFiring> & { value: bigint },
): WindowFiring {
  return {
    series,
    startMs: START_MS + hour * HOUR_MS,
    endMs: START_MS + (hour + 1) * HOUR_MS,
    kind: "window",
    emittedValue: 0n,
    events: 1,
    emittedEvents: 0,
    revision: 1,
    eventCharges: undefined,
    periodQuantity: undefined,
    ...change,
  };
}

/** Rows as a store keeps them. */
export class Rows {
  readonly #rows = new Map<string, Map<number, Uint8Array>>();

  commit(rater: Rater): number {
    const changes: StateRow[] = [];
    rater.collectChanges(changes);
    for (const { space, key, value } of changes) {
      const rows = this.#rows.get(space) ?? new Map<number, Uint8Array>();
      this.#rows.set(space, rows);
      if (value === null) rows.delete(key);
      else rows.set(key, value);
    }
    return changes.length;
  }

  *rows(space: string): Iterable<{ key: number; value: Uint8Array }> {
    const rows = [...(this.#rows.get(space) ?? [])].sort(([a], [b]) => a - b);
    for (const [key, value] of rows) yield { key, value };
  }

  spaces(prefix: string): string[] {
    return [...this.#rows.keys()].filter((space) => space.startsWith(prefix)).sort();
  }
}

export function newRater(rows = new Rows()): Rater {
  const rater = new Rater();
  rater.restore(rows);
  useCatalog(rater, catalog);
  return rater;
}
