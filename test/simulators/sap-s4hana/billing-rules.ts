import { plainText, roundedText, scaled, UNIT } from "../exact-numbers.ts";
import type { BillingStores, StoredRequest } from "./billing-requests.ts";
import { type Books, childrenOf, textOf } from "./journal-rules.ts";
import type { XmlElement } from "./xml-reader.ts";

/**
 * What sales and distribution check of an external document before it becomes a request. What is refused leaves nothing but an entry in the log of
 * messages: the sender is told of nothing.
 */

type Draft = Omit<StoredRequest, "number" | "createdMs">;

const HEADER_FIELDS = [
  "SalesDocumentType",
  "BillingDocumentRequestType",
  "SalesOrganization",
  "DistributionChannel",
  "Division",
  "BillingDocumentDate",
  "SoldToParty",
  "TransactionCurrency",
  "PurchaseOrderByCustomer",
  "CustomerPaymentTerms",
] as const;

/** The request of a billable document, or why it is refused. */
export function requestDraft(
  document: XmlElement,
  logicalSystem: string,
  books: Books,
  { requests }: Pick<BillingStores, "requests">,
): { readonly draft: Draft } | readonly string[] {
  const { system, partners } = books;
  const reference = textOf(document, "ReferenceDocument");
  const items = childrenOf(document, "BillableDocumentItem");
  const [first] = items;
  if (first === undefined) return [`Document ${reference} has no item`];
  const field = (name: string): string => textOf(first, name);
  const refused: string[] = [];
  const isThere = requests
    .all()
    .some(
      (each) => each.reference === reference && each.logicalSystem === logicalSystem && each.status !== "D",
    );
  if (isThere && system.refusesRepeatedReferences)
    refused.push(
      `Preceding document ${reference} of logical system ${logicalSystem} was transferred already`,
    );
  for (const name of HEADER_FIELDS)
    if (items.some((item) => textOf(item, name) !== field(name)))
      refused.push(`${name} differs between items of document ${reference}`);
  const [organization, channel, division] = [
    field("SalesOrganization"),
    field("DistributionChannel"),
    field("Division"),
  ];
  const area = system.salesOrganizations.find(
    (each) => each.id === organization && each.channel === channel && each.division === division,
  );
  if (area === undefined) refused.push(`Sales area ${organization} ${channel} ${division} is not defined`);
  const customer = partners.customer(field("SoldToParty"));
  if (customer === undefined) refused.push(`Customer ${field("SoldToParty")} does not exist`);
  else if (
    !customer.salesAreas.some(
      ({ SalesOrganization, DistributionChannel, Division }) =>
        SalesOrganization === organization && DistributionChannel === channel && Division === division,
    )
  )
    refused.push(
      `Customer ${customer.number} is not created in sales area ${organization} ${channel} ${division}`,
    );
  const type = system.billingTypes.find(
    (each) =>
      each.documentType === field("SalesDocumentType") &&
      each.requestType === field("BillingDocumentRequestType") &&
      items.every((item) => textOf(item, "SalesDocumentItemCategory") === each.itemCategory),
  );
  if (type === undefined)
    refused.push(
      `No copying control for ${field("SalesDocumentType")} ${field("BillingDocumentRequestType")}`,
    );
  const digits = system.currencies[field("TransactionCurrency")];
  if (digits === undefined) refused.push(`Currency ${field("TransactionCurrency")} is not defined`);
  const terms = field("CustomerPaymentTerms");
  if (terms !== "" && !system.paymentTerms.includes(terms)) refused.push(`Terms ${terms} are not defined`);
  for (const text of system.refusedTexts)
    if (field("PurchaseOrderByCustomer").endsWith(` ${text}`))
      refused.push(`Check of the company: ${text} needs somebody's consent`);
  for (const item of items) refused.push(...itemFaults(item, books, digits ?? 0));
  if (refused.length > 0 || area === undefined || customer === undefined || type === undefined)
    return refused;
  const isPriced = items.every((item) =>
    system.priceConditions.includes(textOf(item, "PricingElement", "ConditionType")),
  );
  return {
    draft: {
      salesOrganization: organization,
      channel,
      division,
      companyCode: area.companyCode,
      soldTo: customer.number,
      billingDate: field("BillingDocumentDate"),
      currency: field("TransactionCurrency"),
      paymentTerms: terms,
      customerReference: field("PurchaseOrderByCustomer"),
      createdOn: books.today(),
      type: type.requestType,
      billingType: type.billingType,
      reference,
      logicalSystem,
      status: "A",
      pricingStatus: isPriced ? "C" : "A",
      issue: isPriced ? "" : "1",
      items: items.map((item) => {
        const material = textOf(item, "Material");
        const net = isPriced ? netOf(item) : "0";
        const isTaxed = system.materials.find(({ id }) => id === material)?.isTaxed === true;
        const percent = scaled(isTaxed ? area.taxPercent : "0");
        return {
          number: textOf(item, "ReferenceDocumentItem"),
          material,
          text: textOf(item, "ReferenceDocumentItemText"),
          category: textOf(item, "SalesDocumentItemCategory"),
          unit: item.children.find(({ name }) => name === "Quantity")?.attributes["unitCode"] ?? "",
          net,
          tax: roundedText(scaled(net) * percent, UNIT * UNIT * 100n, digits ?? 0),
        };
      }),
    },
  };
}

/** Price × quantity. */
function netOf(item: XmlElement): string {
  const price = scaled(textOf(item, "PricingElement", "ConditionRateValue"));
  const per = scaled(textOf(item, "PricingElement", "ConditionQuantity") || "1");
  return plainText((price * scaled(textOf(item, "Quantity"))) / per);
}

function itemFaults(item: XmlElement, { system }: Books, digits: number): readonly string[] {
  const faults: string[] = [];
  const id = textOf(item, "Material");
  const material = system.materials.find((each) => each.id === id);
  if (material === undefined) faults.push(`Material ${id} does not exist in the sales organization`);
  else if (material.isMarkedForDeletion) faults.push(`Material ${id} is marked for deletion`);
  const unit = item.children.find(({ name }) => name === "Quantity")?.attributes["unitCode"];
  if (material !== undefined && unit !== material.unit)
    faults.push(`Unit ${unit ?? ""} is not defined for material ${id}`);
  const rate = textOf(item, "PricingElement", "ConditionRateValue");
  if ((rate.split(".")[1] ?? "").replace(/0+$/, "").length > digits)
    faults.push(`Amount ${rate} has too many decimal places`);
  const lists: Readonly<Record<string, readonly string[]>> = {
    Plant: system.plants,
    ProfitCenter: system.profitCenters,
    CostCenter: system.costCenters,
    WBSElement: system.wbsElements,
  };
  for (const [name, known] of Object.entries(lists)) {
    const value = textOf(item, name);
    if (value !== "" && !known.includes(value)) faults.push(`${name} ${value} does not exist`);
  }
  return faults;
}
