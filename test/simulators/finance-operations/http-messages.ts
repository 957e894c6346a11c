import type { BodyLimit, TextAnswer } from "../common/http-messages.ts";
import { renderJson } from "../exact-numbers.ts";
import { badQuery, frontEndError } from "./errors.ts";

/** The service takes bodies up to some hundred MB; documents are far smaller. */
export const BODY_LIMIT: BodyLimit = {
  maxBytes: 64 * 1024 * 1024,
  error: () => frontEndError(413),
};
const JSON_TYPE = {
  "content-type": "application/json; odata.metadata=minimal; charset=utf-8",
  "odata-version": "4.0",
};

export type Answer = TextAnswer;

export function answerOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: object | undefined,
): Answer {
  return body === undefined
    ? { status, headers, text: "" }
    : { status, headers: { ...JSON_TYPE, ...headers }, text: renderJson(body) };
}

export function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badQuery(`The address can't be read: ${path}`);
  }
}
