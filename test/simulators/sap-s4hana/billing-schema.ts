import type { XmlElement } from "./xml-reader.ts";
import { checkChildren, DAY, many, one, optional, type Schema, text, TIME } from "./xml-schema.ts";

/** The schema of the message of Billing Document Request – Create, as far as it is used. */

const AMOUNT = { pattern: /^-?\d{1,15}(\.\d{1,9})?$/, attributes: [] };
const QUANTITY = { pattern: /^\d{1,13}(\.\d{1,3})?$/, attributes: ["unitCode"] };

const PRICING_ELEMENT: Schema = [
  one("ConditionType", text(4)),
  one("ConditionRateValue", AMOUNT),
  optional("ConditionCurrency", text(5)),
  optional("ConditionQuantity", QUANTITY),
];
const ITEM: Schema = [
  one("ReferenceDocumentItem", { pattern: /^\d{6}$/, attributes: [] }),
  one("SalesDocumentType", text(4)),
  one("SalesDocumentItemCategory", text(4)),
  optional("ReferenceDocumentItemText", text(40)),
  one("BillingDocumentRequestType", text(4)),
  one("SalesOrganization", text(4)),
  one("DistributionChannel", text(2)),
  one("Division", text(2)),
  one("BillingDocumentDate", DAY),
  one("SoldToParty", text(10)),
  one("TransactionCurrency", text(5)),
  optional("TaxDepartureCountry", text(3)),
  optional("PurchaseOrderByCustomer", text(35)),
  optional("CustomerPaymentTerms", text(4)),
  one("Material", text(40)),
  one("Quantity", QUANTITY),
  optional("Plant", text(4)),
  optional("DepartureCountry", text(3)),
  optional("ProfitCenter", text(10)),
  optional("CostCenter", text(10)),
  optional("WBSElement", text(24)),
  many("PricingElement", PRICING_ELEMENT),
];

/** Throws a SOAP fault. */
export function checkRequests(message: XmlElement): void {
  checkChildren(message, [
    one("MessageHeader", [
      optional("ID", { pattern: /^[^\p{Cc}]{0,35}$/u, attributes: [] }),
      one("CreationDateTime", TIME),
    ]),
    one("GlobalParameters", [one("ReferenceDocumentLogicalSystem", text(10))]),
    many("BillableDocument", [one("ReferenceDocument", text(10)), many("BillableDocumentItem", ITEM)]),
  ]);
}
