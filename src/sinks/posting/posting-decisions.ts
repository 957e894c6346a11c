import type { PostingDecisionRecord } from "../../model/posting.ts";
import type { NewerCommand, PostingDocument } from "../../model/posting-store.ts";
import { write, type Step } from "./posting-transition.ts";

/** What follows for a document from a newer command of its key, and from what an operator decides. Pure. */

/**
 * A newer command of the same key. One that says the same is only acknowledged; one that says something else replaces what the ERP does
 * not have, and is a conflict where it has it, since a posted document is corrected by another document. Customers are brought up to date.
 * Undefined while the document is under way: it is decided when that has ended.
 */
export function newerCommand(document: PostingDocument, command: NewerCommand): Step | undefined {
  const replaced = { command, attempt: 0, reason: "revision" };
  switch (document.state) {
    case "submitting":
    case "accepted":
    case "unknown":
      return undefined;
    case "confirmed":
    case "reconciled":
      if (document.contentHash === command.contentHash)
        return write(document, document.state, { command, reason: "unchanged" });
      if (document.kind === "customer") return write(document, "planned", replaced);
      return write(document, "conflict", {
        command,
        reason: "content-differs",
        message: "The ERP has the document; a later command has another content under the same key.",
      });
    case "planned":
    case "parked":
      return write(document, "planned", replaced);
    case "held":
      return isHeldByOperator(document)
        ? write(document, "held", { command, reason: "operator", message: document.message })
        : write(document, "planned", replaced);
    case "rejected":
    case "conflict":
    case "cancelled":
      break;
  }
  return again(document, replaced);
}

export type Decision = PostingDecisionRecord["decision"];

/** What a decision leads to, or one sentence why it can't be. */
export type Decided = { readonly step: Step } | { readonly refused: string };

/** An operator's decision on a document. */
export function decide(
  document: PostingDocument,
  { decision, reason: message }: { readonly decision: Decision; readonly reason: string },
): Decided {
  const { state } = document;
  const fields = { reason: "operator", message };
  const refused = { refused: `The document is ${state}: it can't be decided to ${decision} it.` };
  switch (decision) {
    case "retry":
      if (state === "planned" || state === "parked" || (state === "held" && !isHeldByOperator(document)))
        return { step: write(document, "planned", { ...fields, attempt: 0 }) };
      if (state === "rejected" || state === "conflict")
        return { step: again(document, { ...fields, attempt: 0 }) };
      return refused;
    case "hold":
      if (state !== "planned" && state !== "parked" && state !== "held") return refused;
      return { step: write(document, "held", fields) };
    case "release":
      return state === "held" ? { step: write(document, "planned", { ...fields, attempt: 0 }) } : refused;
    case "cancel":
      if (
        state === "planned" ||
        state === "parked" ||
        state === "held" ||
        state === "rejected" ||
        state === "conflict"
      )
        return { step: write(document, "cancelled", fields) };
      return refused;
    case "adopt":
      break;
  }
  if (state !== "conflict") return refused;
  if (document.erp === null)
    return { refused: "It is not known which document of the ERP is meant: there is none, or several." };
  return { step: write(document, "reconciled", { reason: "adopted", message }) };
}

/** A retry of what may have reached the ERP begins with a look. */
function again(
  document: PostingDocument,
  fields: {
    readonly command?: NewerCommand;
    readonly attempt: number;
    readonly reason: string;
    readonly message?: string;
  },
): Step {
  const mayBeThere = document.attempt > 0 || document.state === "conflict";
  return write(document, mayBeThere ? "unknown" : "planned", fields);
}

function isHeldByOperator({ state, reason }: PostingDocument): boolean {
  return state === "held" && reason === "operator";
}
