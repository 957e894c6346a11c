import type { MappedReferences } from "../../../../src/model/posting.ts";
import type {
  JsonObject,
  OracleRequest,
  PlanContext,
  PlanSettings,
} from "../../../../src/sinks/erp/oracle-fusion/plan.ts";
import type { InterfaceRows } from "../../../../src/sinks/erp/oracle-fusion/ra-interface.ts";
import { PREFIX, sampleCommands } from "../../../support/erp/sample-documents.ts";

/** Commands that tests plan and send. Names are those of the simulator's sample environment. */

export { customer, invoice, journal, line, PREFIX } from "../../../support/erp/sample-documents.ts";

export const SETTINGS: PlanSettings = {
  transactionSource: "Tributary",
  invoiceType: "Invoice",
  creditMemoType: "Credit Memo",
  ownNumbers: true,
  appliesCreditMemos: true,
  journalSource: "Tributary",
  journalCategory: "Tributary",
  segmentDelimiter: "-",
  importsInvoices: false,
  interfaceContext: "TRIBUTARY",
  conversionType: "Corporate",
  oracleOwnsCustomers: false,
};

export const CONTEXT: PlanContext = { prefix: PREFIX, settings: SETTINGS };

export const REFERENCES: MappedReferences = {
  legal_entity: {
    north: {
      business_unit: "North Operations",
      ledger_id: "300000001",
      ledger_currency: "USD",
      set_id: "300000011",
    },
  },
  currency: { USD: { code: "USD" } },
  item: {
    api: { memo_line: "Usage", combination: "01-000-4110-0000" },
    "*": { memo_line: "Support" },
    credits: { memo_line: "Credits" },
  },
  tax: {
    "ca-state": { regime: "US SALES TAX", rate_code: "CA-STATE" },
    "ca-district": { regime: "US SALES TAX", rate_code: "CA-DISTRICT" },
  },
  account: {
    "unbilled-receivable": { combination: "01-000-1220-0000" },
    revenue: { combination: "01-000-4110-0000" },
  },
  dimension: {
    "region=west": { segment: "4", value: "7100" },
    "team=sales": { segment: "2", value: "110" },
  },
  terms: { "30": { name: "30 Net" } },
};

export const { command, memo } = sampleCommands(REFERENCES);

/** What a transaction's own request holds. */
export function bodyOf(request: OracleRequest): JsonObject {
  if (request.kind !== "transaction" || request.sent.by !== "request")
    throw new Error("it is no transaction's request");
  return request.sent.body;
}

/** Rows that a transaction is imported as. */
export function rowsOf(request: OracleRequest): InterfaceRows {
  if (request.kind !== "transaction" || request.sent.by !== "import") throw new Error("it is not imported");
  return request.sent.rows;
}
