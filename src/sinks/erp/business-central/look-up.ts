import type { FoundDocument } from "../erp-sink.ts";
import type { BusinessCentralClient } from "./client.ts";
import type { BusinessCentralPlan } from "./plan.ts";
import { readBack } from "./read-back.ts";

/** What is in the books under a plan's external id: none, one, or several. Drafts are not. */
export function lookUp(
  client: BusinessCentralClient,
  plan: BusinessCentralPlan,
  signal: AbortSignal,
): Promise<readonly FoundDocument[]> {
  return readBack(client, [plan], signal, "look-up");
}
