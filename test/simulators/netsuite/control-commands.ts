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
  ...serverErrors(),
  THROTTLE_STORM,
  /** 401 INVALID_LOGIN of an overloaded account, although the credentials are right. */
  z.strictObject({ kind: z.literal("invalid-login") }),
  TOKEN_EXPIRY,
  /** RCRD_HAS_BEEN_CHANGED: somebody else is saving the record. */
  z.strictObject({ kind: z.literal("record-changed") }),
  /** Items of a batch, by their places from 0, fail. */
  z.strictObject({ kind: z.literal("failing-items"), places: z.array(z.number().int().nonnegative()) }),
]);
export type Fault = z.infer<typeof FAULT>;

/** `path`: a part of the path, decoded: "/record/v1/invoice", "eid:acme-invoice:42". */
const FAULT_RULE = z.strictObject({
  ...FAULT_RULE_FIELDS,
  fault: FAULT,
  /** Only requests that write records. */
  writesOnly: z.boolean().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  ...commonCommands(FAULT_RULE),
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
  /** Somebody takes the integration's credentials away, and gives them back. */
  z.strictObject({ do: z.literal("refuse-logins") }),
  z.strictObject({ do: z.literal("accept-logins") }),
  /** Other integrations of the account take places of its pool. */
  z.strictObject({ do: z.literal("occupy"), places: z.number().int().nonnegative() }),
  z.strictObject({ do: z.literal("set-async-delay"), ms: z.number().nonnegative() }),
  /** Asynchronous jobs are done now, whatever their delay. */
  z.strictObject({ do: z.literal("run-jobs") }),
  /** A customer pays an invoice, by its id or external id; all that is open where no amount is said. */
  z.strictObject({ do: z.literal("pay"), invoice: id, amount: z.string().optional() }),
  /** An accountant voids a transaction, by its id or external id. */
  z.strictObject({ do: z.literal("void"), type: id, record: id }),
  /** An accountant changes the amount of a document's first line. */
  z.strictObject({ do: z.literal("edit-amount"), type: id, record: id, amount: z.string() }),
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export const sendControl: ControlSender<ControlCommand> = sendCommand;
