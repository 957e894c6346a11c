import type { MappedReferences } from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/netsuite/plan.ts";
import { PREFIX, sampleCommands } from "../../../support/erp/sample-documents.ts";

/** Commands that tests plan and send. Ids are those of the simulator's sample account. */

export {
  accrual as journal,
  customer,
  invoice,
  line,
  PREFIX,
} from "../../../support/erp/sample-documents.ts";

export const SETTINGS: PlanSettings = {
  taxes: "suitetax",
  ownNumbers: true,
  netsuiteOwns: [],
  lineFields: {},
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: { north: { id: "1" } },
  currency: { USD: { id: "1" } },
  item: { api: { id: "86" }, "*": { id: "87" }, credits: { id: "89" } },
  tax: {
    "ca-state": { type: "9", code: "22", item: "88" },
    "ca-district": { type: "9", code: "23", item: "88" },
  },
  account: { "unbilled-receivable": { id: "119" }, revenue: { id: "54" } },
  dimension: {
    "region=west": { field: "location", id: "1" },
    "team=sales": { field: "department", id: "5" },
  },
  terms: { "30": { id: "2" } },
};

export const { command, memo } = sampleCommands(REFERENCES);
