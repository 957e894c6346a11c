import { durationText } from "../../../../model/duration.ts";
import { compareDocuments, describeDifferences } from "../../../posting/compare-documents.ts";
import { ErpFault, type BatchPollAnswer, type FoundDocument } from "../../erp-sink.ts";
import type { BillingPlan } from "../plan.ts";
import type { BillingSettings } from "./billing-request.ts";
import { foundDocument, isAccounted, type BillingDocument } from "./read-documents.ts";
import type { FoundRequest } from "./read-requests.ts";

/** What SAP has of a plan: requests under its reference, and billing documents that were made of them. */
export interface BillingState {
  readonly requests: readonly FoundRequest[];
  readonly documents: readonly BillingDocument[];
  /** Billing document of a request that has not the request's reference; null for none. */
  readonly billedElsewhere: string | null;
}

export type BillingDeadlines = Pick<BillingSettings, "requestDeadlineMs" | "billingDeadlineMs">;

export function stateOf(
  { request }: BillingPlan,
  requests: readonly FoundRequest[],
  documents: readonly BillingDocument[],
  elsewhere: ReadonlyMap<string, string> = new Map(),
): BillingState {
  const own = requests.filter(({ reference }) => reference === request.reference);
  const [billedElsewhere = null] = own.flatMap(({ number }) => elsewhere.get(number) ?? []);
  return {
    requests: own,
    documents: documents.filter(({ customerReference }) => customerReference === request.customerReference),
    billedElsewhere,
  };
}

/**
 * What a look-up tells. What is on its way as planned is no document yet: submitting the plan again takes it up where it stands. What differs is told, so
 * that somebody looks at it.
 */
export function lookedUp(plan: BillingPlan, state: BillingState): readonly FoundDocument[] {
  const { documents } = state;
  const [only, ...others] = documents;
  if (only !== undefined && others.length === 0 && !isAccounted(only) && isPlanned(plan, only)) return [];
  if (only !== undefined) return documents.map((document) => foundDocument(plan, document));
  const request = openRequest(plan, state);
  if (request === undefined || request.issue !== null || isPlanned(plan, request)) return [];
  const { number, document } = request;
  return [{ erp: { id: `request-${number}`, number }, externalId: plan.externalId, document, payment: null }];
}

/** @param sinceMs when the message was sent */
export function progressOf(
  plan: BillingPlan,
  state: BillingState,
  { nowMs, sinceMs, deadlines }: { nowMs: number; sinceMs: number; deadlines: BillingDeadlines },
): BatchPollAnswer {
  const waitedMs = nowMs - sinceMs;
  const [document, ...others] = state.documents;
  if (document !== undefined) return billed(plan, [document, ...others], waitedMs, deadlines);
  const request = openRequest(plan, state);
  if (request === undefined) {
    const fault = withoutRequest(plan, state, waitedMs, deadlines);
    return fault === undefined ? { status: "pending" } : { status: "failed", fault };
  }
  const { number, issue } = request;
  if (issue !== null)
    return failed(
      "mapping",
      issue.code,
      `SAP can't bill the request ${number}: ${issue.text}. The app Manage Billing Document Requests says what is missing; when it is there, retry`,
    );
  const differences = compareDocuments(plan.expected, request.document);
  if (differences.length > 0)
    return failed("duplicate", "request-differs", `request ${number}: ${describeDifferences(differences)}`);
  if (waitedMs < deadlines.billingDeadlineMs) return { status: "pending" };
  return failed(
    "validation",
    "not-billed",
    `SAP has not billed the request ${number} for ${durationText(deadlines.billingDeadlineMs)}: look whether the job of the app Schedule Billing Creation runs, selects it, and what its log says. Retry when it is billed or can be`,
  );
}

/** What is known of a request or document is as planned. */
export function isPlanned(
  { expected }: BillingPlan,
  { document }: Pick<FoundRequest | BillingDocument, "document">,
): boolean {
  return compareDocuments(expected, document).length === 0;
}

