import type { SimulatedErpKind } from "../simulated-erp.ts";
import { businessCentralErp } from "./business-central.ts";
import { fileErp } from "./file.ts";
import { financeOperationsErp } from "./finance-operations.ts";
import { httpErp } from "./http.ts";
import { netsuiteErp, netsuiteJobsErp } from "./netsuite.ts";
import { autoInvoiceErp, oracleFusionErp } from "./oracle-fusion.ts";
import { sapS4hanaErp } from "./sap-s4hana.ts";
import { sapS4hanaBillingErp } from "./sap-s4hana-billing.ts";

/** Every simulated ERP: the conformance suite and the fault mix run against each. A new one is a file beside this one, and a line here. */
export const SIMULATED_ERPS: readonly SimulatedErpKind[] = [
  netsuiteErp,
  netsuiteJobsErp,
  businessCentralErp,
  oracleFusionErp,
  autoInvoiceErp,
  sapS4hanaErp,
  sapS4hanaBillingErp,
  financeOperationsErp,
  fileErp,
  httpErp,
];
