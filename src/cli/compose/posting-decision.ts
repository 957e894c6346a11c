import { z } from "zod";
import { MAX_TEXT_LENGTH } from "../../sinks/posting/operator-decisions.ts";
import type { PostingRunner } from "../../sinks/posting/posting-runner.ts";

/** Longest key of a document. */
const MAX_KEY_LENGTH = 700;
/** A request is one document and two texts. */
const MAX_REQUEST_BYTES = 16 * 1024;

export const POSTING_DECISIONS = ["retry", "hold", "release", "cancel", "adopt"] as const;

/** What an operator asks of the process that runs a connection: canonical JSON over core NATS. */
export const postingDecisionSchema = z.strictObject({
  decision: z.enum(POSTING_DECISIONS),
  key: z.string().min(1).max(MAX_KEY_LENGTH),
  actor: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
  reason: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
  request: z.string().regex(/^[A-Za-z0-9._-]{8,64}$/, "must be 8 to 64 letters, digits, '.', '_' or '-'"),
});

export const postingDecisionAnswerSchema = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("decided"), isRepeated: z.boolean() }),
  z.strictObject({ status: z.literal("refused"), message: z.string() }),
]);
export type PostingDecisionAnswer = Readonly<z.output<typeof postingDecisionAnswerSchema>>;

/** The answer to a request; undefined where another process has the connection, which answers for it. */
export async function answerDecision(
  runner: PostingRunner,
  data: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (runner.phase !== "posting") return undefined;
  return encoded(await decided(runner, data));
}

async function decided(runner: PostingRunner, data: Uint8Array): Promise<PostingDecisionAnswer> {
  if (data.length > MAX_REQUEST_BYTES)
    return { status: "refused", message: `The request is larger than ${MAX_REQUEST_BYTES} bytes.` };
  const read = postingDecisionSchema.safeParse(parsed(data));
  if (!read.success) return { status: "refused", message: z.prettifyError(read.error) };
  return await runner.decide(read.data);
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}

function encoded(answer: PostingDecisionAnswer): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(answer));
}
