import { z } from "zod";
import { commonCommands, type ControlSender, sendCommand } from "../common/control-commands.ts";
import {
  DELIVERY_FAULTS,
  FAULT_RULE_FIELDS,
  serverErrors,
  THROTTLE_STORM,
  TOKEN_EXPIRY,
} from "../common/faults.ts";

/** What a test or the demo tells the simulator, in its own process or over loopback. */

/** What goes wrong on purpose with a request. */
const FAULT = z.discriminatedUnion("kind", [
  ...DELIVERY_FAULTS,
  /** Without anything done: a page of the front end. */
  ...serverErrors(),
  THROTTLE_STORM,
  TOKEN_EXPIRY,
  /** Somebody else changes the record at the same time. */
  z.strictObject({ kind: z.literal("update-conflict") }),
  /** The answer to a changeset is cut off in its middle. */
  z.strictObject({ kind: z.literal("torn-answer") }),
]);
export type Fault = z.infer<typeof FAULT>;

/** `path`: a part of the path, or of a batch's body: "CustomersV3", "LedgerJournalLines". */
const FAULT_RULE = z.strictObject({
  ...FAULT_RULE_FIELDS,
  fault: FAULT,
  /** Only requests that write records. */
  writesOnly: z.boolean().optional(),
  /** Only requests that complete something: not those that create a journal's header. */
  completesOnly: z.boolean().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const text = z.string().min(1);
const amount = z.string().regex(/^-?\d+(\.\d+)?$/);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  ...commonCommands(FAULT_RULE),
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
  /** The batch jobs that post: stopped, going on, or once now. */
  z.strictObject({ do: z.literal("stop-posting") }),
  z.strictObject({ do: z.literal("start-posting") }),
  z.strictObject({ do: z.literal("run-posting") }),
  z.strictObject({ do: z.literal("set-posting-delay"), ms: z.number().nonnegative() }),
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
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export const sendControl: ControlSender<ControlCommand> = sendCommand;
