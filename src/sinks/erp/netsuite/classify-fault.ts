import type { ErpFaultKind } from "../../../model/posting.ts";
import type { RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { type ErrorDetail, errorDetails } from "./error-reply.ts";
import { RECORD_CHANGED_WAIT_MS } from "./limits.ts";

/**
 * What a refusal means. The HTTP status alone never decides: 400 may say that the document is there already, that too much was asked, or
 * that a period is closed. Codes come first, then texts, then the status.
 */

export interface RefusedReply {
  readonly status: number;
  readonly text: string;
  /** Wait that a `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
}

const THROTTLE_CODE =
  /^(CONCURRENCY_LIMIT_EXCEEDED|SSS_REQUEST_LIMIT_EXCEEDED|SSS_CONCURRENCY_LIMIT_EXCEEDED|WS_REQUEST_BLOCKED|WS_CONCUR_SESSION_DISALLWD|REQUEST_LIMIT_EXCEEDED|TOO_MANY_REQUESTS)$/;
const THROTTLE_TEXT = /(concurrent )?request limit exceeded|request blocked/i;
const LOGIN_CODE =
  /^(INVALID_LOGIN|INVALID_LOGIN_ATTEMPT|INVALID_LOGIN_CREDENTIALS|USER_ERROR_LOGIN|INVALID_TOKEN|TOKEN_REJECTED|UNAUTHORIZED|LOGIN_DISABLED)$/;
const PERMISSION_CODE = /^(INSUFFICIENT_PERMISSION|PERMISSION_VIOLATION|FEATURE_DISABLED|USER_DISABLED)$/;
const DUPLICATE_CODE = /^(IDEMPOTENCY_ERROR|DUP_\w+|RCRD_DSNT_EXIST_DUP|UNIQUE_CUST_ID_REQD|DUPLICATE_\w+)$/;
const DUPLICATE_TEXT =
  /this (entity|record|customer|transaction) already exists|already exists\b|duplicate (external ?id|record)|same idempotency key/i;
const PERIOD_TEXT =
  /clos(ed|ing)\b.*\bperiod|\bperiod\b.*(closed|locked)|not in an? open period|period is not open/i;
const CHANGED_CODE = /^(RCRD_HAS_BEEN_CHANGED|CUSTOM_RECORD_COLLISION|COLLISION|RCRD_LOCKED\w*)$/;
const CHANGED_TEXT = /record has been changed/i;
const MISSING_CODE =
  /^(NONEXISTENT_ID|RCRD_DSNT_EXIST|INVALID_KEY_OR_REF|INVALID_RCRD_REF|INVALID_ID|INACTIVE_\w+|INVALID_REF\w*)$/;
const MISSING_TEXT =
  /invalid (.{0,60} )?(reference|key)|does not exist|non-?existent|is inactive|(you must|please) enter (a )?value|is not valid for (the|this)/i;
/** Fields that come from the mapping: what is refused there is the mapping's. */
const MAPPED_FIELDS =
  "(item|entity|subsidiary|currency|account|terms|department|class|location|postingPeriod|taxType|taxCode|cseg\\w+)";
const MAPPED_PATH = new RegExp(`(^|\\.)${MAPPED_FIELDS}(\\.(id|externalId))?$`);
const MAPPED_TEXT = new RegExp(
  `invalid value for the resource or sub-resource field '${MAPPED_FIELDS}'`,
  "i",
);

/** Statuses that say that nothing was done. */
const NOTHING_DONE: ReadonlySet<number> = new Set([503]);

type Rule = readonly [kind: ErpFaultKind, matches: (detail: ErrorDetail, status: number) => boolean];

/** In this order: the first that any detail matches. */
const RULES: readonly Rule[] = [
  ["throttle", ({ code, message }) => THROTTLE_CODE.test(code) || THROTTLE_TEXT.test(message)],
  ["authentication", ({ code }) => LOGIN_CODE.test(code)],
  ["permission", ({ code }) => PERMISSION_CODE.test(code)],
  ["version-conflict", ({ code, message }) => CHANGED_CODE.test(code) || CHANGED_TEXT.test(message)],
  ["duplicate", ({ code, message }) => DUPLICATE_CODE.test(code) || DUPLICATE_TEXT.test(message)],
  ["period-closed", ({ message }) => PERIOD_TEXT.test(message)],
  ["mapping", ({ code, message }) => MISSING_CODE.test(code) || MISSING_TEXT.test(message)],
  ["mapping", ({ path, message }) => MAPPED_PATH.test(withoutIndexes(path)) || MAPPED_TEXT.test(message)],
];

/** "item.items[0].item" as "item.items.item". */
function withoutIndexes(path: string): string {
  return path.replaceAll(/\[\d+\]/g, "");
}

/** The fault that a reply of another status than 2xx stands for. */
export function faultOfReply({ status, text, retryAfterMs }: RefusedReply, effect: RequestEffect): ErpFault {
  const details = errorDetails(text);
  const said = details?.find(({ message }) => message !== "") ?? details?.[0];
  const kind = kindOf(status, details ?? [], effect);
  const about = said === undefined || said.path === "" ? "" : ` (${said.path})`;
  const code = said?.code === undefined || said.code === "" ? null : said.code;
  const message =
    said === undefined
      ? `NetSuite answered with HTTP ${status}${kind === "unknown" ? ": it isn't known what was done" : ""}`
      : `NetSuite: ${said.message}${about}`;
  const waitMs = retryAfterMs ?? (kind === "version-conflict" ? RECORD_CHANGED_WAIT_MS : undefined);
  return new ErpFault(kind, message, { code, ...(waitMs !== undefined && { retryAfterMs: waitMs }) });
}

function kindOf(status: number, details: readonly ErrorDetail[], effect: RequestEffect): ErpFaultKind {
  for (const [kind, matches] of RULES) if (details.some((detail) => matches(detail, status))) return kind;
  if (status === 429) return "throttle";
  if (status === 401) return "authentication";
  if (status === 403) return "permission";
  // An address that leads elsewhere (a redirect, a page that isn't there) says nothing of the document.
  if (status < 400 || (status === 404 && details.length === 0)) return "transient";
  if (status >= 500 || status === 408)
    return effect === "read" || NOTHING_DONE.has(status) ? "transient" : "unknown";
  return "validation";
}
