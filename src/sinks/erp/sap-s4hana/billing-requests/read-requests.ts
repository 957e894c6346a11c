import { sumOfDecimals } from "../../common/decimals.ts";
import type { ComparedDocument } from "../../erp-sink.ts";
import type { SapClient } from "../client.ts";
import { dayIn, ODATA_ROOT, oneOf, query, quoted, type Row, rowsIn, textIn } from "../odata.ts";
import type { BillingPlan } from "../plan.ts";
import { plainKey } from "../plan-invoice.ts";
import { nameOfCustomer } from "./customer-names.ts";

/** Billing document requests as SAP has them (Billing Document Request – Read, Reject). */

const SERVICE = "API_BILLING_DOCUMENT_REQUEST_SRV";
export const BILLING_REQUESTS = `${SERVICE}/A_BillingDocumentRequest`;

/** [M] Statuses of SD: not yet, and partially processed. Whatever is in none of them is billed or rejected. */
const OPEN_STATUSES: ReadonlySet<string> = new Set(["", "A", "B"]);
const UNBILLED_STATUSES: ReadonlySet<string> = new Set(["", "A"]);
/** [M] Not relevant, and complete. */
const COMPLETE_PRICING: ReadonlySet<string> = new Set(["", "C"]);

export interface FoundRequest {
  readonly number: string;
  readonly reference: string;
  readonly customerReference: string;
  /** Neither billed nor rejected. */
  readonly isOpen: boolean;
  /** What keeps SAP from billing it, for people; null for nothing. */
  readonly issue: { readonly code: string; readonly text: string } | null;
  readonly document: ComparedDocument;
}

/** Rows of the requests under the plans' references, in the order of their numbers. */
export async function requestRows(
  client: SapClient,
  operation: string,
  plans: readonly [BillingPlan, ...BillingPlan[]],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const references = oneOf(
    "ReferenceDocument",
    plans.map(({ request }) => request.reference),
  );
  const { logicalSystem } = plans[0].request;
  return query(client, {
    operation,
    entity: BILLING_REQUESTS,
    filter: `ReferenceDocumentLogicalSystem eq ${quoted(logicalSystem)} and (${references})`,
    expand: ["to_Item"],
    orderBy: ["BillingDocumentRequest"],
    signal,
  });
}

/** Takes a request back that SAP has not billed. */
export async function rejectRequest(
  client: SapClient,
  { number }: FoundRequest,
  signal: AbortSignal,
): Promise<void> {
  await client.change({
    operation: "reject-request",
    method: "POST",
    path: `${ODATA_ROOT}/${SERVICE}/Reject?BillingDocumentRequest=${encodeURIComponent(quoted(number))}`,
    effect: "write",
    signal,
  });
}

/** Whether there may be a billing document of a request. */
export function mayBeBilled(row: Row): boolean {
  return !UNBILLED_STATUSES.has(textIn(row, "OverallBillingDocReqStatus"));
}

export function foundRequest(row: Row, names: ReadonlyMap<string, string>): FoundRequest {
  const [net, tax] = [textIn(row, "TotalNetAmount"), textIn(row, "TotalTaxAmount")];
  return {
    number: textIn(row, "BillingDocumentRequest"),
    reference: textIn(row, "ReferenceDocument"),
    customerReference: textIn(row, "PurchaseOrderByCustomer"),
    isOpen: OPEN_STATUSES.has(textIn(row, "OverallBillingDocReqStatus")),
    issue: issueOf(row),
    document: {
      customer: nameOfCustomer(row, names),
      legalEntity: textIn(row, "CompanyCode"),
      currency: textIn(row, "TransactionCurrency"),
      date: dayIn(row, "BillingDocumentDate"),
      total: sumOfDecimals([net, tax]),
      tax,
      lines: rowsIn(row, "to_Item").map((item) => ({
        reference: plainKey(textIn(item, "Material")),
        amount: textIn(item, "NetAmount"),
      })),
    },
  };
}

function issueOf(row: Row): FoundRequest["issue"] {
  const pricing = textIn(row, "OverallPricingIncompletionSts");
  if (!COMPLETE_PRICING.has(pricing))
    return {
      code: "pricing-incomplete",
      text: "its pricing is incomplete (a condition type, or the taxes of the customer or a material)",
    };
  const issue = textIn(row, "BillingIssueType");
  return issue === "" ? null : { code: `billing-issue-${issue}`, text: `it has an issue (type ${issue})` };
}
