import { xmlText } from "../common/xml-text.ts";
import { XMLParser } from "fast-xml-parser";

/**
 * Envelopes of Oracle's SOAP services. An operation and its parameters are elements of the service's types; what the parameters hold is of the service
 * itself (or, of questions, of ADF). Values stay texts: ids are longer than numbers can hold.
 */

export interface SoapService {
  /** From "/" on. */
  readonly path: string;
  /** Namespace of fields. */
  readonly service: string;
  /** Namespace of operations and parameters. */
  readonly types: string;
}

/** A value by the names of its fields; fields that are undefined are left out. */
export type SoapValue = string | SoapFields | readonly SoapValue[];
export interface SoapFields {
  readonly [name: string]: SoapValue | undefined;
}

export interface SoapParameter {
  readonly name: string;
  readonly value: SoapValue;
  /** Whether its fields are those of ADF's questions. */
  readonly isQuestion?: boolean;
}

const ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/";
const ADF_TYPES = "http://xmlns.oracle.com/adf/svc/types/";
function element(name: string, value: SoapValue | undefined, prefix: string): string {
  if (value === undefined) return "";
  if (isList(value)) return value.map((each) => element(name, each, prefix)).join("");
  return `<${prefix}:${name}>${content(value, prefix)}</${prefix}:${name}>`;
}

function content(value: string | SoapFields, prefix: string): string {
  return typeof value === "string"
    ? xmlText(value, "")
    : Object.entries(value)
        .map(([name, field]) => element(name, field, prefix))
        .join("");
}

function isList(value: SoapValue): value is readonly SoapValue[] {
  return Array.isArray(value);
}

export function soapEnvelope(
  { service, types }: SoapService,
  operation: string,
  parameters: readonly SoapParameter[],
): string {
  const body = parameters
    .map(({ name, value, isQuestion }) => {
      const values = isList(value) ? value : [value];
      const prefix = isQuestion === true ? "adf" : "svc";
      return values
        .map((each) => (isList(each) ? "" : `<typ:${name}>${content(each, prefix)}</typ:${name}>`))
        .join("");
    })
    .join("");
  return (
    `<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="${ENVELOPE}" xmlns:typ="${types}" ` +
    `xmlns:svc="${service}" xmlns:adf="${ADF_TYPES}"><soap:Body><typ:${operation}>${body}</typ:${operation}>` +
    "</soap:Body></soap:Envelope>"
  );
}

const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
  // Nothing of a document type is followed.
  processEntities: true,
});

export type XmlNode = { readonly [name: string]: unknown };

export function isXmlNode(value: unknown): value is XmlNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is in the envelope's body; undefined where there is none (a proxy's page, for instance). Prefixes are left out. */
export function soapBody(text: string): XmlNode | undefined {
  if (!text.trimStart().startsWith("<")) return undefined;
  let parsed: unknown;
  try {
    parsed = PARSER.parse(text);
  } catch {
    return undefined;
  }
  const envelope = isXmlNode(parsed) ? parsed["Envelope"] : undefined;
  const body = isXmlNode(envelope) ? envelope["Body"] : undefined;
  return isXmlNode(body) ? body : undefined;
}

/** All nodes of a name in an answer's results. One and several look different in XML. */
export function nodesOf(node: unknown, name: string): readonly XmlNode[] {
  const value = isXmlNode(node) ? node[name] : undefined;
  return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter(isXmlNode);
}

/** Text of a field; "" where it is missing or nil. */
export function fieldOf(node: XmlNode | undefined, name: string): string {
  const value = node?.[name];
  if (typeof value === "string") return value;
  const text = isXmlNode(value) ? value["#text"] : undefined;
  return typeof text === "string" ? text : "";
}
