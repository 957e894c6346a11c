import { type BatchAnswer, ErpFault, type SubmitAnswer } from "../../erp-sink.ts";
import { faultOfReply, hasSoapFault } from "../classify-fault.ts";
import type { SapClient } from "../client.ts";
import type { BillingPlan } from "../plan.ts";
import { billableCustomers } from "./check-sales.ts";
import { isAccounted } from "./read-documents.ts";
import { type FoundRequest, rejectRequest } from "./read-requests.ts";
import { readStates } from "./read-state.ts";
import { messageHeaders, type NumberedRequest, requestMessage } from "./request-message.ts";
import { type BillingState, isPlanned, openRequest } from "./request-state.ts";

/** What a request is polled by: when its message was sent. It is found by its reference. */
export function requestHandle(nowMs: number): string {
  return new Date(nowMs).toISOString();
}

const LOST = "SAP's answer doesn't say what became of the message";

/**
 * Sends the requests that SAP doesn't have yet, all by one message, and takes up what it has. SAP refuses a second request of a reference itself, so that
 * none is billed twice whatever is sent. An answer for each plan, in their order.
 */
export async function submitRequests(
  client: SapClient,
  plans: readonly BillingPlan[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly BatchAnswer[]> {
  const answers: (BatchAnswer | undefined)[] = await answersOfKnown(client, plans, nowMs, signal);
  const unanswered = plans.flatMap((plan, index) => (answers[index] === undefined ? [{ plan, index }] : []));
  const customers = await billableCustomers(
    client,
    unanswered.map(({ plan }) => plan),
    signal,
  );
  const sent: { readonly request: NumberedRequest; readonly index: number }[] = [];
  for (const [place, { plan, index }] of unanswered.entries()) {
    const customer = customers[place];
    if (typeof customer === "string") sent.push({ request: { plan, customer }, index });
    else if (customer !== undefined) answers[index] = { status: "failed", fault: customer };
  }
  const [first, ...others] = sent;
  if (first !== undefined) {
    await send(client, [first.request, ...others.map(({ request }) => request)], nowMs, signal);
    for (const { index } of sent) answers[index] = accepted(nowMs);
  }
  return plans.map(
    (_, index) => answers[index] ?? { status: "failed", fault: new ErpFault("unknown", LOST) },
  );
}

function accepted(nowMs: number): SubmitAnswer {
  return { status: "accepted", handle: requestHandle(nowMs) };
}

/** Answers of the plans that SAP has something of already; undefined for those that are to be sent. */
async function answersOfKnown(
  client: SapClient,
  plans: readonly BillingPlan[],
  nowMs: number,
  signal: AbortSignal,
): Promise<(BatchAnswer | undefined)[]> {
  const states = await readStates(client, "look-up-requests", plans, signal);
  const answers: (BatchAnswer | undefined)[] = [];
  for (const [index, state] of states.entries()) {
    const plan = plans[index];
    if (plan === undefined) break;
    try {
      answers.push(await knownAnswer(client, plan, state, nowMs, signal));
    } catch (fault) {
      // What concerns one plan alone; a system that does not answer concerns all.
      if (!(fault instanceof ErpFault) || fault.kind !== "validation") throw fault;
      answers.push({ status: "failed", fault });
    }
  }
  return answers;
}

async function knownAnswer(
  client: SapClient,
  plan: BillingPlan,
  state: BillingState,
  nowMs: number,
  signal: AbortSignal,
): Promise<BatchAnswer | undefined> {
  const [document, ...others] = state.documents;
  if (document !== undefined) {
    if (others.length > 0 || !isPlanned(plan, document))
      return differing(`SAP has the billing document ${document.erp.id} of it already`);
    return isAccounted(document) ? { status: "confirmed", erp: document.erp } : accepted(nowMs);
  }
  const request = openRequest(plan, state);
  if (request === undefined) return undefined;
  if (request.issue !== null) {
    // SAP never bills it as it is: what was wrong is in the new one, or has been mended.
    return rejected(client, request, signal);
  }
  return isPlanned(plan, request)
    ? accepted(nowMs)
    : differing(`SAP has the request ${request.number} of it already`);
}

/** Undefined where the request is out of the way. */
async function rejected(
  client: SapClient,
  request: FoundRequest,
  signal: AbortSignal,
): Promise<BatchAnswer | undefined> {
  try {
    await rejectRequest(client, request, signal);
    return undefined;
  } catch (fault) {
    // It was billed, or rejected, in between.
    if (fault instanceof ErpFault && REFUSED.has(fault.kind))
      return differing(`SAP does not reject the request ${request.number} (${fault.message})`);
    throw fault;
  }
}

const REFUSED: ReadonlySet<ErpFault["kind"]> = new Set(["validation", "mapping", "duplicate"]);

/** For the look that follows, which says what differs. */
function differing(message: string): BatchAnswer {
  return { status: "failed", fault: new ErpFault("duplicate", message, { code: "request-differs" }) };
}

async function send(
  client: SapClient,
  requests: readonly [NumberedRequest, ...NumberedRequest[]],
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const [{ plan }] = requests;
  // SAP takes a message's id once: one that is sent again, whatever for, is another message.
  const messageId = `${plan.externalId}-${nowMs.toString(36).toUpperCase()}`;
  const reply = await client.send({
    operation: `submit-${plan.kind}`,
    method: "POST",
    path: plan.request.service.path,
    effect: "write",
    headers: messageHeaders(requests[0]),
    body: requestMessage(requests, messageId, new Date(nowMs).toISOString()),
    signal,
  });
  if (hasSoapFault(reply.text))
    throw faultOfReply({ status: 500, text: reply.text, retryAfterMs: undefined }, "write");
}
