import { ENTITY_KINDS, type EntityKind } from "./entity-kinds.ts";
import type { FaultList, Sourced } from "./faults.ts";
import { readJson } from "./read-json.ts";
import { readYaml } from "./read-yaml.ts";

/** What the files hold, unchecked; every number is its source text. */
export interface RawCatalog {
  readonly settings: readonly Sourced<unknown>[];
  readonly entities: Readonly<Record<EntityKind, readonly Sourced<unknown>[]>>;
}

const CATALOG_FILE = /\.(ya?ml|json)$/;
const SETTINGS_FILE = /^settings\.(ya?ml|json)$/;

/**
 * Reads the files of a catalog directory, in the order of their names. Files that are neither YAML nor JSON (a README)
 * are left alone; a YAML or JSON file that is in no folder of the catalog is a fault.
 * @param files text by path relative to the directory, with "/" between parts
 */
export function readFiles(files: ReadonlyMap<string, string>, faults: FaultList): RawCatalog {
  const settings: Sourced<unknown>[] = [];
  const entities: Record<EntityKind, Sourced<unknown>[]> = {
    meters: [],
    products: [],
    plans: [],
    contracts: [],
    customers: [],
    legal_entities: [],
    tax_rates: [],
    exchange_rates: [],
    erp: [],
    mappings: [],
  };
  for (const [file, text] of [...files].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    if (!CATALOG_FILE.test(file)) continue;
    const isSettings = SETTINGS_FILE.test(file);
    const folder = ENTITY_KINDS.find((name) => file.startsWith(`${name}/`));
    if (!isSettings && folder === undefined) {
      const known = `settings.yaml, ${ENTITY_KINDS.map((name) => `${name}/`).join(", ")}`;
      faults.add({ file, path: [] }, [], `is not a file of the catalog, which has ${known}`);
      continue;
    }
    const value = parseFile(file, text, faults);
    if (value === undefined) continue;
    if (folder === undefined) settings.push({ value, file, path: [] });
    else if (Array.isArray(value))
      value.forEach((entity: unknown, index) =>
        entities[folder].push({ value: entity, file, path: [index] }),
      );
    else entities[folder].push({ value, file, path: [] });
  }
  return { settings, entities };
}

/** The file's value; undefined, and faults, where it can't be read. */
function parseFile(file: string, text: string, faults: FaultList): unknown {
  // What readJson does not take is read as YAML, which includes JSON: the fault is told in the same words for both.
  const value = file.endsWith(".json") ? readJson(text) : undefined;
  return value === undefined ? readYaml(file, text, faults) : value;
}
