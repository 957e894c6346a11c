import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { messageOf } from "../../model/errors.ts";
import { ENTITY_KINDS, type EntityKind } from "./entity-kinds.ts";
import { FaultList, type Sourced } from "./faults.ts";

/** What the files hold, unchecked; every number is its source text. */
export interface RawCatalog {
  readonly settings: readonly Sourced<unknown>[];
  readonly entities: Readonly<Record<EntityKind, readonly Sourced<unknown>[]>>;
}

const CATALOG_FILE = /\.(ya?ml|json)$/;
const SETTINGS_FILE = /^settings\.(ya?ml|json)$/;

/** Aliases a file may use: enough for shared blocks, too few for a document that expands without end. */
const MAX_ALIASES = 1_000;

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

/** The file's value; undefined, and faults, where it can't be read. JSON is read as YAML, which includes it. */
function parseFile(file: string, text: string, faults: FaultList): unknown {
  const source = { file, path: [] };
  const document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: true });
  for (const problem of [...document.errors, ...document.warnings])
    faults.add(source, [], (problem.message.split("\n")[0] ?? "").replace(/:$/, ""));
  if (document.errors.length > 0) return undefined;
  try {
    const value = new ValueReader(document).read(document.contents);
    if (value !== null) return value;
    faults.add(source, [], "is empty");
  } catch (error) {
    faults.add(source, [], messageOf(error));
  }
  return undefined;
}

/** Turns the nodes of a document into plain values, with numbers as their source text: no digit can be lost. */
class ValueReader {
  readonly #document: Document;
  #aliases = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  read(node: unknown): unknown {
    if (isAlias(node)) return this.read(this.#resolve(node));
    if (isScalar(node)) {
      const { value } = node;
      return typeof value === "number" || typeof value === "bigint" ? (node.source ?? String(value)) : value;
    }
    if (isSeq(node)) return node.items.map((item) => this.read(item));
    if (isMap(node)) {
      // No prototype: a key such as __proto__ stays a key, and is reported as unknown.
      const object: Record<string, unknown> = Object.create(null);
      for (const { key, value } of node.items) object[String(this.read(key))] = this.read(value);
      return object;
    }
    return null;
  }

  #resolve(alias: Alias): unknown {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) throw new RangeError(`uses more than ${MAX_ALIASES} aliases`);
    return alias.resolve(this.#document);
  }
}
