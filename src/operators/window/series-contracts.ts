import type {
  CompiledCatalog,
  CompiledContract,
  CompiledMeter,
  CompiledSettings,
} from "../../billing/catalog/compiled.ts";
import { noContract } from "../rate/no-contract.ts";
import type { SeriesInfo } from "../rate/series-info.ts";
import type { SeriesTable } from "../series-table.ts";

const NO_GROUP: SeriesInfo["group"] = {};

function groupOf({ groupBy }: CompiledMeter, groupValues: readonly string[]): SeriesInfo["group"] {
  if (groupBy.length === 0) return NO_GROUP;
  const group: Record<string, string> = {};
  groupBy.forEach((dimension, i) => (group[dimension.name] = groupValues[i] ?? ""));
  return group;
}

/** What the catalog in effect says of the series of a partition. */
export class SeriesContracts {
  readonly #series: SeriesTable;
  #catalog: CompiledCatalog | undefined;

  constructor(series: SeriesTable) {
    this.#series = series;
  }

  setCatalog(catalog: CompiledCatalog): void {
    this.#catalog = catalog;
  }

  /** A series with the contract at a time, or a stand-in where none covers it. */
  infoOf(id: number, startMs: number): SeriesInfo {
    const { account, meter: meterKey, groupValues } = this.#series.get(id);
    const meter = this.meterOf(meterKey);
    const contract =
      this.contractOf(id, startMs) ?? noContract(account, startMs, startMs + this.settings.cellMs);
    return { id, account, meter, group: groupOf(meter, groupValues), contract };
  }

  contractOf(series: number, timeMs: number): CompiledContract | undefined {
    return this.#requireCatalog().contractAt(this.#series.get(series).account, timeMs);
  }

  meterOf(key: string): CompiledMeter {
    const meter = this.#requireCatalog().meters.get(key);
    if (meter === undefined) throw new Error(`meter ${key} has usage but is not in the catalog`);
    return meter;
  }

  /** Meter of a series. */
  meterOfSeries(id: number): CompiledMeter {
    return this.meterOf(this.#series.get(id).meter);
  }

  get settings(): CompiledSettings {
    return this.#requireCatalog().settings;
  }

  #requireCatalog(): CompiledCatalog {
    if (this.#catalog === undefined) throw new Error("usage before the first catalog record");
    return this.#catalog;
  }
}
