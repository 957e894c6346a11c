import { z } from "zod";
import { REFUSALS, type Refusal } from "./operation.ts";

/** The names of the refusals; a list that is not empty, as its type says. */
const refusals = Object.keys(REFUSALS).filter((name): name is Refusal => name in REFUSALS);

/** What the owner of a partition answers to a request. */
export const operatorAnswerSchema = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("decided"),
    partition: z.int().min(0),
    /** Place of the record in the partition's control log. */
    controlSequence: z.int().min(1),
    /** The request had been decided before; nothing was decided now. */
    repeated: z.boolean(),
    /** The record as it stands in the log. */
    record: z.record(z.string(), z.unknown()),
  }),
  z.strictObject({
    outcome: z.literal("refused"),
    partition: z.int().min(0),
    reason: z.enum(refusals),
    message: z.string(),
  }),
  z.strictObject({
    outcome: z.literal("unknown"),
    partition: z.int().min(0),
    message: z.string(),
  }),
]);
export type OperatorAnswer = Readonly<z.output<typeof operatorAnswerSchema>>;

/** Canonical JSON (keys sorted at the first level). */
export function encodeAnswer(answer: OperatorAnswer): Uint8Array {
  return new TextEncoder().encode(canonicalText(answer));
}

/** Canonical JSON of a request. */
export function encodeRequest(request: object): Uint8Array {
  return new TextEncoder().encode(canonicalText(request));
}

/** Throws where the bytes are no answer. */
export function decodeAnswer(data: Uint8Array): OperatorAnswer {
  return operatorAnswerSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)));
}

function canonicalText(value: object): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))),
  );
}
