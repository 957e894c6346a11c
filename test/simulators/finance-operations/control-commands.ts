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
  /** A page of the front end with a status of the 5xx, without doing anything. */
  z.strictObject({ kind: z.literal("server-error"), status: z.number().int().min(500).max(599) }),
  /** Does what is asked, and answers with a status of the 5xx. */
  z.strictObject({
    kind: z.literal("server-error-after-commit"),
    status: z.number().int().min(500).max(599),
  }),
  /** 429 of the resources for `ms`, for every request. */
  z.strictObject({ kind: z.literal("throttle-storm"), ms: z.number().nonnegative() }),
  /** All access tokens end now, this request's too. */
  z.strictObject({ kind: z.literal("token-expiry") }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
  /** Somebody else changes the record at the same time. */
  z.strictObject({ kind: z.literal("update-conflict") }),
  /** The answer to a changeset is cut off in its middle. */
  z.strictObject({ kind: z.literal("torn-answer") }),
]);
export type Fault = z.infer<typeof FAULT>;

const FAULT_RULE = z.strictObject({
  fault: FAULT,
  /** Only so often; always where it is not said. */
  times: z.number().int().positive().optional(),
  /** Share of the requests that it befalls; all where it is not said. */
  rate: z.number().min(0).max(1).optional(),
  method: z.string().optional(),
  /** Only requests that write records. */
  writesOnly: z.boolean().optional(),
  /** Only requests that complete something: not those that create a journal's header. */
  completesOnly: z.boolean().optional(),
  /** A part of the path, or of a batch's body: "CustomersV3", "LedgerJournalLines". */
  path: z.string().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const text = z.string().min(1);
const amount = z.string().regex(/^-?\d+(\.\d+)?$/);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add-fault"), rule: FAULT_RULE }),
  /** A storm of 429 ends too. */
  z.strictObject({ do: z.literal("clear-faults") }),
  /** Months, YYYY-MM, in all companies. */
  z.strictObject({ do: z.literal("close-period"), month: z.string().regex(/^\d{4}-\d{2}$/) }),
  z.strictObject({ do: z.literal("open-period"), month: z.string().regex(/^\d{4}-\d{2}$/) }),
  z.strictObject({ do: z.literal("suspend-account"), account: text }),
  z.strictObject({ do: z.literal("activate-account"), account: text }),
  z.strictObject({ do: z.literal("hold-customer"), customer: text }),
  /** Entities that the application's user may not use. */
  z.strictObject({ do: z.literal("revoke-entity"), entity: text }),
  z.strictObject({ do: z.literal("grant-entity"), entity: text }),
  /** Whether the application is listed under "Microsoft Entra applications". */
  z.strictObject({ do: z.literal("register-application"), isRegistered: z.boolean() }),
  /** The client's secret is taken, or has ended. */
  z.strictObject({ do: z.literal("accept-secret"), isGood: z.boolean() }),
  z.strictObject({ do: z.literal("expire-tokens") }),
  /** The batch jobs that post: stopped, going on, or once now. */
  z.strictObject({ do: z.literal("stop-posting") }),
  z.strictObject({ do: z.literal("start-posting") }),
  z.strictObject({ do: z.literal("run-posting") }),
  z.strictObject({ do: z.literal("set-posting-delay"), ms: z.number().nonnegative() }),
  z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
  z.strictObject({ do: z.literal("set-page-rows"), rows: z.number().int().positive() }),
  /** The limits of a user that were announced and withdrawn; null: there are none. */
  z.strictObject({
    do: z.literal("set-user-limits"),
    limits: z
      .strictObject({
        requests: z.number().int().positive(),
        windowMs: z.number().positive(),
        concurrent: z.number().int().positive(),
      })
      .nullable(),
  }),
  /** Somebody pays of an invoice, by its external id: all that is open unless given. */
  z.strictObject({ do: z.literal("pay"), invoice: text, amount: amount.optional() }),
  /** Somebody changes a line of an invoice or a journal (by external id), its total and what is owed of it. */
  z.strictObject({ do: z.literal("edit-amount"), document: text, line: z.number().int().positive(), amount }),
  /** Somebody deletes a draft, by its external id. */
  z.strictObject({ do: z.literal("delete-draft"), document: text }),
  z.strictObject({ do: z.literal("ledger") }),
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Gives a command to a simulator in another process. Throws where it was refused. */
export async function sendControl(
  url: string,
  controlToken: string,
  command: ControlCommand,
): Promise<unknown> {
  const reply = await fetch(`${url}/control`, {
    method: "POST",
    headers: { authorization: `Bearer ${controlToken}`, "content-type": "application/json" },
    body: JSON.stringify(command),
  });
  const answer: unknown = await reply.json();
  if (!reply.ok) throw new Error(`the simulator refused: ${JSON.stringify(answer)}`);
  return answer;
}
