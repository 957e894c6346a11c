import { z } from "zod";
import { durationText } from "../../../../model/duration.ts";
import { durationField } from "../../common/settings-fields.ts";
import {
  DEFAULT_BILLING_DEADLINE_MS,
  DEFAULT_REQUEST_CREATION_DEADLINE_MS,
  LONGEST_BILLING_DEADLINE_MS,
} from "../limits.ts";
import type { BillingSettings } from "./billing-request.ts";

/** Settings of a connection whose invoices are billing document requests. */

const code = (maxCharacters: number, description: string) =>
  z
    .string()
    .regex(new RegExp(`^[A-Z0-9]{1,${maxCharacters}}$`), {
      error: `must be 1 to ${maxCharacters} capital letters or digits`,
    })
    .meta({ description });

const types = (what: string) =>
  z
    .strictObject({
      document_type: code(
        4,
        "Type of the external document (sales document type), from which copying control bills.",
      ),
      item_category: code(4, "Category of its items."),
      request_type: code(4, "Type of the billing document request.").default("BDR1"),
    })
    .meta({ description: `Types of ${what}, as the system's customizing has them.` });

/** As the WSDL of the communication arrangement says them. */
const SERVICE_PATH = "/sap/bc/srt/scs_ext/sap/bdr_request_in";
const SOAP_ACTION = "http://sap.com/xi/SD-BIL/BDR_Request_In/BDR_Request_InRequest";
const MESSAGE = "BDRRequest";

export const billingField = z
  .strictObject({
    logical_system: code(10, "Says in SAP whose references they are.").default("TRIBUTARY"),
    invoice: types("invoices"),
    credit_memo: types("credit memos"),
    price_condition: code(4, "Condition type that carries the amount of an item.").default("PPR0"),
    unit: code(3, "Unit of measure of items whose row of the mapping has none.").default("EA"),
    customer_account_group: code(
      2,
      "Account assignment group in the sales areas of new customers; absent: SAP's default.",
    ).optional(),
    customer_pricing_procedure: code(
      2,
      "Pricing procedure in the sales areas of new customers; absent: SAP's default.",
    ).optional(),
    request_deadline: durationField(
      durationText(DEFAULT_REQUEST_CREATION_DEADLINE_MS),
      "How long a message may take to become a request before somebody has to look.",
      { minMs: 1, maxMs: LONGEST_BILLING_DEADLINE_MS },
    ),
    billing_deadline: durationField(
      durationText(DEFAULT_BILLING_DEADLINE_MS),
      "How long a request may wait to be billed, and its billing document for accounting, before somebody has to look.",
      { minMs: 1, maxMs: LONGEST_BILLING_DEADLINE_MS },
    ),
    service: z
      .strictObject({
        path: z
          .string()
          .regex(/^\/sap\/[A-Za-z0-9_/]{1,200}$/, { error: "must begin with /sap/, without a query" })
          .default(SERVICE_PATH)
          .meta({ description: "Path of the service." }),
        action: z
          .string()
          .regex(/^[!#-[\]-~]{1,200}$/, { error: "must be a SOAP action, without spaces and quotes" })
          .default(SOAP_ACTION)
          .meta({ description: "Action of its operation." }),
        message: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, { error: "must be the name of an element" })
          .default(MESSAGE)
          .meta({ description: "Root element of its message." }),
      })
      .prefault({})
      .meta({ description: "Where the SOAP service is, as its WSDL says." }),
  })
  .optional()
  .meta({
    description: "How requests are made; required where `invoices` is `billing-document-request`.",
  });

type BillingConfig = NonNullable<z.output<typeof billingField>>;

export function isBilledBySap(invoices: "journal" | "billing-document-request"): boolean {
  return invoices === "billing-document-request";
}

export function billingSettings(config: BillingConfig): BillingSettings {
  const typesOf = (given: BillingConfig["invoice"]): BillingSettings["invoice"] => ({
    documentType: given.document_type,
    itemCategory: given.item_category,
    requestType: given.request_type,
  });
  return {
    logicalSystem: config.logical_system,
    invoice: typesOf(config.invoice),
    creditMemo: typesOf(config.credit_memo),
    priceCondition: config.price_condition,
    unit: config.unit,
    customerAccountGroup: config.customer_account_group ?? null,
    customerPricingProcedure: config.customer_pricing_procedure ?? null,
    service: config.service,
    requestDeadlineMs: config.request_deadline,
    billingDeadlineMs: config.billing_deadline,
  };
}
