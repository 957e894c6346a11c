import { type CatalogLoad, loadCatalog } from "../../../src/billing/catalog/load.ts";
import { compileCatalog } from "../../../src/billing/catalog/compile.ts";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";

/** A small valid catalog; tests replace the files that they are about. */
export const BASE_FILES: Readonly<Record<string, string>> = {
  "settings.yaml": "regions: [eu, us]\ngrace: 3d\n",
  "meters/requests.yaml":
    "key: requests\nevent_type: request\naggregation: sum\nvalue_property: n\nscale: 2\ngroup_by: {zone: az, method: verb}\n",
  "meters/peak.yaml": "key: peak\nevent_type: request\naggregation: max\nvalue_property: users\n",
  "meters/storage.yaml":
    "key: storage\nevent_type: volume\naggregation: time_weighted\nvalue_property: gb\nscale: 1\n",
  "meters/logins.yaml": "key: logins\nevent_type: login\naggregation: count\n",
  "products/all.yaml": "[{key: api, name: API}, {key: disk, name: Disk}]\n",
  "plans/api.yaml": `key: api
version: 1
currency: USD
prices:
  - {key: requests, product: api, meter: requests, model: graduated, tiers: [{up_to: 10, unit_price: 1, flat_fee: 5}, {up_to: 20, unit_price: 0.5, flat_fee: 2}, {unit_price: 0.125}]}
  - {key: peak, product: api, meter: peak, model: per_unit, unit_price: 0.333}
  - {key: storage, product: disk, meter: storage, model: per_unit, unit_price: "0.015"}
`,
  "contracts/c.yaml":
    "id: C1\ncustomer: acme\naccount: acme.com\nplan: {key: api, version: 1}\ntime_zone: Europe/Berlin\nstart: 2026-01-01\n",
  "customers/acme.yaml": "id: acme\nname: Acme\n",
};

/** The base files with some replaced, added or (undefined) left out. */
export function filesWith(changes: Readonly<Record<string, string | undefined>> = {}): Map<string, string> {
  const files = new Map(Object.entries(BASE_FILES));
  for (const [file, text] of Object.entries(changes)) {
    if (text === undefined) files.delete(file);
    else files.set(file, text);
  }
  return files;
}

export function loaded(
  changes: Readonly<Record<string, string | undefined>> = {},
): Extract<CatalogLoad, { ok: true }> {
  const load = loadCatalog(filesWith(changes));
  if (!load.ok) throw new Error(JSON.stringify(load.faults));
  return load;
}

export function compiled(changes: Readonly<Record<string, string | undefined>> = {}): CompiledCatalog {
  const { catalog, version } = loaded(changes);
  return compileCatalog(catalog, version);
}
