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
  /** Answers with a status of the 5xx without doing anything. */
  z.strictObject({ kind: z.literal("server-error"), status: z.number().int().min(500).max(599) }),
  /** Does what is asked, and answers with a status of the 5xx. */
  z.strictObject({
    kind: z.literal("server-error-after-commit"),
    status: z.number().int().min(500).max(599),
  }),
  /** 429 for `ms`, for every request. */
  z.strictObject({ kind: z.literal("throttle-storm"), ms: z.number().nonnegative() }),
  /** 401 INVALID_LOGIN of an overloaded account, although the credentials are right. */
  z.strictObject({ kind: z.literal("invalid-login") }),
  /** All access tokens end now, this request's too. */
  z.strictObject({ kind: z.literal("token-expiry") }),
  /** The request arrives twice; the first one's answer is given. */
  z.strictObject({ kind: z.literal("duplicate-delivery") }),
  /** RCRD_HAS_BEEN_CHANGED: somebody else is saving the record. */
  z.strictObject({ kind: z.literal("record-changed") }),
  /** Items of a batch, by their places from 0, fail. */
  z.strictObject({ kind: z.literal("failing-items"), places: z.array(z.number().int().nonnegative()) }),
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
  /** A part of the path, decoded: "/record/v1/invoice", "eid:acme-invoice:42". */
  path: z.string().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add-fault"), rule: FAULT_RULE }),
  /** A storm of 429 ends too. */
  z.strictObject({ do: z.literal("clear-faults") }),
  /** Requests that are taken from now on wait, each in its place of the pool, until they are released. */
  z.strictObject({ do: z.literal("hold") }),
  z.strictObject({ do: z.literal("release") }),
  /** Periods by id ("121") or name ("Jun 2026"). */
  z.strictObject({ do: z.literal("close-period"), period: id }),
  z.strictObject({ do: z.literal("open-period"), period: id }),
  /** Entries of lists, such as `serviceSaleItem` 86. */
  z.strictObject({ do: z.literal("deactivate"), type: id, id }),
  z.strictObject({ do: z.literal("activate"), type: id, id }),
  z.strictObject({ do: z.literal("revoke-permission"), permission: id }),
  z.strictObject({ do: z.literal("grant-permission"), permission: id }),
  /** The ERP's clock goes ahead (or behind) by so much. */
  z.strictObject({ do: z.literal("skew-clock"), ms: z.number().int() }),
  z.strictObject({ do: z.literal("expire-tokens") }),
  /** Somebody takes the integration's credentials away, and gives them back. */
  z.strictObject({ do: z.literal("refuse-logins") }),
  z.strictObject({ do: z.literal("accept-logins") }),
  /** Other integrations of the account take places of its pool. */
  z.strictObject({ do: z.literal("occupy"), places: z.number().int().nonnegative() }),
  z.strictObject({ do: z.literal("set-latency"), ms: z.number().nonnegative() }),
  z.strictObject({ do: z.literal("set-async-delay"), ms: z.number().nonnegative() }),
  /** Asynchronous jobs are done now, whatever their delay. */
  z.strictObject({ do: z.literal("run-jobs") }),
  /** A customer pays an invoice, by its id or external id; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), invoice: id, amount: z.string().optional() }),
  /** An accountant voids a transaction, by its id or external id. */
  z.strictObject({ do: z.literal("void"), type: id, record: id }),
  /** An accountant changes the amount of a document's first line. */
  z.strictObject({ do: z.literal("edit-amount"), type: id, record: id, amount: z.string() }),
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