/**
 * The request that is to be billed; undefined where there is none. Throws ErpFault `validation` where the reference is somebody else's, or where SAP has
 * billed it under another one: nothing is sent again then.
 */
export function openRequest(
  { request }: BillingPlan,
  { requests, billedElsewhere }: BillingState,
): FoundRequest | undefined {
  if (billedElsewhere !== null)
    throw new ErpFault(
      "validation",
      `SAP has billed the request of ${request.customerReference} by the billing document ${billedElsewhere}, whose customer's reference is another one: combined with other requests, or by copying control`,
      { code: "billed-elsewhere" },
    );
  const found = requests.find(({ isOpen }) => isOpen);
  if (found !== undefined && found.customerReference !== request.customerReference)
    throw new ErpFault(
      "validation",
      `SAP has another request (${found.number}) under the reference ${request.reference} of ${request.logicalSystem}`,
      { code: "reference-taken" },
    );
  return found;
}

function billed(
  plan: BillingPlan,
  [document, ...others]: readonly [BillingDocument, ...BillingDocument[]],
  waitedMs: number,
  { billingDeadlineMs }: BillingDeadlines,
): BatchPollAnswer {
  const { erp, requests, transferStatus } = document;
  // The look that follows says which there are, and what differs.
  if (others.length > 0)
    return failed("duplicate", "billed-twice", `SAP has ${others.length + 1} billing documents of it`);
  if (requests.length > 1)
    return failed("duplicate", "billed-together", `SAP has billed it together with others (${erp.id})`);
  if (!isPlanned(plan, document))
    return failed("duplicate", "billing-differs", `billing document ${erp.id} differs`);
  if (isAccounted(document)) return { status: "confirmed", erp };
  if (transferStatus === "A" && waitedMs < billingDeadlineMs) return { status: "pending" };
  const [kind, text] = UNACCOUNTED[transferStatus] ?? ["validation", "is not in accounting"];
  return failed(
    kind,
    `accounting-status-${transferStatus === "" ? "error" : transferStatus}`,
    `Billing document ${erp.id} ${text}. The app Manage Billing Documents says why, and posts it when that is mended`,
  );
}

/** [O] Meanings of AccountingTransferStatus, KBA 3472797. A status of its own for a closed period there is not: that is the commonest of errors. */
const UNACCOUNTED: Readonly<
  Record<string, readonly [kind: "period-closed" | "mapping" | "validation", text: string]>
> = {
  "": ["period-closed", "was refused by accounting: most often its posting period is closed"],
  A: ["validation", "is blocked for accounting"],
  B: ["mapping", "has no accounts: account determination has found none"],
  D: ["validation", "is not relevant for accounting, by its billing type"],
  F: ["mapping", "has an error in its pricing"],
  G: ["validation", "lacks data of foreign trade"],
  K: ["validation", "was not posted: the job's user may not post it"],
};

/** Undefined while the message may still become a request. */
function withoutRequest(
  { request }: BillingPlan,
  { requests }: BillingState,
  waitedMs: number,
  { requestDeadlineMs }: BillingDeadlines,
): ErpFault | undefined {
  const closed = requests.at(-1);
  if (closed !== undefined)
    return new ErpFault(
      "validation",
      `The request ${closed.number} of ${request.customerReference} was rejected in SAP. Retry to send it again`,
      { code: "request-rejected" },
    );
  if (waitedMs < requestDeadlineMs) return undefined;
  return new ErpFault(
    "validation",
    `SAP has taken the message and made no billing document request of it within ${durationText(requestDeadlineMs)} (reference ${request.reference} of ${request.logicalSystem}). The app Message Dashboard says what it refuses; retry when that is mended`,
    { code: "request-missing" },
  );
}

function failed(kind: ErpFault["kind"], code: string, message: string): BatchPollAnswer {
  return { status: "failed", fault: new ErpFault(kind, message, { code }) };
}
