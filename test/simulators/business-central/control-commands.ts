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
  /** The 5xx, and 408. */
  ...serverErrors(z.number().int().min(408).max(599)),
  THROTTLE_STORM,
  TOKEN_EXPIRY,
  /** 409: somebody else changed the record. */
  z.strictObject({ kind: z.literal("entity-changed") }),
]);
export type Fault = z.infer<typeof FAULT>;

/** `path`: a part of the address behind "…/api/v2.0/": "$batch", "Microsoft.NAV.post". */
const FAULT_RULE = z.strictObject({
  ...FAULT_RULE_FIELDS,
  fault: FAULT,
  /** Requests alone that put something into the books: postings, and writes of customers. */
  isBooking: z.literal(true).optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
const BLOCKED = z.enum(["account", "item", "dimension-value"]);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  ...commonCommands(FAULT_RULE),
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
  z.strictObject({ do: z.literal("refuse-secret") }),
  z.strictObject({ do: z.literal("accept-secret") }),
  /** Others of the same user have requests that run. */
  z.strictObject({ do: z.literal("occupy"), places: z.number().int().nonnegative() }),
  /** A customer pays a posted invoice, by its external document number or reference; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), invoice: id, amount: z.string().optional() }),
  z.strictObject({ do: z.literal("cancel"), invoice: id }),
  /** Somebody changes the amount of a posted document's first line, which the program itself would not let them. */
  z.strictObject({ do: z.literal("edit-amount"), document: id, amount: z.string() }),
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export const sendControl: ControlSender<ControlCommand> = sendCommand;
