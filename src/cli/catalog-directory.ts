import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { TributaryError } from "../model/errors.ts";
import { compileCatalog } from "../billing/catalog/compile.ts";
import type { CompiledCatalog } from "../billing/catalog/compiled.ts";
import { loadCatalog } from "../billing/catalog/load.ts";

/** Files of a catalog directory that are read; everything else in it is left alone. */
const CATALOG_FILE = /\.(ya?ml|json)$/;

export interface LoadedCatalog {
  readonly compiled: CompiledCatalog;
  /** Canonical form, as stored under its hash. */
  readonly canonical: string;
}

/** Texts of the catalog's files by their path relative to the directory, with forward slashes. */
export async function readCatalogFiles(directory: string): Promise<Map<string, string>> {
  let names: string[];
  try {
    names = await readdir(directory, { recursive: true });
  } catch (cause) {
    throw new TributaryError("catalog-invalid", `The catalog directory ${directory} can't be read.`, {
      cause,
    });
  }
  const files = new Map<string, string>();
  for (const name of names.sort()) {
    if (!CATALOG_FILE.test(name)) continue;
    const path = join(directory, name);
    files.set(relative(directory, path).split(sep).join("/"), await readFile(path, "utf8"));
  }
  return files;
}

/** Reads, checks and compiles a catalog directory; all its faults are in one error. */
export async function loadCatalogDirectory(directory: string): Promise<LoadedCatalog> {
  const result = loadCatalog(await readCatalogFiles(directory));
  if (!result.ok) {
    const lines = result.faults.map(
      (fault) => `${fault.file}: ${fault.path === "" ? "" : `${fault.path}: `}${fault.message}`,
    );
    throw new TributaryError(
      "catalog-invalid",
      `The catalog in ${directory} has faults:\n  ${lines.join("\n  ")}`,
      {
        details: { faults: result.faults },
      },
    );
  }
  return { compiled: compileCatalog(result.catalog, result.version), canonical: result.canonical };
}
