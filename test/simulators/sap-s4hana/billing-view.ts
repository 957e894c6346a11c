import { roundedText, scaled, UNIT } from "../exact-numbers.ts";
import type { BillingStores, StoredBillingDocument, StoredRequest } from "./billing-requests.ts";
import { type EntitySet, renderRow } from "./odata-query.ts";
import { type EntityRow, valueText } from "./odata-values.ts";
import type { System } from "./system.ts";

/** Requests and billing documents as API_BILLING_DOCUMENT_REQUEST_SRV and API_BILLING_DOCUMENT_SRV show them, as far as they are simulated. */

export function billingSets(
  { requests, documents }: BillingStores,
  system: System,
): ReadonlyMap<string, EntitySet> {
  const amounts = amountsOf(system);
  return new Map([
    [
      "API_BILLING_DOCUMENT_REQUEST_SRV/A_BillingDocumentRequest",
      entitySet(
        "API_BILLING_DOCUMENT_REQUEST_SRV.A_BillingDocumentRequest",
        () => requests.all().map((request) => requestRow(request, amounts)),
        (number) =>
          (requests.find(number)?.items ?? []).map((item) => ({
            BillingDocumentRequest: number,
            BillingDocumentRequestItem: item.number,
            Material: item.material,
            BillingDocumentRequestItemText: item.text,
            BillingQuantity: "1",
            BillingQuantityUnit: item.unit,
            NetAmount: amounts(item.net, requests.find(number)?.currency ?? ""),
            TaxAmount: amounts(item.tax, requests.find(number)?.currency ?? ""),
          })),
        "BillingDocumentRequest",
      ),
    ],
    [
      "API_BILLING_DOCUMENT_SRV/A_BillingDocument",
      entitySet(
        "API_BILLING_DOCUMENT_SRV.A_BillingDocument",
        () => documents.all().map((document) => documentRow(document, amounts)),
        (number) => itemRows(documents.find(number), amounts),
        "BillingDocument",
      ),
    ],
    [
      "API_BILLING_DOCUMENT_SRV/A_BillingDocumentItem",
      {
        properties: new Set(ITEM_FIELDS),
        navigation: [],
        rows: () => documents.all().flatMap((document) => itemRows(document, amounts)),
        render: (row) => renderRow(row, "API_BILLING_DOCUMENT_SRV.A_BillingDocumentItemType"),
      },
    ],
  ]);
}

type Amounts = (amount: string, currency: string) => string;

function amountsOf({ currencies }: System): Amounts {
  return (amount, currency) => roundedText(scaled(amount), UNIT, currencies[currency] ?? 2);
}

const ITEM_FIELDS = [
  "BillingDocument",
  "BillingDocumentItem",
  "SalesDocumentItemCategory",
  "Material",
  "BillingDocumentItemText",
  "NetAmount",
  "TaxAmount",
  "ReferenceSDDocument",
  "ReferenceSDDocumentItem",
  "ReferenceSDDocumentCategory",
] as const;
/** Names of the fields, whether there are rows or not. */
const REQUEST_FIELDS = [
  "BillingDocumentRequest",
  "BillingDocumentRequestType",
  "ProposedBillingDocumentType",
  "CreationDate",
  "SalesOrganization",
  "DistributionChannel",
  "Division",
  "BillingDocumentDate",
  "TotalNetAmount",
  "TransactionCurrency",
  "TotalTaxAmount",
  "TotalGrossAmount",
  "CustomerPaymentTerms",
  "CompanyCode",
  "ReferenceDocument",
  "ReferenceDocumentLogicalSystem",
  "SoldToParty",
  "PurchaseOrderByCustomer",
  "OverallBillingDocReqStatus",
  "OverallPricingIncompletionSts",
  "BillingIssueType",
] as const;
const DOCUMENT_FIELDS = [
  "BillingDocument",
  "BillingDocumentType",
  "CreationDate",
  "SalesOrganization",
  "DistributionChannel",
  "Division",
  "BillingDocumentDate",
  "BillingDocumentIsCancelled",
  "CancelledBillingDocument",
  "TotalNetAmount",
  "TransactionCurrency",
  "TaxAmount",
  "TotalGrossAmount",
  "CustomerPaymentTerms",
  "CompanyCode",
  "FiscalYear",
  "AccountingDocument",
  "SoldToParty",
  "PurchaseOrderByCustomer",
  "AccountingTransferStatus",
] as const;

