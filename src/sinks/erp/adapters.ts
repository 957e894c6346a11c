import { businessCentralAdapter } from "./business-central/adapter.ts";
import type { ErpAdapter } from "./erp-adapter.ts";
import { fileAdapter } from "./file/adapter.ts";
import { financeOperationsAdapter } from "./finance-operations/adapter.ts";
import { httpAdapter } from "./http/adapter.ts";
import { netsuiteAdapter } from "./netsuite/adapter.ts";
import { oracleFusionAdapter } from "./oracle-fusion/adapter.ts";
import { sapS4hanaAdapter } from "./sap-s4hana/adapter.ts";

/** Every kind of ERP that documents can be posted to: a new one is a folder, a line here and one in `descriptions.ts`. */
export const ERP_ADAPTERS: readonly ErpAdapter[] = [
  netsuiteAdapter,
  businessCentralAdapter,
  oracleFusionAdapter,
  sapS4hanaAdapter,
  financeOperationsAdapter,
  fileAdapter,
  httpAdapter,
];

export function erpAdapter(name: string): ErpAdapter | undefined {
  return ERP_ADAPTERS.find(({ description }) => description.adapter === name);
}
