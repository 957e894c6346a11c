import { POSTING_SCHEMA_VERSION, type PostingDecisionRecord } from "../../model/posting.ts";
import type { PostingDesk } from "./posting-desk.ts";
import { decide } from "./posting-decisions.ts";

export type DecisionRequest = Pick<
  PostingDecisionRecord,
  "decision" | "key" | "actor" | "reason" | "request"
>;

export type DecisionAnswer =
  | {
      readonly status: "decided";
      /** True where the same request had been decided before: nothing was done now. */
      readonly isRepeated: boolean;
    }
  /** Nothing was decided, and why: one sentence for people. */
  | { readonly status: "refused"; readonly message: string };

/** Characters of what an operator writes: a line in the audit. */
export const MAX_TEXT_LENGTH = 500;

/** Decides what an operator asks for, once for each request's id; the record and what follows from it are one message. */
export async function decideRequest(
  desk: PostingDesk,
  busy: Set<string>,
  asked: DecisionRequest,
): Promise<DecisionAnswer> {
  const { key, decision, actor, reason, request } = asked;
  if ([actor, reason, request].some((text) => text === "" || text.length > MAX_TEXT_LENGTH))
    return {
      status: "refused",
      message: `A decision names who, why and its request, each in at most ${MAX_TEXT_LENGTH} characters.`,
    };
  if (desk.store.isDecided(request)) return { status: "decided", isRepeated: true };
  const document = desk.store.document(key);
  if (document === undefined) return { status: "refused", message: `There is no document ${key}.` };
  if (busy.has(key))
    return { status: "refused", message: `A request for ${key} is under way; try again in a moment.` };
  const decided = decide(document, asked);
  if ("refused" in decided) return { status: "refused", message: decided.refused };
  const { nowMs, epoch } = desk.stamp();
  busy.add(key);
  try {
    await desk.take(
      [decided.step],
      [],
      [
        {
          schemaVersion: POSTING_SCHEMA_VERSION,
          kind: "decision",
          at: new Date(nowMs).toISOString(),
          epoch,
          decision,
          key,
          actor,
          reason,
          request,
        },
      ],
    );
  } finally {
    busy.delete(key);
  }
  return { status: "decided", isRepeated: false };
}
