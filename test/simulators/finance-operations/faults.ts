import type { FaultedRequest } from "../common/fault-plan.ts";
import type { FaultRule } from "./control-commands.ts";

/** Path of requests that create a journal's header. */
const HEADER = /^\/data\/LedgerJournalHeaders/;

/**
 * Whether a request is one that a rule's fault may befall.
 * @param request its path, or of a batch the body
 */
export function fitsRule(
  { writesOnly, completesOnly }: FaultRule,
  { method, path }: FaultedRequest,
): boolean {
  if (writesOnly === true && method === "GET") return false;
  return completesOnly !== true || (method !== "GET" && method !== "DELETE" && !HEADER.test(path));
}
