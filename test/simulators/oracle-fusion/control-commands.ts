import { z } from "zod";
import { commonCommands, type ControlSender, sendCommand } from "../common/control-commands.ts";
import { DELIVERY_FAULTS, FAULT_RULE_FIELDS, serverErrors, TOKEN_EXPIRY } from "../common/faults.ts";

/** What a test or the demo tells the simulator, in its own process or over loopback. */

const FAULT = z.discriminatedUnion("kind", [
  ...DELIVERY_FAULTS,
  /** With a page that isn't Oracle's. */
  ...serverErrors(),
  /** 429 for `ms`, for every request, with `Retry-After` where seconds are given. */
  z.strictObject({
    kind: z.literal("throttle-storm"),
    ms: z.number().nonnegative(),
    retryAfterSeconds: z.number().int().optional(),
  }),
  TOKEN_EXPIRY,
  /** JBO-25014: somebody else has changed the row. */
  z.strictObject({ kind: z.literal("record-changed") }),
  /** ReqstId -1 with a status of success. */
  z.strictObject({ kind: z.literal("import-refused") }),
  /** The import leaves out lines that are wrong, and ends with WARNING. */
  z.strictObject({ kind: z.literal("import-partial") }),
]);
export type Fault = z.infer<typeof FAULT>;

/** `path`: a part of the path: "/receivablesInvoices". */
const FAULT_RULE = z.strictObject({
  ...FAULT_RULE_FIELDS,
  fault: FAULT,
  /** Not requests that only ask, those of SOAP among them. */
  writesOnly: z.boolean().optional(),
  /** Only what ends the making of a document: an invoice's completion, a memo's application, a customer's profile, an import. */
  lastStepsOnly: z.boolean().optional(),
  /** A part of the path that must not be there. */
  notPath: z.string().optional(),
  /** A part of the body that must not be there. */
  notBody: z.string().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  ...commonCommands(FAULT_RULE),
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
  /** What is created is not seen by questions for so long. */
  z.strictObject({ do: z.literal("set-lag"), ms: z.number().nonnegative() }),
  /** Children of a page that come with their record. */
  z.strictObject({ do: z.literal("set-child-limit"), items: z.number().int().positive() }),
  z.strictObject({ do: z.literal("set-import-delay"), ms: z.number().nonnegative() }),
  /** Imports are done now, whatever their delay. */
  z.strictObject({ do: z.literal("finish-imports") }),
  /** Told instead of a job's state; the true one where it isn't said. */
  z.strictObject({ do: z.literal("job-state"), state: z.string().optional() }),
  /** How an import of invoices ends that has rejected some. */
  z.strictObject({ do: z.literal("rejections-end-as"), state: z.enum(["SUCCEEDED", "WARNING"]) }),
  /** A transaction source begins or ends to number transactions by itself. */
  z.strictObject({ do: z.literal("automatic-numbers"), source: id, isOn: z.boolean() }),
  /** Nobody knows a context of the line transactions flexfield any more. */
  z.strictObject({ do: z.literal("remove-context"), name: id }),
  /** A customer pays an invoice, by its number; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), number: id, amount: z.string().optional() }),
  /** An accountant changes the amount of a transaction's first line. */
  z.strictObject({ do: z.literal("edit-amount"), number: id, amount: z.string() }),
  /** Somebody makes a transaction of the same number and amounts in another name. */
  z.strictObject({ do: z.literal("rename-reference"), number: id, crossReference: z.string() }),
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export const sendControl: ControlSender<ControlCommand> = sendCommand;