function itemRows(document: StoredBillingDocument | undefined, amounts: Amounts): readonly EntityRow[] {
  if (document === undefined) return [];
  const { number, currency, items } = document;
  return items.map((item) => ({
    BillingDocument: number,
    BillingDocumentItem: item.number,
    SalesDocumentItemCategory: item.category,
    Material: item.material,
    BillingDocumentItemText: item.text,
    NetAmount: amounts(item.net, currency),
    TaxAmount: amounts(item.tax, currency),
    ReferenceSDDocument: item.request,
    ReferenceSDDocumentItem: item.requestItem,
    ReferenceSDDocumentCategory: "EBDR",
  }));
}

function entitySet(
  type: string,
  rows: () => readonly EntityRow[],
  items: (number: string) => readonly EntityRow[],
  key: "BillingDocumentRequest" | "BillingDocument",
): EntitySet {
  return {
    properties: new Set(key === "BillingDocument" ? DOCUMENT_FIELDS : REQUEST_FIELDS),
    navigation: ["to_Item"],
    rows,
    render: (row, expand) => ({
      ...renderRow(row, `${type}Type`),
      to_Item: expand.includes("to_Item")
        ? { results: items(valueText(row[key])).map((item) => renderRow(item, `${type}ItemType`)) }
        : { __deferred: { uri: "to_Item" } },
    }),
  };
}

function sumOf(items: readonly { readonly net: string; readonly tax: string }[], of: "net" | "tax"): string {
  const sum = items.reduce((total, item) => total + scaled(item[of]), 0n);
  return roundedText(sum, UNIT, 10);
}

function requestRow(request: StoredRequest, amounts: Amounts): EntityRow {
  const { items, currency } = request;
  const [net, tax] = [sumOf(items, "net"), sumOf(items, "tax")];
  return {
    BillingDocumentRequest: request.number,
    BillingDocumentRequestType: request.type,
    ProposedBillingDocumentType: request.billingType,
    CreationDate: { date: request.createdOn },
    SalesOrganization: request.salesOrganization,
    DistributionChannel: request.channel,
    Division: request.division,
    BillingDocumentDate: { date: request.billingDate },
    TotalNetAmount: amounts(net, currency),
    TransactionCurrency: currency,
    TotalTaxAmount: amounts(tax, currency),
    TotalGrossAmount: amounts(roundedText(scaled(net) + scaled(tax), UNIT, 10), currency),
    CustomerPaymentTerms: request.paymentTerms,
    CompanyCode: request.companyCode,
    ReferenceDocument: request.reference,
    ReferenceDocumentLogicalSystem: request.logicalSystem,
    SoldToParty: request.soldTo,
    PurchaseOrderByCustomer: request.customerReference,
    OverallBillingDocReqStatus: request.status,
    OverallPricingIncompletionSts: request.pricingStatus,
    BillingIssueType: request.issue,
  };
}

function documentRow(document: StoredBillingDocument, amounts: Amounts): EntityRow {
  const { items, currency } = document;
  const [net, tax] = [sumOf(items, "net"), sumOf(items, "tax")];
  return {
    BillingDocument: document.number,
    BillingDocumentType: document.type,
    CreationDate: { date: document.createdOn },
    SalesOrganization: document.salesOrganization,
    DistributionChannel: document.channel,
    Division: document.division,
    BillingDocumentDate: { date: document.billingDate },
    BillingDocumentIsCancelled: document.isCancelled,
    CancelledBillingDocument: document.cancels,
    TotalNetAmount: amounts(net, currency),
    TransactionCurrency: currency,
    TaxAmount: amounts(tax, currency),
    TotalGrossAmount: amounts(roundedText(scaled(net) + scaled(tax), UNIT, 10), currency),
    CustomerPaymentTerms: document.paymentTerms,
    CompanyCode: document.companyCode,
    FiscalYear: document.fiscalYear,
    AccountingDocument: document.accountingDocument,
    SoldToParty: document.soldTo,
    PurchaseOrderByCustomer: document.customerReference,
    AccountingTransferStatus: document.transferStatus,
  };
}
