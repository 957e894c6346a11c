import { compileCatalog } from "../../billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../billing/catalog/compiled.ts";
import { parseCanonical } from "../../billing/catalog/load.ts";
import { TributaryError } from "../../model/errors.ts";
import type { ReferenceStore } from "../../model/log.ts";
import type { LoadedCatalog } from "../catalog-directory.ts";

/** Kind under which catalogs are kept in the REFERENCE stream. */
export const CATALOG_KIND = "catalog";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Catalog versions by hash: those in memory first, then the REFERENCE stream. */
export class CatalogVersions {
  readonly #reference: ReferenceStore | undefined;
  readonly #compiled = new Map<string, CompiledCatalog>();

  constructor(reference: ReferenceStore | undefined) {
    this.#reference = reference;
  }

  /** Makes a version known, and durable in the REFERENCE stream before any control record names it. */
  async publish(catalog: LoadedCatalog): Promise<void> {
    await this.#reference?.put(CATALOG_KIND, catalog.compiled.version, encoder.encode(catalog.canonical));
    this.#compiled.set(catalog.compiled.version, catalog.compiled);
  }

  /** Makes a version known to this process only. */
  add(catalog: CompiledCatalog): void {
    this.#compiled.set(catalog.version, catalog);
  }

  async load(version: string): Promise<CompiledCatalog> {
    const known = this.#compiled.get(version);
    if (known !== undefined) return known;
    const stored = await this.#reference?.get(CATALOG_KIND, version);
    if (stored === undefined) {
      throw new TributaryError(
        "catalog-missing",
        `Catalog version ${version} is in effect but can't be found.`,
        {
          details: { version },
        },
      );
    }
    const compiled = compileCatalog(parseCanonical(decoder.decode(stored)), version);
    this.#compiled.set(version, compiled);
    return compiled;
  }
}
