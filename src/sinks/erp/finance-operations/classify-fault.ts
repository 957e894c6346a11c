import type { ErpFaultKind } from "../../../model/posting.ts";
import type { RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { type ErrorDetail, errorDetail } from "./error-reply.ts";

/**
 * What a refusal means. The service has no codes for what people did wrong: 400, or 500 within a changeset, stands for all of it, and the texts of
 * its Infolog tell. So texts come first, then the status.
 */

export interface RefusedReply {
  readonly status: number;
  readonly text: string;
  /** Wait that a `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** An answer within a changeset: where the service itself refuses one, the whole of it was taken back. */
  readonly isOfChangeset?: boolean;
}

/** What a right sender never sends; before the others, since "does not exist" is said of fields too. */
const MALFORMED_TEXT =
  /\bpropert(y|ies)\b.*\bdoes not exist on type\b|resource not found for the segment|cannot convert|an error occurred while reading|syntax error|unexpected .*token|enum type/i;
const THROTTLE_TEXT =
  /high resource utilization|too many (concurrent )?requests|number of (concurrent )?requests|exceeded the (limit|time window)|request(s)? (was|were|is) (being )?throttled/i;
const PERMISSION_TEXT =
  /\bnot authori[sz]ed\b|access (is )?denied|insufficient (privileges|permissions|rights)|do(es)? not have (sufficient |the )?(permission|privilege|access|rights)/i;
const CHANGED_TEXT =
  /update conflict|another user process|record was never selected|changed by another user|precondition|deadlock|concurrent(ly)? (update|modif)/i;
const DUPLICATE_TEXT = /already exists|duplicate key|duplicate record/i;
const PERIOD_TEXT =
  /\bperiod\b.*\b(closed|on hold|stopped|locked|not open)\b|\b(closed|on hold|stopped|locked|not open)\b.*\bperiod\b|fiscal year\b.*\bclosed|no (fiscal )?period\b|period (does not|doesn't) exist/i;
const MISSING_TEXT =
  /is not found in the related table|does not exist|was not found|cannot be found|is (suspended|inactive|not active|blocked|on hold)|not (valid|allowed) (in combination|for)|invalid (account|combination|dimension)|must be (filled in|specified)|validate(Field|Write) failed on field|manual entry|not a valid/i;

type Rule = readonly [kind: ErpFaultKind, text: RegExp];

/** In this order. */
const RULES: readonly Rule[] = [
  ["validation", MALFORMED_TEXT],
  ["throttle", THROTTLE_TEXT],
  ["permission", PERMISSION_TEXT],
  ["version-conflict", CHANGED_TEXT],
  ["duplicate", DUPLICATE_TEXT],
  ["period-closed", PERIOD_TEXT],
  ["mapping", MISSING_TEXT],
];

/** Exceptions of the service itself, which says that it wrote nothing. */
const REFUSED_WRITE = /^(AxODataWriteException|ODataException|AxODataException)$/;

/** The fault that a reply of another status than 2xx stands for. */
export function faultOfReply(reply: RefusedReply, effect: RequestEffect): ErpFault {
  const { status, text, retryAfterMs } = reply;
  const said = errorDetail(text);
  const kind = kindOf(reply, said, effect);
  const message =
    said === undefined || said.message === ""
      ? `Finance & Operations answered with HTTP ${status}${kind === "unknown" ? ": it isn't known what was done" : ""}`
      : `Finance & Operations: ${said.message}`;
  const code = said === undefined || said.code === "" ? null : said.code;
  return new ErpFault(kind, message, { code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

function kindOf(
  { status, isOfChangeset = false }: RefusedReply,
  said: ErrorDetail | undefined,
  effect: RequestEffect,
): ErpFaultKind {
  if (status === 429) return "throttle";
  if (status === 401) return "authentication";
  if (said !== undefined) for (const [kind, text] of RULES) if (text.test(said.message)) return kind;
  if (status === 403) return "permission";
  if (status === 409 || status === 412) return "version-conflict";
  // An address that leads elsewhere (a redirect, a page that isn't there) says nothing of the document.
  if (status < 400 || (status === 404 && said === undefined)) return "transient";
  if (status >= 500 || status === 408) {
    if (effect === "read" || status === 503) return "transient";
    const isTakenBack = said !== undefined && (isOfChangeset || REFUSED_WRITE.test(said.code));
    return isTakenBack ? "validation" : "unknown";
  }
  return "validation";
}
