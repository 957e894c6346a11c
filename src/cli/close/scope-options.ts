import { InvalidArgumentError, type Command } from "commander";
import { TributaryError } from "../../model/errors.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import type { LegalEntity } from "../../billing/catalog/legal-entity.ts";
import { isCalendarDay, monthDays, timedScope, type TimedScope } from "../../pipeline/close/close-scope.ts";

/** Which period of which legal entity. */
export interface ScopeOptions {
  readonly legalEntity?: string;
  readonly period?: { readonly from: string; readonly to: string };
  readonly from?: string;
  readonly to?: string;
  /** Ask the owners of the partitions. */
  readonly owners?: boolean;
}

/** Adds `--legal-entity`, `--period`, `--from`, `--to`, `--owners`. */
export function addScopeOptions(command: Command): Command {
  return command
    .option("--legal-entity <key>", "legal entity; needed where the catalog has several")
    .option("--period <month>", "calendar month in the legal entity's time zone, like 2026-03", parseMonth)
    .option("--from <day>", "in place of --period: first day, like 2026-03-01", parseDay)
    .option("--to <day>", "in place of --period: the day behind the last one", parseDay)
    .option(
      "--owners",
      "ask the workers that own the partitions for their parts, in place of reading the state directory",
    );
}

/** The scope that the options name, by the legal entities of catalogs. Throws `usage-invalid`. */
export function scopeOf(
  options: ScopeOptions,
  catalogs: readonly Pick<CompiledCatalog, "legalEntities">[],
): TimedScope {
  const { period } = options;
  const from = period?.from ?? options.from;
  const to = period?.to ?? options.to;
  if (period !== undefined && (options.from !== undefined || options.to !== undefined))
    throw new TributaryError("usage-invalid", "Name --period, or --from and --to, not both.");
  if (from === undefined || to === undefined)
    throw new TributaryError("usage-invalid", "Name the period: --period, or --from and --to.");
  if (from >= to) throw new TributaryError("usage-invalid", `${from} is not before ${to}.`);
  return timedScope(entityOf(options.legalEntity, catalogs), from, to);
}

function entityOf(
  key: string | undefined,
  catalogs: readonly Pick<CompiledCatalog, "legalEntities">[],
): LegalEntity {
  const entities = new Map<string, LegalEntity>();
  for (const { legalEntities } of catalogs)
    for (const [name, entity] of legalEntities) entities.set(name, entity);
  const [only] = entities.values();
  const entity = key === undefined && entities.size === 1 ? only : entities.get(key ?? "");
  if (entity !== undefined) return entity;
  const known = [...entities.keys()].sort().join(", ");
  throw new TributaryError(
    "usage-invalid",
    entities.size === 0
      ? "The state directory holds no partition with a catalog in effect."
      : key === undefined
        ? `Name the --legal-entity: there are ${known}.`
        : `There is no legal entity ${key}; there are ${known}.`,
  );
}

function parseMonth(text: string): { readonly from: string; readonly to: string } {
  const days = monthDays(text);
  if (days === undefined) throw new InvalidArgumentError("It must be a month such as 2026-03.");
  return days;
}

function parseDay(text: string): string {
  if (!isCalendarDay(text)) throw new InvalidArgumentError("It must be a day such as 2026-03-01.");
  return text;
}
