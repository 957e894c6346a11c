import { z } from "zod";
import { readExactJson } from "../../http/exact-json.ts";
import { fieldOf, isXmlNode, nodesOf, soapBody, type XmlNode } from "./soap.ts";

/** Shown to people and kept in the log. */
const MAX_DETAIL_CHARACTERS = 400;
const MAX_DETAILS = 20;

export interface ErrorDetail {
  /** "AR_BU_NOT_FOUND", "JBO-27024"; "" where none is named. */
  readonly code: string;
  readonly message: string;
  /** Field that it is about; "" where none is named. */
  readonly path: string;
}

export interface ErrorReply {
  readonly details: readonly ErrorDetail[];
  /** A fault of a SOAP service: the request has come to its end, whatever the HTTP status says. */
  readonly isSoapFault: boolean;
}

const text = z.string().nullish();
const jsonSchema = z.looseObject({
  title: text,
  detail: text,
  "o:errorCode": text,
  "o:errorDetails": z
    .array(z.looseObject({ detail: text, "o:errorCode": text, "o:errorPath": text }))
    .nullish(),
});

/**
 * What Oracle says is wrong. REST answers with JSON or with a plain text, by the version of its framework and by what fails; SOAP with a fault.
 * Empty where nothing of that is there (a proxy's page, for instance).
 */
export function errorReply(body: string, contentType: string): ErrorReply {
  const fault = soapFault(body);
  if (fault !== undefined) return { details: fault, isSoapFault: true };
  const details = jsonDetails(body) ?? plainDetails(body, contentType);
  return { details: details.slice(0, MAX_DETAILS), isSoapFault: false };
}

function jsonDetails(body: string): readonly ErrorDetail[] | undefined {
  let json: unknown;
  try {
    json = readExactJson(body);
  } catch {
    return undefined;
  }
  const parsed = jsonSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { title, detail, "o:errorCode": code, "o:errorDetails": details } = parsed.data;
  if ((details ?? []).length > 0)
    return (details ?? []).map((each) =>
      detailOf(each["o:errorCode"] ?? "", each.detail ?? title ?? "", each["o:errorPath"] ?? ""),
    );
  const message = detail ?? title ?? "";
  return message === "" ? undefined : [detailOf(code ?? "", message, "")];
}

function plainDetails(body: string, contentType: string): readonly ErrorDetail[] {
  const message = body.trim();
  if (message === "" || message.startsWith("<") || message.startsWith("{")) return [];
  return contentType.startsWith("text/plain") ? [detailOf("", message, "")] : [];
}

/** Codes stand at the beginning of texts where no field has them. */
const LEADING_CODE =
  /^\s*\(?((?:JBO|HZ|FND|AR|GL)[-_][A-Z0-9_-]*\d[A-Z0-9_-]*|(?:AR|FND|HZ|GL)_[A-Z0-9_]+)\b/;
/** Oracle wraps what it has to say. */
const WRAPPED_TEXT = /<TEXT>([\s\S]*?)<\/TEXT>/;

function detailOf(code: string, message: string, path: string): ErrorDetail {
  const said = WRAPPED_TEXT.exec(message)?.[1]?.trim() ?? message;
  return {
    code: code === "" ? (LEADING_CODE.exec(said)?.[1] ?? "") : code,
    message: said.slice(0, MAX_DETAIL_CHARACTERS),
    path,
  };
}

function soapFault(body: string): readonly ErrorDetail[] | undefined {
  const [fault] = nodesOf(soapBody(body), "Fault");
  if (fault === undefined) return undefined;
  const detail = fault["detail"];
  const service = isXmlNode(detail) ? detail : {};
  const [message] = [...nodesOf(service, "ServiceErrorMessage"), ...nodesOf(service, "ServiceMessage")];
  const fields = message === undefined ? [] : fieldDetails(message);
  const said = fieldOf(message, "message");
  const headline = detailOf(fieldOf(message, "code"), said === "" ? fieldOf(fault, "faultstring") : said, "");
  return [headline, ...fields].slice(0, MAX_DETAILS);
}

/** What is wrong with single fields, which hangs below the message. */
function fieldDetails(message: XmlNode): readonly ErrorDetail[] {
  return nodesOf(message, "detail").flatMap((detail) => [
    detailOf(fieldOf(detail, "code"), fieldOf(detail, "message"), fieldOf(detail, "attributeName")),
    ...fieldDetails(detail),
  ]);
}
