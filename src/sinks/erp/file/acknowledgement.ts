import { z } from "zod";
import { type ErpFaultKind, ERP_FAULT_KINDS } from "../../../model/posting.ts";
import { ErpFault, type SubmitAnswer } from "../erp-sink.ts";
import { MAX_SHOWN_MESSAGES } from "./limits.ts";

/** What the receiver writes about a file; unknown fields are left alone. */
const acknowledgementSchema = z.object({
  fileId: z.string().min(1).max(300),
  status: z.enum(["ACCEPTED", "PARTIAL", "REJECTED"]),
  rows: z
    .array(
      z.object({
        key: z.string().max(300),
        status: z.string().max(50),
        erpDoc: z.string().max(200).nullish(),
        code: z.string().max(100).nullish(),
        msg: z.string().max(1_000).nullish(),
      }),
    )
    .max(10_000)
    .default([]),
});

/** Codes of the receiver by what they mean; a code that is not named here is a `validation` fault. */
export type FaultCodes = Readonly<Record<string, ErpFaultKind>>;

/** Kinds that a receiver's code may stand for: those that say what it thinks of the document. */
export const ACKNOWLEDGED_KINDS = ERP_FAULT_KINDS.filter((kind) =>
  ["mapping", "validation", "period-closed", "transient"].includes(kind),
);

/**
 * What a poll finds that makes asking again useless, and the same file worth sending again: looked up first, and tried three times in a row at
 * most. A `transient` fault of a poll would be asked again for ever.
 */
export const SENT_AGAIN: ErpFaultKind = "version-conflict";

/**
 * The document that the receiver made of it; undefined where the text is no JSON: a receiver that writes in place has not come to its end.
 * Throws `ErpFault` where it made no document, or not all of it.
 */
export function readAcknowledgement(
  text: string,
  fileId: string,
  faultCodes: FaultCodes,
): SubmitAnswer | undefined {
  const value = parsed(text);
  if (value === undefined) return undefined;
  const read = acknowledgementSchema.safeParse(value);
  if (!read.success)
    throw new ErpFault("validation", `the acknowledgement of ${fileId} can't be read`, {
      code: "acknowledgement-invalid",
    });
  const { status, rows, fileId: named } = read.data;
  if (named !== fileId)
    throw new ErpFault("validation", `the acknowledgement of ${fileId} names ${named}`, {
      code: "acknowledgement-of-another-file",
    });
  const number = rows.find(({ erpDoc }) => erpDoc !== undefined && erpDoc !== null)?.erpDoc ?? null;
  if (status === "ACCEPTED") return { status: "confirmed", erp: { id: number ?? fileId, number } };
  const faults = rows.filter(({ status: row }) => row !== "ACCEPTED");
  const code = faults.find((fault) => (fault.code ?? "") !== "")?.code ?? null;
  const shown = faults
    .slice(0, MAX_SHOWN_MESSAGES)
    .map((fault) => `${fault.key}: ${fault.msg ?? fault.code ?? fault.status}`)
    .join("; ");
  const more = faults.length > MAX_SHOWN_MESSAGES ? `; and ${faults.length - MAX_SHOWN_MESSAGES} more` : "";
  const meant = code === null ? "validation" : (faultCodes[code] ?? "validation");
  const kind = meant === "transient" ? SENT_AGAIN : meant;
  // One that took a part of a document needs somebody to look, whatever its code says.
  throw new ErpFault(status === "PARTIAL" ? "validation" : kind, `${status.toLowerCase()}: ${shown}${more}`, {
    code: code ?? status,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
