import type { MappedReferences } from "../../../../src/model/posting.ts";
import type { BillingSettings } from "../../../../src/sinks/erp/sap-s4hana/billing-requests/billing-request.ts";
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
  billing: null,
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

/** Of a connection whose invoices SAP bills. */
export const BILLING: BillingSettings = {
  logicalSystem: "TRIBUTARY",
  invoice: { documentType: "EOX1", itemCategory: "EDX1", requestType: "BDR1" },
  creditMemo: { documentType: "ECX1", itemCategory: "EGX1", requestType: "BDR2" },
  priceCondition: "PPR0",
  unit: "EA",
  customerAccountGroup: "01",
  customerPricingProcedure: null,
  service: {
    path: "/sap/bc/srt/scs_ext/sap/bdr_request_in",
    action: "http://sap.com/xi/SD-BIL/BDR_Request_In/BDR_Request_InRequest",
    message: "BDRRequest",
  },
  requestDeadlineMs: 60_000,
  billingDeadlineMs: 3_600_000,
};

export const BILLING_CONTEXT: PlanContext = { prefix: PREFIX, settings: { ...SETTINGS, billing: BILLING } };

const SALES_AREA = { distribution_channel: "10", division: "00" };
/** As `REFERENCES`, with what requests need. */
export const BILLING_REFERENCES: MappedReferences = {
  ...REFERENCES,
  legal_entity: {
    north: {
      id: "1710",
      reconciliation_account: "12100000",
      country: "US",
      sales_organization: "1710",
      ...SALES_AREA,
    },
    south: {
      id: "1010",
      reconciliation_account: "12100000",
      country: "DE",
      sales_organization: "1010",
      ...SALES_AREA,
    },
  },
  item: {
    api: { account: "41000000", material: "USAGE" },
    credits: { account: "21510000", material: "CREDITS" },
    "*": { account: "41000100", material: "USAGE_OTHER" },
  },
};

export const billed = sampleCommands(BILLING_REFERENCES);
export const { command, memo } = sampleCommands(REFERENCES);
