import { type AcceptedPosting, type BatchPollAnswer, ErpFault } from "../../erp-sink.ts";
import type { SapClient } from "../client.ts";
import { type BillingPlan, isBillingPlan, sapPlan } from "../plan.ts";
import { readStates } from "./read-state.ts";
import { type BillingDeadlines, type BillingState, progressOf } from "./request-state.ts";

/** All requests are asked about together, whatever message they came by. */
export const BILLING_JOB = "billing";

/** What has become of requests: an answer for each, in their order, by one to three questions for all of them. */
export async function pollRequests(
  client: SapClient,
  accepted: readonly AcceptedPosting[],
  { nowMs, deadlines }: { readonly nowMs: number; readonly deadlines: BillingDeadlines },
  signal: AbortSignal,
): Promise<readonly BatchPollAnswer[]> {
  const plans = accepted.map(({ plan }) => billingPlan(sapPlan(plan)));
  const states = await readStates(client, "poll-requests", plans, signal);
  return plans.map((plan, index): BatchPollAnswer => {
    const sinceMs = Date.parse(accepted[index]?.handle ?? "");
    try {
      return progressOf(plan, states[index] ?? NOTHING, { nowMs, sinceMs, deadlines });
    } catch (fault) {
      if (fault instanceof ErpFault) return { status: "failed", fault };
      throw fault;
    }
  });
}

const NOTHING: BillingState = { requests: [], documents: [], billedElsewhere: null };

function billingPlan(plan: ReturnType<typeof sapPlan>): BillingPlan {
  if (isBillingPlan(plan)) return plan;
  throw new ErpFault("validation", "SAP has no document of this kind under way");
}
