import { customerKey, type PostedInvoice, type PostingCommand } from "../../../../model/posting.ts";
import { checkInvoiceTotals } from "../../common/document-totals.ts";
import { MappedRows } from "../../common/mapped-references.ts";
import { singleLineText } from "../../common/text.ts";
import { ErpFault } from "../../erp-sink.ts";
import { daysBetween } from "../days.ts";
import { externalIdOf } from "../external-id.ts";
import {
  MAX_BILLING_ITEM_TEXT_CHARACTERS,
  MAX_CUSTOMER_REFERENCE_CHARACTERS,
  REQUEST_REFERENCE_CHARACTERS,
} from "../limits.ts";
import { assignmentOf, optionalField, postingDateOf, requiredField } from "../mapped-fields.ts";
import type { BillingPlan } from "../plan.ts";
import { bookedLines, plainKey } from "../plan-invoice.ts";
import { checkedAmount, checkItemCount, itemText } from "../plan-items.ts";
import type { BillingItem, BillingSettings, SalesAreaKey } from "./billing-request.ts";

/**
 * An invoice or a credit memo as a billing document request: each line an item of quantity 1, whose price is the line's net amount. Taxes are SAP's to
 * work out; that they come to the document's own is checked before SAP bills the request, and after. Amounts of memos are positive, as in SAP's own.
 */
export function planBillingRequest(
  command: PostingCommand,
  document: PostedInvoice,
  prefix: string,
  billing: BillingSettings,
): BillingPlan {
  checkInvoiceTotals(document);
  const { number, issueDate, dueDate, legalEntity } = document;
  const rows = new MappedRows(command.references);
  const companyCode = requiredField(rows, ["legal_entity", legalEntity, "id"], "companyCode");
  const currency = requiredField(rows, ["currency", document.currency, "id"], "currency");
  const known = optionalField(rows, ["customer", document.customer, "id"], "customer");
  const customer = known ?? externalIdOf(prefix, customerKey(legalEntity, document.customer));
  const externalId = externalIdOf(prefix, command.key);
  const types = document.kind === "credit-memo" ? billing.creditMemo : billing.invoice;
  const items = bookedLines(document).map((line, index): BillingItem => {
    const { item, net, dimensions } = line;
    const assignment = assignmentOf(rows, "item", item, dimensions);
    if (assignment.Segment !== undefined)
      throw new ErpFault(
        "mapping",
        `item ${JSON.stringify(item)}: a billing document request has no segment, which SAP derives from the profit centre`,
        { code: "mapping-unusable" },
      );
    return {
      number: String((index + 1) * ITEM_STEP).padStart(6, "0"),
      itemCategory:
        optionalField(rows, ["item", item, "item_category"], "itemCategory") ?? types.itemCategory,
      text: itemText(line, MAX_BILLING_ITEM_TEXT_CHARACTERS),
      material: requiredField(rows, ["item", item, "material"], "material"),
      unit: optionalField(rows, ["item", item, "unit"], "unit") ?? billing.unit,
      price: checkedAmount(net, number),
      profitCenter: assignment.ProfitCenter ?? null,
      costCenter: assignment.CostCenter ?? null,
      wbsElement: assignment.WBSElement ?? null,
    };
  });
  checkItemCount(items.length, number);
  checkedAmount(document.total, number);
  const billingDate = postingDateOf(rows, issueDate);
  const terms = String(daysBetween(issueDate, dueDate));
  return {
    command,
    kind: command.kind,
    externalId,
    expected: {
      customer: known === null ? customer : plainKey(known),
      legalEntity: companyCode,
      currency,
      date: billingDate,
      total: document.total,
      tax: document.tax,
      lines: items.map(({ material, price }) => ({ reference: plainKey(material), amount: price })),
    },
    request: {
      kind: "billing-document-request",
      reference: externalId.slice(-REQUEST_REFERENCE_CHARACTERS),
      logicalSystem: billing.logicalSystem,
      customerReference: singleLineText(`${externalId} ${number}`, MAX_CUSTOMER_REFERENCE_CHARACTERS),
      types,
      salesArea: salesAreaOf(rows, legalEntity),
      plant: optionalField(rows, ["legal_entity", legalEntity, "plant"], "plant"),
      departureCountry: optionalField(rows, ["legal_entity", legalEntity, "country"], "country"),
      customer: known === null ? { externalId: customer } : { id: known },
      billingDate,
      currency,
      paymentTerms: optionalField(rows, ["terms", terms, "id"], "terms"),
      priceCondition: billing.priceCondition,
      items,
      service: billing.service,
    },
  };
}

/** Items are numbered as SAP does it. */
const ITEM_STEP = 10;

/** Throws ErpFault `mapping` where the legal entity's row has no sales area. */
export function salesAreaOf(rows: MappedRows, legalEntity: string): SalesAreaKey {
  const field = (name: string): [table: "legal_entity", key: string, field: string] => [
    "legal_entity",
    legalEntity,
    name,
  ];
  return {
    SalesOrganization: requiredField(rows, field("sales_organization"), "salesOrganization"),
    DistributionChannel: requiredField(rows, field("distribution_channel"), "distributionChannel"),
    Division: requiredField(rows, field("division"), "division"),
  };
}
