import type { SapClient } from "../client.ts";
import type { BillingPlan } from "../plan.ts";
import { customerNames } from "./customer-names.ts";
import { billingDocument, documentRows, documentsOfRequests } from "./read-documents.ts";
import { foundRequest, mayBeBilled, requestRows } from "./read-requests.ts";
import { type BillingState, stateOf } from "./request-state.ts";

/** What SAP has of plans, in their order, by one to three questions for all of them, and two more where requests came to nothing. */
export async function readStates(
  client: SapClient,
  operation: string,
  plans: readonly BillingPlan[],
  signal: AbortSignal,
): Promise<readonly BillingState[]> {
  const [first, ...others] = plans;
  if (first === undefined) return [];
  const requested = await requestRows(client, operation, [first, ...others], signal);
  // Billing documents are made of requests: as long as all of these are to be billed, or missing, there are none.
  const isBilled = requested.some((row) => mayBeBilled(row));
  const billed = isBilled ? await documentRows(client, operation, plans, signal) : [];
  const names = await customerNames(client, plans, [...requested, ...billed], signal);
  const requests = requested.map((row) => foundRequest(row, names));
  const documents = billed
    .map((row) => billingDocument(row, names))
    .filter(({ isCancelled }) => !isCancelled);
  const told = new Set(documents.flatMap((document) => document.requests));
  // Rejected, or billed by a document that has not its reference: the documents' items tell.
  const closed = requests.filter(({ number, isOpen }) => !isOpen && !told.has(number));
  const elsewhere = await documentsOfRequests(
    client,
    operation,
    closed.map(({ number }) => number),
    signal,
  );
  return plans.map((plan) => stateOf(plan, requests, documents, elsewhere));
}
