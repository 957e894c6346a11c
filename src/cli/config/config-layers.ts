import { LineCounter, parseDocument } from "yaml";
import { ENVIRONMENT_PREFIX, valueOfText, type ConfigKey } from "./config-keys.ts";
import type { ConfigFault } from "./interpolate.ts";

/** A configuration as nested plain objects, not validated yet. */
export type ConfigTree = Record<string, unknown>;

/** Aliases are a convenience, not a way to build a gigabyte out of a kilobyte. */
const MAX_ALIASES = 100;

function isTree(value: unknown): value is ConfigTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Parses the file. Its faults say where, never what stands there: the parser's own messages quote the source, and the
 * source may hold a secret.
 */
export function parseConfigFile(text: string, file: string, faults: ConfigFault[]): ConfigTree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  for (const problem of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const kind = problem.code.toLowerCase().replaceAll("_", " ");
    faults.push({ path: file, message: `not valid YAML at line ${line}, column ${col} (${kind})` });
  }
  if (faults.length > 0) return {};
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    faults.push({ path: file, message: "an alias has no anchor, or there are too many aliases" });
    return {};
  }
  if (value === null || value === undefined) return {};
  if (isTree(value)) return value;
  faults.push({ path: file, message: "must be a mapping of settings" });
  return {};
}

/** Settings of the environment by path; a variable with the prefix that names no setting is a fault, an empty one is absent. */
export function environmentLayer(
  env: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
  faults: ConfigFault[],
): Map<ConfigKey, unknown> {
  const byName = new Map(keys.map((key) => [key.environment, key]));
  const layer = new Map<ConfigKey, unknown>();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === undefined || text === "") continue;
    const key = byName.get(name);
    if (key === undefined) faults.push({ path: name, message: "no such setting" });
    else layer.set(key, valueOfText(key.kind, text));
  }
  return layer;
}

/** Settings of flags by path (`nats.servers`); secrets and unknown paths are faults. */
export function flagLayer(
  flags: Readonly<Record<string, string | undefined>>,
  keys: readonly ConfigKey[],
  faults: ConfigFault[],
): Map<ConfigKey, unknown> {
  const byPath = new Map(keys.map((key) => [key.path, key]));
  const layer = new Map<ConfigKey, unknown>();
  for (const [path, text] of Object.entries(flags)) {
    if (text === undefined) continue;
    const key = byPath.get(path);
    if (key === undefined) faults.push({ path, message: "no such setting" });
    else if (key.secret) faults.push({ path, message: "a secret can't be given by a flag; use a file" });
    else layer.set(key, valueOfText(key.kind, text));
  }
  return layer;
}

/** The section of the tree that holds a setting, created where missing; undefined where something else stands there. */
function sectionOf(tree: ConfigTree, names: readonly string[]): ConfigTree | undefined {
  let section = tree;
  for (const name of names) {
    const below = section[name];
    if (below !== undefined && !isTree(below)) return undefined;
    const next: ConfigTree = below ?? {};
    section[name] = next;
    section = next;
  }
  return section;
}

/** Writes the settings of a higher layer into the tree. A secret and its file displace each other. */
export function applyLayer(
  tree: ConfigTree,
  layer: ReadonlyMap<ConfigKey, unknown>,
  keys: readonly ConfigKey[],
): void {
  const given = new Set([...layer.keys()].map((key) => key.path));
  for (const [key, value] of layer) {
    const names = key.path.split(".");
    const last = names.pop() ?? "";
    const section = sectionOf(tree, names);
    // What is no section is left for the schema to report.
    if (section === undefined) continue;
    section[last] = value;
    const twin = keys.find(
      (other) =>
        (key.secret && other.path === `${key.path}_file`) ||
        (other.secret && key.path === `${other.path}_file`),
    );
    if (twin !== undefined && !given.has(twin.path)) delete section[twin.path.split(".").at(-1) ?? ""];
  }
}
