/** Invoices and memos as billing document requests: SAP makes, prints and posts the billing documents of them. */

/** What says in SAP's customizing which billing document a request leads to. */
export interface BillingTypes {
  /** Type of the external document, by which copying control finds the billing type (SalesDocumentType). */
  readonly documentType: string;
  readonly itemCategory: string;
  /** Type of the request itself (BillingDocumentRequestType). */
  readonly requestType: string;
}

/** Where the SOAP service is, as its WSDL says. */
export interface BillingService {
  readonly path: string;
  readonly action: string;
  /** Name of the message's root element, in the namespace http://sap.com/xi/SD-BIL. */
  readonly message: string;
}

export interface BillingSettings {
  /** Says whose references they are (ReferenceDocumentLogicalSystem). */
  readonly logicalSystem: string;
  readonly invoice: BillingTypes;
  readonly creditMemo: BillingTypes;
  /** Condition type of the price of an item. */
  readonly priceCondition: string;
  /** Unit of measure of items whose row has none. */
  readonly unit: string;
  /** For the sales areas of new customers; null: SAP's default. */
  readonly customerAccountGroup: string | null;
  readonly customerPricingProcedure: string | null;
  readonly service: BillingService;
  /** How long a message may take to become a request. */
  readonly requestDeadlineMs: number;
  /** How long a request may wait for its billing document, and that for its journal entry. */
  readonly billingDeadlineMs: number;
}

/** A sales area, as a request has it. */
export interface SalesAreaKey {
  readonly SalesOrganization: string;
  readonly DistributionChannel: string;
  readonly Division: string;
}

export interface BillingItem {
  /** Six digits. */
  readonly number: string;
  readonly itemCategory: string;
  readonly text: string;
  readonly material: string;
  readonly unit: string;
  /** Net of the line, which is the price of a quantity of 1: a decimal text. */
  readonly price: string;
  readonly profitCenter: string | null;
  readonly costCenter: string | null;
  readonly wbsElement: string | null;
}

export interface BillingDocumentRequest {
  readonly kind: "billing-document-request";
  /** Ten characters of the external id: SAP has one request for a reference of a logical system. */
  readonly reference: string;
  readonly logicalSystem: string;
  /** The whole external id and the document's number; billing documents have it from their requests. */
  readonly customerReference: string;
  readonly types: BillingTypes;
  readonly salesArea: SalesAreaKey;
  readonly plant: string | null;
  readonly departureCountry: string | null;
  /** A number that the mapping names, or the external id by which the number is found. */
  readonly customer: { readonly id: string } | { readonly externalId: string };
  readonly billingDate: string;
  readonly currency: string;
  /** Terms of payment; null for those of the customer's sales area. */
  readonly paymentTerms: string | null;
  readonly priceCondition: string;
  readonly items: readonly BillingItem[];
  readonly service: BillingService;
}
