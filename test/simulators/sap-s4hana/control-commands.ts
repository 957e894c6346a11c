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
  /** Without a fault in the body. */
  ...serverErrors(),
  /** Does what is asked, and answers with a SOAP fault that says that processing broke off. */
  z.strictObject({ kind: z.literal("processing-error-after-commit") }),
  THROTTLE_STORM,
  TOKEN_EXPIRY,
  /** All sessions end now, this request's too. */
  z.strictObject({ kind: z.literal("session-end") }),
  /** Entries of a bulk, by their places from 0, are refused: their account is being worked on by somebody. */
  z.strictObject({ kind: z.literal("locked-entries"), places: z.array(z.number().int().nonnegative()) }),
  /** Another change of the same entity comes just before. */
  z.strictObject({ kind: z.literal("changed-meanwhile") }),
]);
export type Fault = z.infer<typeof FAULT>;

/** `path`: a part of the path: "journalentry", "A_BusinessPartner". */
const FAULT_RULE = z.strictObject({
  ...FAULT_RULE_FIELDS,
  fault: FAULT,
  /** Only requests that create or change something. */
  writesOnly: z.boolean().optional(),
});
export type FaultRule = z.infer<typeof FAULT_RULE>;

const id = z.string().min(1);
export const CONTROL_COMMAND = z.discriminatedUnion("do", [
  ...commonCommands(FAULT_RULE),
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
  z.strictObject({ do: z.literal("end-sessions") }),
  /** What the jobs of sales and distribution would do by themselves is done now; or they do nothing for a while. */
  z.strictObject({ do: z.literal("run-billing") }),
  z.strictObject({ do: z.literal("pause-billing") }),
  z.strictObject({ do: z.literal("resume-billing") }),
  /** Somebody rejects a request, by its reference. */
  z.strictObject({ do: z.literal("reject-request"), reference: id }),
  /** Somebody cancels a billing document, by its number: the request can be billed again. */
  z.strictObject({ do: z.literal("cancel-billing-document"), number: id }),
  /** Somebody changes the net amount of a billing document's first item. */
  z.strictObject({ do: z.literal("edit-billing-document"), number: id, amount: z.string() }),
  /** Copying control gives billing documents another customer's reference, or the requests' own again (""). */
  z.strictObject({ do: z.literal("bill-with-reference"), reference: z.string() }),
  z.strictObject({ do: z.literal("delete-material"), material: id }),
  /** A customer loses its sales areas. */
  z.strictObject({ do: z.literal("drop-sales-areas"), partner: id }),
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
]);
export type ControlCommand = z.infer<typeof CONTROL_COMMAND>;

/** Sends a command to a simulator in another process. Throws Error with what it answers. */
export const sendControl: ControlSender<ControlCommand> = sendCommand;
