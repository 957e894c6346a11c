import type { ErpFaultKind } from "../../../model/posting.ts";
import type { RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { type ErrorDetail, type ErrorReply, errorReply } from "./error-reply.ts";

/**
 * What a refusal means. The HTTP status alone never decides: 400 may say that the transaction is there already or that a period is closed, 500 of a
 * SOAP service that a field is wrong for good, and 2xx of an import that it was refused. Codes come first, then texts, then the status.
 */

export interface RefusedReply {
  readonly status: number;
  readonly text: string;
  readonly contentType: string;
  /** Wait that a `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
}

const THROTTLE_TEXT = /too many requests|rate limit|request limit/i;
const PERMISSION_CODE = /^(JBO-34010|FND_CMN_(NO|INSUF)\w*PRIV\w*|GL_\w*NO_ACCESS\w*|AR_\w*NO_ACCESS\w*)$/;
const PERMISSION_TEXT =
  /not authori[sz]ed|insufficient (privilege|access)|(don't|doesn't|do not|does not) have (the |a )?(privilege|permission|access)/i;
/** JBO-25014: somebody else has changed the row. JBO-26048 and 25003: the row is not (yet) visible. */
const CHANGED_CODE = /^(JBO-25014|JBO-25003|JBO-26048)$/;
const CHANGED_TEXT = /(another|other) user has changed|changed by another user|is locked by/i;
const DUPLICATE_CODE =
  /^(AR_RCP_DUP_NUM|AR_\w*(DUP|UNIQUE)\w*(NUM|NUMBER)\w*|HZ_API_DUPLICATE\w*|JBO-25013)$/;
const DUPLICATE_TEXT =
  /(transaction|document|receipt) number\b.*\b(already|exists|must be unique|duplicate)|already (been )?used|already exists/i;
const PERIOD_CODE = /^(EP0[1-4]|AR_\w*(GL_DATE|PERIOD)\w*|GL_\w*PERIOD_(NOT_OPEN|CLOSED)\w*)$/;
const PERIOD_TEXT =
  /(gl|accounting) date\b.*\b(open|future|closed|period)|not in an? open\b|period\b.*\b(closed|(is not|isn't) open)|any open or future/i;
const MAPPING_CODE =
  /^(AR_\w*_NOT_FOUND|AR_BILL_TO_SITE_DUPLICATE|AR_LINE_ATTR_OPT_REQ|AR_FUNC_CURRENCY_REQ|AR_INVALID_\w+|AR_NO_ITEM_NO_WH|AR_MEMO_LINE_\w+|EF0[1-9]|EC0[1-9]|EC1[0-2]|ED01|EB0[1-6])$/;
const MAPPING_TEXT =
  /(account|segment|combination|currency|business unit|memo line|tax (rate|regime|classification)|payment terms?|transaction (type|source)|customer|site)\b.{0,120}\b(doesn't exist|does not exist|(is|are) (not valid|invalid|inactive|disabled|not active)|(isn't|aren't) (valid|active|enabled))/i;
/** What AutoInvoice says of a line: it has no codes. */
const LINE_TEXT =
  /must enter a valid (bill-to customer|customer|site|account|currency|conversion type|memo line|payment terms?|tax\b|transaction (type|source))|must provide a transaction number if/i;
const VALIDATION_CODE = /^(FND_CMN_REQ_ATTRIB_API_SERV|FND_CMN_\w+|JBO-27\d{3}|HZ-\d+|HZ_\w+|WU0\d|EU0\d)$/;

type Rule = readonly [kind: ErpFaultKind, matches: (detail: ErrorDetail) => boolean];

/** In this order: the first that any detail matches. */
const RULES: readonly Rule[] = [
  ["throttle", ({ message }) => THROTTLE_TEXT.test(message)],
  ["permission", ({ code, message }) => PERMISSION_CODE.test(code) || PERMISSION_TEXT.test(message)],
  ["version-conflict", ({ code, message }) => CHANGED_CODE.test(code) || CHANGED_TEXT.test(message)],
  ["mapping", ({ code }) => MAPPING_CODE.test(code)],
  ["duplicate", ({ code, message }) => DUPLICATE_CODE.test(code) || DUPLICATE_TEXT.test(message)],
  ["period-closed", ({ code, message }) => PERIOD_CODE.test(code) || PERIOD_TEXT.test(message)],
  ["mapping", ({ message }) => MAPPING_TEXT.test(message) || LINE_TEXT.test(message)],
  ["validation", ({ code }) => VALIDATION_CODE.test(code)],
];

/** Kind of what codes and texts say; undefined where none of them is known. */
export function kindOfDetails(details: readonly ErrorDetail[]): ErpFaultKind | undefined {
  return RULES.find(([, matches]) => details.some(matches))?.[0];
}

/** The fault that a reply of another status than 2xx, or a SOAP fault, stands for. */
export function faultOfReply(reply: RefusedReply, effect: RequestEffect): ErpFault {
  const { status, text, contentType, retryAfterMs } = reply;
  const error = errorReply(text, contentType);
  const kind = kindOf(status, error, effect);
  const said = error.details.find(({ code }) => code !== "") ?? error.details[0];
  const about = said === undefined || said.path === "" ? "" : ` (${said.path})`;
  const message =
    said === undefined
      ? `Oracle answered with HTTP ${status}${kind === "unknown" ? ": it isn't known what was done" : ""}`
      : `Oracle: ${said.message}${about}`;
  return new ErpFault(kind, message, {
    code: said === undefined || said.code === "" ? null : said.code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function kindOf(status: number, { details, isSoapFault }: ErrorReply, effect: RequestEffect): ErpFaultKind {
  // Who isn't let in has no say about documents, whatever the text.
  if (status === 401) return "authentication";
  const known = kindOfDetails(details);
  if (known !== undefined) return known;
  if (status === 429) return "throttle";
  if (status === 403) return "permission";
  if (isSoapFault) return "validation";
  if (status === 409 || status === 412) return "version-conflict";
  // What was just created may not be seen yet; an address that leads elsewhere says nothing of the document.
  if (status === 404) return effect === "write" ? "version-conflict" : "transient";
  if (status < 400) return "transient";
  if (status >= 500 || status === 408) return effect === "read" || status === 503 ? "transient" : "unknown";
  return "validation";
}
