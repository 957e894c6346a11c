import type { FaultedRequest } from "../common/fault-plan.ts";
import type { FaultRule } from "./control-commands.ts";

/** Addresses of what changes the books; a draft doesn't. */
const BOOKING = /Microsoft\.NAV\.post$|\/customers(\(|$)/;

/** Whether a request is one that a rule's fault may befall. */
export function fitsRule({ isBooking }: FaultRule, { method, path }: FaultedRequest): boolean {
  return isBooking !== true || (method !== "GET" && BOOKING.test(path));
}
