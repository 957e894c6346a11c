import { z } from "zod";

/** What a test or the demo tells the simulator, in its own process or over loopback. */

/** What goes wrong on purpose with a request. */
const FAULT = z.discriminatedUnion("kind", [
  /** Does what is asked and breaks the connection. */
  z.strictObject({ kind: z.literal("lost-after-commit") }),
  /** Breaks the connection and does nothing. */
  z.strictObject({ kind: z.literal("lost-before-commit") }),
  /** Does what is asked, and answers after `ms`. */
  z.strictObject({ kind: z.literal("slow"), ms: z.number().nonnegative() }),
  /** Answers with a status of the 5xx, or 408, without doing anything. */
  z.strictObject({ kind: z.literal("server-error"), status: z.number().int().min(408).max(599) }),
  /** Does what is asked, and answers with such a status. */
  z.strictObject({
    kind: z.literal("server-error-after-commit"),
    status: z.number().int().min(408).max(599),
  }),
  /** 429 for `ms`, for every request. */
  z.strictObject({ kind: z.literal("throttle-storm"), ms: z.number().nonnegative() }),
  /** All access tokens end now, this request's too. */
  z.strictObject({ kind: z.literal("token-expiry") }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
  /** 409: somebody else changed the record. */
  z.strictObject({ kind: z.literal("entity-changed") }),
]);
export type Fault = z.infer<typeof FAULT>;

const FAULT_RULE = z.strictObject({
  fault: FAULT,
  /** Only so often; always where it is not said. */
  times: z.number().int().positive().optional(),
  /** Share of the requests that it befalls; all where it is not said. */
  rate: z.number().min(0).max(1).optional(),
  method: z.string().optional(),
  /** A part of the address behind "…/api/v2.0/": "$batch", "Microsoft.NAV.post". */
  path: z.string().optional(),
  /** Requests alone that put something into the books: postings, and writes of customers. */
  isBooking: z.literal(true).optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
const BLOCKED = z.enum(["account", "item", "dimension-value"]);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add-fault"), rule: FAULT_RULE }),
  /** A storm of 429 ends too. */
  z.strictObject({ do: z.literal("clear-faults") }),
  /** Months (YYYY-MM) of all companies. */
  z.strictObject({ do: z.literal("close-month"), month: z.string().regex(/^\d{4}-\d\d$/) }),
  z.strictObject({ do: z.literal("open-month"), month: z.string().regex(/^\d{4}-\d\d$/) }),
  /** Allow Posting From and To of all companies; "" for no bound. */
  z.strictObject({ do: z.literal("allow-posting"), from: z.string(), to: z.string() }),
  /** An account or item by its number, or "DIMENSION=VALUE", in all companies. */
  z.strictObject({ do: z.literal("block"), what: BLOCKED, number: id }),
  z.strictObject({ do: z.literal("unblock"), what: BLOCKED, number: id }),
  z.strictObject({ do: z.literal("block-customer"), number: id, blocked: z.enum([" ", "Invoice", "All"]) }),
  /** Sets ("salesInvoices"), or what may be done with them ("salesInvoices post", "customers modify"). */
  z.strictObject({ do: z.literal("revoke-permission"), permission: id }),
  z.strictObject({ do: z.literal("grant-permission"), permission: id }),
  z.strictObject({ do: z.literal("expire-tokens") }),
  z.strictObject({ do: z.literal("refuse-secret") }),
  z.strictObject({ do: z.literal("accept-secret") }),
  /** Others of the same user have requests that run. */
  z.strictObject({ do: z.literal("occupy"), places: z.number().int().nonnegative() }),
  z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
  /** A customer pays a posted invoice, by its external document number or reference; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), invoice: id, amount: z.string().optional() }),
  z.strictObject({ do: z.literal("cancel"), invoice: id }),
  /** Somebody changes the amount of a posted document's first line, which the program itself would not let them. */
  z.strictObject({ do: z.literal("edit-amount"), document: id, amount: z.string() }),
  z.strictObject({ do: z.literal("ledger") }),
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export async function sendControl(url: string, token: string, command: ControlCommand): Promise<unknown> {
  const response = await fetch(`${url}/control`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(command),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`the simulator answers ${response.status}: ${JSON.stringify(body)}`);
  return body;
}
