import type { PartitionEngine } from "../partition-engine.ts";
import type { TimedScope } from "./close-scope.ts";
import type { CloseItem } from "./line-part.ts";

type Region = ReturnType<PartitionEngine["windows"]["watermark"]["regions"]>[number];

/** Regions that keep the watermark from passing a time: active ones behind it, or all where all are idle. */
function holding(engine: PartitionEngine, timeMs: number): readonly Region[] {
  const regions = engine.windows.watermark.regions();
  const active = regions.filter(({ idle }) => !idle);
  return active.length === 0 ? regions : active.filter(({ watermarkMs }) => watermarkMs < timeMs - 1);
}

/** The same by name, with the reason. */
export function holdersOf(engine: PartitionEngine, timeMs: number): string {
  const names = holding(engine, timeMs).map(
    ({ name, watermarkMs, idle }) => `region ${name} (${whatItDoes(watermarkMs, idle)})`,
  );
  return names.length === 0 ? "no region (an event or a close moves it)" : names.join(", ");
}

export function watermarkItems(engine: PartitionEngine, { toMs }: TimedScope): CloseItem[] {
  if (engine.watermarkMs >= toMs - 1) return [];
  const regions = holding(engine, toMs);
  if (regions.length === 0)
    return [
      { id: "partition", sinceMs: undefined, amount: undefined, detail: "no region has sent anything" },
    ];
  return regions.map(({ name, watermarkMs, idle }) => ({
    id: name,
    sinceMs: Number.isFinite(watermarkMs) ? watermarkMs : undefined,
    amount: undefined,
    detail: `region ${name}: ${whatItDoes(watermarkMs, idle)}`,
  }));
}

function whatItDoes(watermarkMs: number, idle: boolean): string {
  if (!Number.isFinite(watermarkMs)) return idle ? "idle, has sent nothing" : "has sent nothing";
  const time = new Date(watermarkMs).toISOString();
  return idle ? `idle, all regions are; was at ${time}` : `is at ${time}`;
}
