import type { FaultedRequest } from "../common/fault-plan.ts";
import type { FaultRule } from "./control-commands.ts";

/** Whether a request is one that a rule's fault may befall. A query comes by POST too, and writes nothing. */
export function fitsRule({ writesOnly }: FaultRule, { method, path }: FaultedRequest): boolean {
  return writesOnly !== true || (method !== "GET" && path.startsWith("/record/"));
}
