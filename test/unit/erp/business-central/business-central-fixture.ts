import type { MappedReferences } from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/business-central/plan.ts";
import { NET_30, NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import { PREFIX, sampleCommands } from "../../../support/erp/sample-documents.ts";

/** Commands that tests plan and send. Numbers and codes are those of the simulator's sample environment. */

export { customer, invoice, journal, line, untaxed, PREFIX } from "../../../support/erp/sample-documents.ts";

export const SETTINGS: PlanSettings = {
  companies: [NORTH, SOUTH],
  taxes: "computed",
  taxAreas: {},
  sendsTaxIds: true,
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: { company: NORTH, local_currency: "USD" },
    south: { company: SOUTH, local_currency: "EUR" },
  },
  currency: { USD: { code: "USD" }, EUR: { code: "EUR" }, JPY: { code: "JPY" } },
  item: { api: { account: "4000" }, "*": { item: "1000" }, credits: { account: "2450" } },
  tax: {
    "ca-state": { code: "TAXABLE", account: "2210" },
    "ca-district": { code: "TAXABLE", account: "2220" },
    "de-vat": { code: "VAT19", account: "2220" },
  },
  account: { "unbilled-receivable": { number: "1150" }, revenue: { number: "4010" } },
  dimension: {
    "region=west": { dimension: "REGION", value: "WEST" },
    "team=sales": { dimension: "DEPARTMENT", value: "SALES" },
  },
  terms: { "30": { id: NET_30 } },
};

export const { command, memo } = sampleCommands(REFERENCES);
