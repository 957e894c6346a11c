import type { ErpDescription } from "../../model/erp-description.ts";
import { businessCentralDescription } from "./business-central/description.ts";
import { fileDescription } from "./file/description.ts";
import { financeOperationsDescription } from "./finance-operations/description.ts";
import { httpDescription } from "./http/description.ts";
import { netsuiteDescription } from "./netsuite/description.ts";
import { oracleFusionDescription } from "./oracle-fusion/description.ts";
import { sapS4hanaDescription } from "./sap-s4hana/description.ts";

/**
 * What the kinds of ERPs need of a mapping, for whoever runs the engine: of every adapter, in the order of `ERP_ADAPTERS`. A list of its own,
 * because the adapters are a third of all modules, and most threads post nothing.
 */
export const ERP_DESCRIPTIONS: readonly ErpDescription[] = [
  netsuiteDescription,
  businessCentralDescription,
  oracleFusionDescription,
  sapS4hanaDescription,
  financeOperationsDescription,
  fileDescription,
  httpDescription,
];
