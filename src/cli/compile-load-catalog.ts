import { canonicalForm, catalogVersion } from "../billing/catalog/canonical.ts";
import { compileCatalog } from "../billing/catalog/compile.ts";
import { loadCatalog } from "../billing/catalog/load.ts";
import { loadCatalogFiles, loadContracts, type CatalogShape } from "../load/load-catalog.ts";
import type { LoadedCatalog } from "./catalog-directory.ts";

/**
 * The catalog of `writeLoadCatalog` without the way through files: a million contracts take seconds here, and minutes in
 * a parser. All but the contracts is read and checked as files are; the version is the same.
 */
export function compileLoadCatalog(shape: CatalogShape): LoadedCatalog {
  const loaded = loadCatalog(loadCatalogFiles({ ...shape, accounts: 1 }));
  if (!loaded.ok) throw new RangeError(`the load's catalog has faults: ${JSON.stringify(loaded.faults)}`);
  const catalog = { ...loaded.catalog, contracts: loadContracts(shape.accounts) };
  const canonical = canonicalForm(catalog);
  return { compiled: compileCatalog(catalog, catalogVersion(canonical)), canonical };
}
