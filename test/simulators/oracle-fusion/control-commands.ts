import { z } from "zod";

/** What a test or the demo tells the simulator, in its own process or over loopback. */

const FAULT = z.discriminatedUnion("kind", [
  /** Does what is asked and breaks the connection. */
  z.strictObject({ kind: z.literal("lost-after-commit") }),
  /** Breaks the connection and does nothing. */
  z.strictObject({ kind: z.literal("lost-before-commit") }),
  /** Does what is asked, and answers after `ms`. */
  z.strictObject({ kind: z.literal("slow"), ms: z.number().nonnegative() }),
  /** Answers with a status of the 5xx without doing anything. */
  z.strictObject({ kind: z.literal("server-error"), status: z.number().int().min(500).max(599) }),
  /** Does what is asked, and answers with a status of the 5xx and a page that isn't Oracle's. */
  z.strictObject({
    kind: z.literal("server-error-after-commit"),
    status: z.number().int().min(500).max(599),
  }),
  /** 429 for `ms`, for every request, with `Retry-After` where seconds are given. */
  z.strictObject({
    kind: z.literal("throttle-storm"),
    ms: z.number().nonnegative(),
    retryAfterSeconds: z.number().int().optional(),
  }),
  /** All access tokens end now, this request's too. */
  z.strictObject({ kind: z.literal("token-expiry") }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
  /** JBO-25014: somebody else has changed the row. */
  z.strictObject({ kind: z.literal("record-changed") }),
  /** ReqstId -1 with a status of success. */
  z.strictObject({ kind: z.literal("import-refused") }),
  /** The import leaves out lines that are wrong, and ends with WARNING. */
  z.strictObject({ kind: z.literal("import-partial") }),
]);
export type Fault = z.infer<typeof FAULT>;

const FAULT_RULE = z.strictObject({
  fault: FAULT,
  /** Only so often; always where it is not said. */
  times: z.number().int().positive().optional(),
  /** Share of the requests that it befalls; all where it is not said. */
  rate: z.number().min(0).max(1).optional(),
  method: z.string().optional(),
  /** Not requests that only ask, those of SOAP among them. */
  writesOnly: z.boolean().optional(),
  /** Only what ends the making of a document: an invoice's completion, a memo's application, a customer's profile, an import. */
  lastStepsOnly: z.boolean().optional(),
  /** A part of the path: "/receivablesInvoices". */
  path: z.string().optional(),
  /** A part of the path that must not be there. */
  notPath: z.string().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add-fault"), rule: FAULT_RULE }),
  /** A storm of 429 ends too. */
  z.strictObject({ do: z.literal("clear-faults") }),
  /** Months, YYYY-MM, of all ledgers; of one application where it is said. */
  z.strictObject({
    do: z.literal("close-period"),
    month: id,
    application: z.enum(["101", "222"]).optional(),
  }),
  z.strictObject({ do: z.literal("open-period"), month: id, application: z.enum(["101", "222"]).optional() }),
  z.strictObject({ do: z.literal("period-rule"), rule: z.enum(["Reject", "Adjust"]) }),
  /** Lines without taxes get those of a rate; none where it isn't said. */
  z.strictObject({ do: z.literal("automatic-tax"), rateCode: id.optional() }),
  z.strictObject({ do: z.literal("deactivate-memo-line"), name: id }),
  z.strictObject({ do: z.literal("activate-memo-line"), name: id }),
  /** Requests whose path has this part are forbidden. */
  z.strictObject({ do: z.literal("revoke-permission"), path: id }),
  z.strictObject({ do: z.literal("grant-permission"), path: id }),
  z.strictObject({ do: z.literal("refuse-credentials") }),
  z.strictObject({ do: z.literal("accept-credentials") }),
  z.strictObject({ do: z.literal("expire-tokens") }),
  z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
  /** What is created is not seen by questions for so long. */
  z.strictObject({ do: z.literal("set-lag"), ms: z.number().nonnegative() }),
  /** Children of a page that come with their record. */
  z.strictObject({ do: z.literal("set-child-limit"), items: z.number().int().positive() }),
  z.strictObject({ do: z.literal("set-import-delay"), ms: z.number().nonnegative() }),
  /** Imports are done now, whatever their delay. */
  z.strictObject({ do: z.literal("finish-imports") }),
  /** Told instead of a job's state; the true one where it isn't said. */
  z.strictObject({ do: z.literal("job-state"), state: z.string().optional() }),
  /** A customer pays an invoice, by its number; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), number: id, amount: z.string().optional() }),
  /** An accountant changes the amount of a transaction's first line. */
  z.strictObject({ do: z.literal("edit-amount"), number: id, amount: z.string() }),
  /** Somebody makes a transaction of the same number and amounts in another name. */
  z.strictObject({ do: z.literal("rename-reference"), number: id, crossReference: z.string() }),
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
