import { z } from "zod";

/** Shown to people and kept in the log. */
const MAX_MESSAGE_CHARACTERS = 400;

const text = z.string().nullish();
const errorSchema = z.looseObject({
  error: z.looseObject({
    code: text,
    message: text,
    innererror: z.looseObject({ message: text, type: text }).nullish(),
  }),
});

export interface ErrorDetail {
  /** The service's own code, or the name of its exception; "" where it gives neither. */
  readonly code: string;
  readonly message: string;
}

/** What is before the texts that people would see: the names of tables say nothing to them. */
const WRITE_FAILED = /^Write failed for table row of type '[^']*'\.\s*/;
const INFOLOG = /^Infolog:\s*/;

/**
 * What the service says is wrong; undefined where the body is not of its form (a front end's page, for instance). The outer message is always "An
 * error has occurred.": the texts of the Infolog are within.
 */
export function errorDetail(body: string): ErrorDetail | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = errorSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { code, message, innererror } = parsed.data.error;
  const inner = innererror?.message ?? "";
  const said = (inner === "" ? (message ?? "") : inner).replace(WRITE_FAILED, "").replace(INFOLOG, "");
  const exception = innererror?.type?.split(".").at(-1) ?? "";
  return {
    code: code === undefined || code === null || code === "" ? exception : code,
    message: said.replaceAll(/\s+/g, " ").trim().slice(0, MAX_MESSAGE_CHARACTERS),
  };
}
