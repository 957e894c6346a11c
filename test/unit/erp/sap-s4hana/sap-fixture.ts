import type { MappedReferences } from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { PREFIX, sampleCommands } from "../../../support/erp/sample-documents.ts";

/** Commands that tests plan and send. Keys are those of the simulator's sample system. */

export { customer, invoice, journal, line, PREFIX } from "../../../support/erp/sample-documents.ts";

export const SETTINGS: PlanSettings = {
  documentTypes: { invoice: "DR", creditMemo: "DG", journal: "SA" },
  createdBy: "TRIBUTARY",
  appliesCreditMemos: true,
  customerGrouping: "BP02",
  customerRoles: ["FLCU00"],
  language: "EN",
  sendsRegions: false,
  taxNumberTypes: { DE: "DE0", US: "US0" },
  sapOwns: [],
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: { id: "1710", reconciliation_account: "12100000" },
    south: { id: "1010", reconciliation_account: "12100000" },
  },
  currency: { USD: { id: "USD" }, EUR: { id: "EUR" }, JPY: { id: "JPY" } },
  item: {
    api: { account: "41000000" },
    credits: { account: "21510000" },
    "*": { account: "41000100" },
  },
  tax: {
    "ca-state": { code: "U1" },
    "ca-district": { code: "U2", condition_type: "MWS2" },
    "ca-county": { code: "U2", condition_type: "MWS3" },
  },
  account: { "unbilled-receivable": { id: "12560000" }, revenue: { id: "41000000" } },
  dimension: {
    "region=west": { field: "profit_center", id: "YB110" },
    "team=sales": { field: "cost_center", id: "17101101" },
  },
  terms: { "30": { id: "NT30" } },
};

export const { command, memo } = sampleCommands(REFERENCES);
