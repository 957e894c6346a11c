import type { ErpFaultKind } from "../../../model/posting.ts";
import type { RequestEffect } from "../common/erp-requests.ts";
import { ErpFault } from "../erp-sink.ts";
import { odataErrors } from "./odata-error.ts";
import { childOf, parseXml, textOf } from "./xml.ts";

/**
 * What a refusal means. The HTTP status alone never decides: SAP answers HTTP 200 to a document that it refuses, and HTTP 500 to a request that is
 * wrong for good. Numbers of SAP's messages come first, then texts, then the status.
 */

export interface RefusedReply {
  readonly status: number;
  readonly text: string;
  /** Wait that a `Retry-After` asks for, milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** An item of a confirmation's log. */
export interface LogItem {
  /** Number and class of the message: "201(F5)". */
  readonly typeId: string;
  /** 1 success or information, 2 warning, 3 error, 4 abort. */
  readonly severity: number;
  readonly note: string;
}

interface SapMessage {
  /** Number and class as logs have them, or an OData error's code. */
  readonly code: string;
  readonly text: string;
}

/** "Error in document: …", which comes before what is wrong. */
const UMBRELLA = "609(RW)";
const PERIOD_CODE = /^201\(F5\)$/;
const PERIOD_TEXT =
  /period \S+( of| for)?.{0,80}(not open|is closed)|posting period.{0,80}(not open|closed)/i;
/** Customer or supplier not in the company code, account not in the chart, account assignment, tax code required. */
const MAPPING_CODE = /^((102|104|507|808)\(F5\)|023\(FINS_FI_POSTING_IF\))$/;
/** Not balanced, message id empty, … , currency missing: requests that a right sender doesn't make. */
const WRONG_REQUEST_CODE = /^(016|019|021|004)\(FINS_FI_POSTING_IF\)$/;
const MAPPING_TEXT =
  /\b(is|are|was) not (defined|created|maintained|available|known|valid)\b|does not exist|not (exist|found) in|is (blocked|locked) for posting|marked for deletion|requires? an? (assignment|tax code|cost center|profit center)|invalid (tax code|g\/l account|cost center|profit center|payment terms)/i;
const PERMISSION_TEXT = /no (authorization|authorisation)|not authori[sz]ed|missing authori[sz]ation/i;
const DUPLICATE_TEXT = /\balready exists\b|already been (posted|created)|duplicate (document|entry|key)/i;
const BUSY_TEXT = /(currently|being) (locked|processed|edited)|locked by (user|another)|lock (could|can)not/i;
/** A fault that may come from within the posting, unlike one of the request's form. */
const BROKEN_TEXT = /processing error|time ?(out|limit)|runtime error|short dump|system error/i;

type Rule = readonly [kind: ErpFaultKind, matches: (message: SapMessage) => boolean];

/** In this order: the first that any message matches. */
const RULES: readonly Rule[] = [
  ["period-closed", ({ code, text }) => PERIOD_CODE.test(code) || PERIOD_TEXT.test(text)],
  ["validation", ({ code }) => WRONG_REQUEST_CODE.test(code)],
  ["mapping", ({ code }) => MAPPING_CODE.test(code)],
  ["permission", ({ text }) => PERMISSION_TEXT.test(text)],
  ["transient", ({ text }) => BUSY_TEXT.test(text)],
  ["duplicate", ({ text }) => DUPLICATE_TEXT.test(text)],
  ["mapping", ({ text }) => MAPPING_TEXT.test(text)],
];

function kindByMessages(messages: readonly SapMessage[]): ErpFaultKind | undefined {
  return RULES.find(([, matches]) => messages.some(matches))?.[0];
}

/** The fault that a confirmation's log stands for. Nothing was posted then: SAP posts a document whole or not at all. */
export function faultOfLog(items: readonly LogItem[]): ErpFault {
  const errors = items.filter(({ severity }) => severity >= 3);
  const messages = (errors.length === 0 ? items : errors).map(({ typeId, note }) => ({
    code: typeId,
    text: note,
  }));
  const named = messages.filter(({ code }) => code !== UMBRELLA);
  const kind = kindByMessages(named.length === 0 ? messages : named) ?? "validation";
  const isOfKind = (message: SapMessage): boolean =>
    RULES.some(([of, matches]) => of === kind && matches(message));
  const said = named.find(isOfKind) ?? named[0] ?? messages[0];
  return new ErpFault(
    kind,
    `SAP: ${said === undefined ? "it refuses the document and doesn't say why" : said.text}`,
    {
      code: said?.code === undefined || said.code === "" ? null : said.code,
    },
  );
}

/** The fault that a reply of another status than 2xx stands for. */
export function faultOfReply(reply: RefusedReply, effect: RequestEffect): ErpFault {
  const { status, text, retryAfterMs } = reply;
  const soap = soapFault(text);
  const messages = soap === undefined ? odataErrors(text) : [soap];
  const kind = kindOf(reply, messages, soap !== undefined, effect);
  const said = messages.find(({ text: of }) => of !== "") ?? messages[0];
  const message =
    said === undefined
      ? `SAP answered with HTTP ${status}${kind === "unknown" ? ": it isn't known what was done" : ""}`
      : `SAP: ${said.text}`;
  return new ErpFault(kind, message, {
    code: said?.code === undefined || said.code === "" ? null : said.code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function kindOf(
  { status }: RefusedReply,
  messages: readonly SapMessage[],
  isSoapFault: boolean,
  effect: RequestEffect,
): ErpFaultKind {
  if (status === 429) return "throttle";
  if (status === 401) return "authentication";
  if (status === 412) return "version-conflict";
  const known = kindByMessages(messages);
  if (known !== undefined) return known;
  if (status === 403) return "permission";
  // 503: the request was not taken.
  if (status === 503) return "transient";
  // A request whose form is wrong: sent again it would be wrong again.
  if (isSoapFault && !messages.some(({ text }) => BROKEN_TEXT.test(text))) return "validation";
  if (status >= 500 || status === 408) return effect === "read" ? "transient" : "unknown";
  // An address that leads elsewhere (a redirect, a page that isn't there) says nothing of the document.
  if (status < 400 || (status === 404 && messages.length === 0)) return "transient";
  return "validation";
}

export function hasSoapFault(text: string): boolean {
  return soapFault(text) !== undefined;
}

function soapFault(text: string): SapMessage | undefined {
  if (!text.includes("Fault")) return undefined;
  const fault = childOf(childOf(childOf(parseXml(text), "Envelope"), "Body"), "Fault");
  if (fault === undefined) return undefined;
  return { code: textOf(fault, "faultcode"), text: textOf(fault, "faultstring") };
}
