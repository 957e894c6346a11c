import type { FaultedRequest } from "../common/fault-plan.ts";
import type { FaultRule } from "./control-commands.ts";

/** Whether a request is one that a rule's fault may befall. */
export function fitsRule({ writesOnly }: FaultRule, { method }: FaultedRequest): boolean {
  return writesOnly !== true || method !== "GET";
}
