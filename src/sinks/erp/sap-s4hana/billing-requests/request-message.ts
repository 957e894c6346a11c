import { element, optionalElement, writeXml, type XmlElement } from "../xml.ts";
import type { BillingPlan } from "../plan.ts";
import type { BillingItem } from "./billing-request.ts";

/**
 * Messages of the service Billing Document Request – Create (BDR_REQUEST_IN). Names of elements are those that SAP's own tests of the service fill
 * (class CL_PTF_BO_EBDR), and so is their order.
 */

const SOAP_NAMESPACE = "http://schemas.xmlsoap.org/soap/envelope/";
const BILLING_NAMESPACE = "http://sap.com/xi/SD-BIL";
/** Each line is billed once: its net amount is the price of one. */
const QUANTITY = "1";

export interface NumberedRequest {
  readonly plan: BillingPlan;
  /** Customer's number in SAP. */
  readonly customer: string;
}

/**
 * @param messageId at most 35 characters
 * @param createdAt when it is sent, RFC 3339 in UTC
 */
export function requestMessage(
  requests: readonly [NumberedRequest, ...NumberedRequest[]],
  messageId: string,
  createdAt: string,
): string {
  const { logicalSystem, service } = requests[0].plan.request;
  const message = element(`sd:${service.message}`, [
    element("MessageHeader", [element("ID", messageId), element("CreationDateTime", createdAt)]),
    element("GlobalParameters", [element("ReferenceDocumentLogicalSystem", logicalSystem)]),
    ...requests.map(billableDocument),
  ]);
  const envelope = element("soapenv:Envelope", [element("soapenv:Body", [message])], {
    "xmlns:soapenv": SOAP_NAMESPACE,
    "xmlns:sd": BILLING_NAMESPACE,
  });
  return `<?xml version="1.0" encoding="utf-8"?>${writeXml(envelope)}`;
}

export function messageHeaders({ plan }: NumberedRequest): Readonly<Record<string, string>> {
  return {
    "content-type": "text/xml; charset=utf-8",
    accept: "text/xml",
    SOAPAction: `"${plan.request.service.action}"`,
  };
}

function billableDocument(request: NumberedRequest): XmlElement {
  const { reference, items } = request.plan.request;
  return element("BillableDocument", [
    element("ReferenceDocument", reference),
    ...items.map((item) => billableItem(item, request)),
  ]);
}

/** What all items of a document have in common is said with each: SAP's schema has no header for it. */
function billableItem(item: BillingItem, { plan: { request }, customer }: NumberedRequest): XmlElement {
  const { types, salesArea, currency, departureCountry } = request;
  return element("BillableDocumentItem", [
    element("ReferenceDocumentItem", item.number),
    element("SalesDocumentType", types.documentType),
    element("SalesDocumentItemCategory", item.itemCategory),
    ...optionalElement("ReferenceDocumentItemText", item.text),
    element("BillingDocumentRequestType", types.requestType),
    element("SalesOrganization", salesArea.SalesOrganization),
    element("DistributionChannel", salesArea.DistributionChannel),
    element("Division", salesArea.Division),
    element("BillingDocumentDate", request.billingDate),
    element("SoldToParty", customer),
    element("TransactionCurrency", currency),
    ...optionalElement("TaxDepartureCountry", departureCountry),
    element("PurchaseOrderByCustomer", request.customerReference),
    ...optionalElement("CustomerPaymentTerms", request.paymentTerms),
    element("Material", item.material),
    element("Quantity", QUANTITY, { unitCode: item.unit }),
    ...optionalElement("Plant", request.plant),
    ...optionalElement("DepartureCountry", departureCountry),
    ...optionalElement("ProfitCenter", item.profitCenter),
    ...optionalElement("CostCenter", item.costCenter),
    ...optionalElement("WBSElement", item.wbsElement),
    element("PricingElement", [
      element("ConditionType", request.priceCondition),
      element("ConditionRateValue", item.price),
      element("ConditionCurrency", currency),
      element("ConditionQuantity", QUANTITY, { unitCode: item.unit }),
    ]),
  ]);
}
