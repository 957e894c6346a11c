import { z } from "zod";
import { readExactJson } from "../../http/exact-json.ts";

/** Shown to people and kept in the log. */
const MAX_MESSAGE_CHARACTERS = 400;
/** Each answer has another one, which says nothing to people and makes the same fault look like many. */
const CORRELATION = /\s*CorrelationId:\s*[0-9a-fx-]*\.?\s*/gi;

const errorSchema = z.looseObject({
  error: z.looseObject({ code: z.string().nullish(), message: z.string().nullish() }),
});

export interface ErrorDetail {
  /** Business Central's own: "Application_DialogException"; "" where there is none. */
  readonly code: string;
  readonly message: string;
}

/** What Business Central says is wrong; undefined where the body is not of its form (a proxy's page, for instance). */
export function errorDetail(body: unknown): ErrorDetail | undefined {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { code, message } = parsed.data.error;
  return {
    code: code ?? "",
    message: (message ?? "").replaceAll(CORRELATION, " ").trim().slice(0, MAX_MESSAGE_CHARACTERS),
  };
}

/** A body as JSON with numbers as texts; undefined where it is none. */
export function jsonOf(text: string): unknown {
  try {
    return readExactJson(text);
  } catch {
    return undefined;
  }
}
