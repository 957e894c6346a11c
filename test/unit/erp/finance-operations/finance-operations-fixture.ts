import type { MappedReferences } from "../../../../src/model/posting.ts";
import type { PlanContext, PlanSettings } from "../../../../src/sinks/erp/finance-operations/plan.ts";
import { PREFIX, sampleCommands } from "../../../support/erp/sample-documents.ts";

/** Commands that tests plan and send. Values are those of the simulator's sample environment. */

export {
  accrual as journal,
  customer,
  invoice,
  line,
  PREFIX,
} from "../../../support/erp/sample-documents.ts";

export const SETTINGS: PlanSettings = {
  taxes: "lines",
  ledgerDimensions: ["Department", "Region"],
  ledgerDelimiter: "-",
  ownedParts: [],
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: { id: "USMF", customer_group: "80", journal_name: "GenJrn" },
    south: { id: "demf", customer_group: "80", journal_name: "GenJrn" },
  },
  currency: { USD: { id: "USD" }, EUR: { id: "EUR" }, JPY: { id: "JPY" } },
  item: {
    api: { main_account: "401100", dimensions: "Department=022" },
    "*": { main_account: "401200" },
    credits: { main_account: "250600" },
  },
  tax: {
    "ca-state": { main_account: "203100", sales_tax_group: "CA", item_sales_tax_group: "ALL" },
    "ca-district": { main_account: "203100", sales_tax_group: "CALA", item_sales_tax_group: "ALL" },
  },
  account: { "unbilled-receivable": { main_account: "140200" }, revenue: { main_account: "401100" } },
  dimension: {
    "region=west": { name: "Region", value: "WEST" },
    "team=sales": { name: "Department", value: "023" },
  },
  terms: { "30": { id: "Net30" } },
};

export const { command, memo } = sampleCommands(REFERENCES);
