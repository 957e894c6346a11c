import type { ErpDescription } from "../../model/erp-description.ts";
import type { ErpAdapter } from "./erp-adapter.ts";
import { fileAdapter } from "./file/adapter.ts";
import { httpAdapter } from "./http/adapter.ts";

/** Every kind of ERP that documents can be posted to: a new one is a folder and a line here. */
export const ERP_ADAPTERS: readonly ErpAdapter[] = [fileAdapter, httpAdapter];

export function erpAdapter(name: string): ErpAdapter | undefined {
  return ERP_ADAPTERS.find(({ description }) => description.adapter === name);
}

/** By the adapter's name: what the catalog's mappings are checked by. */
export const ERP_DESCRIPTIONS: ReadonlyMap<string, ErpDescription> = new Map(
  ERP_ADAPTERS.map(({ description }) => [description.adapter, description]),
);
