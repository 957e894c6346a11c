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
  /** Answers with a status of the 5xx, without a fault in its body, and does nothing. */
  z.strictObject({ kind: z.literal("server-error"), status: z.number().int().min(500).max(599) }),
  /** Does what is asked, and answers with a status of the 5xx. */
  z.strictObject({
    kind: z.literal("server-error-after-commit"),
    status: z.number().int().min(500).max(599),
  }),
  /** Does what is asked, and answers with a SOAP fault that says that processing broke off. */
  z.strictObject({ kind: z.literal("processing-error-after-commit") }),
  /** 429 for `ms`, for every request. */
  z.strictObject({ kind: z.literal("throttle-storm"), ms: z.number().nonnegative() }),
  /** All access tokens end now, this request's too. */
  z.strictObject({ kind: z.literal("token-expiry") }),
  /** All sessions end now, this request's too. */
  z.strictObject({ kind: z.literal("session-end") }),
  /** Entries of a bulk, by their places from 0, are refused: their account is being worked on by somebody. */
  z.strictObject({ kind: z.literal("locked-entries"), places: z.array(z.number().int().nonnegative()) }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
  /** Another change of the same entity comes just before. */
  z.strictObject({ kind: z.literal("changed-meanwhile") }),
]);
export type Fault = z.infer<typeof FAULT>;

const FAULT_RULE = z.strictObject({
  fault: FAULT,
  /** Only so often; always where it is not said. */
  times: z.number().int().positive().optional(),
  /** Share of the requests that it befalls; all where it is not said. */
  rate: z.number().min(0).max(1).optional(),
  method: z.string().optional(),
  /** Only requests that create or change something. */
  writesOnly: z.boolean().optional(),
  /** A part of the path: "journalentry", "A_BusinessPartner". */
  path: z.string().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add-fault"), rule: FAULT_RULE }),
  /** A storm of 429 ends too. */
  z.strictObject({ do: z.literal("clear-faults") }),
  /** Posting periods of all company codes by their month: YYYY-MM. */
  z.strictObject({ do: z.literal("close-period"), month: z.string().regex(/^\d{4}-\d{2}$/) }),
  z.strictObject({ do: z.literal("open-period"), month: z.string().regex(/^\d{4}-\d{2}$/) }),
  /** A validation rule refuses documents with a header text, or none any more. */
  z.strictObject({ do: z.literal("refuse-documents"), headerText: id }),
  z.strictObject({ do: z.literal("accept-documents") }),
  z.strictObject({ do: z.literal("block-account"), account: id }),
  z.strictObject({ do: z.literal("unblock-account"), account: id }),
  /** Credentials of all kinds are refused, or taken again. */
  z.strictObject({ do: z.literal("refuse-credentials") }),
  z.strictObject({ do: z.literal("accept-credentials") }),
  /** The arrangement of a service is taken away, or given back: "API_BUSINESS_PARTNER", "journalentrycreaterequestconfi". */
  z.strictObject({ do: z.literal("revoke-service"), service: id }),
  z.strictObject({ do: z.literal("grant-service"), service: id }),
  z.strictObject({ do: z.literal("expire-tokens") }),
  z.strictObject({ do: z.literal("end-sessions") }),
  z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
  /**
   * A customer pays an invoice, by its reference: all that is open where no amount is said, otherwise a part that names the invoice. `residual`: the part clears
   * the invoice, and what is left becomes an item of its own.
   */
  z.strictObject({
    do: z.literal("pay"),
    reference: id,
    amount: z.string().optional(),
    residual: z.boolean().optional(),
  }),
  /** An accountant takes a document back. */
  z.strictObject({ do: z.literal("reverse"), reference: id }),
  /** Somebody changes the amount of a document's first ledger item, and the customer's (or the next) item with it. */
  z.strictObject({ do: z.literal("edit-amount"), reference: id, amount: z.string() }),
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
