import type { ErpFaultKind } from "../../../model/posting.ts";
import type { RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { type ErrorDetail, errorDetail } from "./error-reply.ts";

/**
 * What a refusal means. The HTTP status alone never decides: 400 may say that the document was posted already, that a period is closed, or that an account is
 * missing. Codes and texts come first, then the status.
 */

export interface RefusedReply {
  readonly status: number;
  /** As JSON; undefined where it is none. */
  readonly body: unknown;
  /** Wait that a `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
}

type Rule = readonly [kind: ErpFaultKind, matches: (detail: ErrorDetail) => boolean];
const byCode =
  (pattern: RegExp) =>
  ({ code }: ErrorDetail): boolean =>
    pattern.test(code);
const byText =
  (pattern: RegExp) =>
  ({ message }: ErrorDetail): boolean =>
    pattern.test(message);

/** In this order: the first that matches. */
const RULES: readonly Rule[] = [
  ["throttle", byCode(/TooManyRequests|RequestsThrottled/i)],
  ["throttle", byText(/too many requests|request limit|rate limit/i)],
  ["authentication", byCode(/^Authentication_/)],
  ["permission", byCode(/^Authorization_/)],
  ["permission", byText(/permissions? prevented|(do|does) not have the following permissions/i)],
  [
    "period-closed",
    byText(/(allowed posting dates|allowed posting date range|within your range of allowed)/i),
  ],
  ["period-closed", byText(/(accounting period|fiscal year).*(closed|locked)/i)],
  ["transient", byText(/(table|record) was locked by another user|deadlock/i)],
  ["transient", byCode(/^Internal_TenantUnavailable$/)],
  // The invoice was paid since it was looked at: applied anew, or not at all.
  ["version-conflict", byText(/Open must be equal to.*Cust\. Ledger Entry/is)],
  ["version-conflict", byCode(/^(Request_EntityChanged|BadRequest_InvalidToken)$/)],
  ["version-conflict", byText(/another user has already (changed|modified)/i)],
  ["duplicate", byCode(/^Internal_EntityWithSameKeyExists$/)],
  // A posting whose answer was lost: what is asked for again is not a draft any more.
  ["duplicate", byText(/can be applied to a draft (invoice|credit memo) only/i)],
  ["duplicate", byText(/there is nothing to post/i)],
  ["duplicate", byText(/\balready exists\b/i)],
  // A request that is no good as such: no value of a mapping makes it better.
  ["validation", byCode(/^BadRequest$/)],
  ["mapping", byCode(/^(Application_FieldValidationException|Internal_InvalidTableRelation)$/)],
  [
    "mapping",
    byCode(
      /^Internal_(RecordNotFound|DataNotFoundFilter|CompanyNotFound)$|^BadRequest_(Required\w+|NotFound)$/,
    ),
  ],
  ["mapping", byText(/does not match (to )?an?\b|cannot be found|can't be found|does ?n[o']t exist/i)],
  ["mapping", byText(/\bis blocked\b|must not be blocked|Blocked must be/i)],
];

/** Statuses that say that nothing was done: the request waited for its turn in vain. */
const NOTHING_DONE: ReadonlySet<number> = new Set([503]);
const CONFLICTS: ReadonlySet<number> = new Set([409, 412]);

/** The fault that a reply of another status than 2xx stands for. */
export function faultOfReply({ status, body, retryAfterMs }: RefusedReply, effect: RequestEffect): ErpFault {
  const detail = errorDetail(body);
  const kind = kindOf(status, detail, effect);
  const code = detail === undefined || detail.code === "" ? null : detail.code;
  const unknown = kind === "unknown" ? ": it isn't known what was done" : "";
  const message =
    detail === undefined || detail.message === ""
      ? `Business Central answered with HTTP ${status}${unknown}`
      : `Business Central: ${detail.message}`;
  return new ErpFault(kind, message, { code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

function kindOf(status: number, detail: ErrorDetail | undefined, effect: RequestEffect): ErpFaultKind {
  // A server that failed may have done it whatever it says of why.
  const isOpen = (status >= 500 && !NOTHING_DONE.has(status)) || status === 408;
  if (isOpen) return effect === "read" ? "transient" : "unknown";
  for (const [kind, matches] of RULES) if (detail !== undefined && matches(detail)) return kind;
  if (status === 429) return "throttle";
  if (status === 503) return "transient";
  if (status === 401) return "authentication";
  if (status === 403) return "permission";
  if (CONFLICTS.has(status)) return "version-conflict";
  // An address that leads elsewhere (a redirect, a page that isn't there) says nothing of the document.
  if (status < 400 || (status === 404 && detail === undefined)) return "transient";
  return "validation";
}
