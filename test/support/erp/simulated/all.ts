import type { SimulatedErpKind } from "../simulated-erp.ts";
import { fileErp } from "./file.ts";
import { httpErp } from "./http.ts";
import { netsuiteErp, netsuiteJobsErp } from "./netsuite.ts";
import { oracleFusionErp } from "./oracle-fusion.ts";

/** Every simulated ERP: the conformance suite and the fault mix run against each. A new one is a file beside this one, and a line here. */
export const SIMULATED_ERPS: readonly SimulatedErpKind[] = [
  netsuiteErp,
  netsuiteJobsErp,
  oracleFusionErp,
  fileErp,
  httpErp,
];
