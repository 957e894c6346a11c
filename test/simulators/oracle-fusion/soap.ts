import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { OracleError } from "./errors.ts";

/** Envelopes: every element must be of the right namespace, or the operation is unknown. */

export interface Element {
  readonly namespace: string;
  readonly name: string;
  readonly text: string;
  readonly children: readonly Element[];
}

const ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/";
const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
});

const attributesSchema = z.record(z.string(), z.string());
/** As the parser gives them in order: a tag with its content, its attributes beside it, or a text. */
const nodesSchema = z.array(z.record(z.string(), z.unknown()));

function elements(content: unknown, scope: ReadonlyMap<string, string>): Element[] {
  return nodesSchema.parse(content).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ":@" && key !== "#text" && key !== "?xml");
    if (tag === undefined) return [];
    const inner = new Map(scope);
    for (const [name, value] of Object.entries(attributesSchema.parse(node[":@"] ?? {})))
      if (name.startsWith("xmlns:")) inner.set(name.slice("xmlns:".length), value);
    const [prefix = "", name = ""] = tag.split(":");
    const children = node[tag];
    return [
      {
        namespace: inner.get(prefix) ?? "",
        name,
        text: nodesSchema
          .parse(children)
          .map((each) => (typeof each["#text"] === "string" ? each["#text"] : ""))
          .join(""),
        children: elements(children, inner),
      },
    ];
  });
}

export function fault(detail: string, code?: string): OracleError {
  return new OracleError(500, [{ detail, ...(code !== undefined && { code }) }]);
}

export interface Call {
  readonly operation: string;
  readonly parameters: readonly Element[];
}

/** The call in an envelope. Throws a fault for what is none, or of another namespace. */
export function callOf(envelope: string, types: string): Call {
  let parsed: Element[];
  try {
    parsed = elements(PARSER.parse(envelope, true), new Map());
  } catch {
    throw fault("Invalid XML", "env:Client");
  }
  const [root] = parsed;
  const body = root?.children.find(({ name, namespace }) => name === "Body" && namespace === ENVELOPE);
  const [operation] = body?.children ?? [];
  if (root?.name !== "Envelope" || operation === undefined) throw fault("Invalid envelope", "env:Client");
  if (operation.namespace !== types || operation.children.some(({ namespace }) => namespace !== types))
    throw fault("Unknown method");
  return { operation: operation.name, parameters: operation.children };
}

/** Fields of an element that must all be of a namespace and known. */
export function fieldsOf(
  element: Element,
  namespace: string,
  known: readonly string[],
): (name: string) => string {
  for (const child of element.children)
    if (child.namespace !== namespace || !known.includes(child.name))
      throw fault(`Unknown property: ${child.name}`, "JBO-25058");
  return (name) => element.children.find((child) => child.name === name)?.text ?? "";
}

export function childOf(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

export type Value = string | null | { readonly [name: string]: Value } | readonly Value[];

function xml(name: string, value: Value): string {
  if (isValues(value)) return value.map((each) => xml(name, each)).join("");
  if (value === null)
    return `<ns1:${name} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>`;
  const inner =
    typeof value === "string"
      ? value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
      : Object.entries(value)
          .map(([field, each]) => xml(field, each))
          .join("");
  return `<ns1:${name}>${inner}</ns1:${name}>`;
}

function isValues(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function responseXml(
  types: string,
  service: string,
  operation: string,
  values: readonly Value[],
): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="${ENVELOPE}"><env:Body>` +
    `<ns0:${operation}Response xmlns:ns0="${types}"><ns2:result xmlns:ns2="${types}" xmlns:ns1="${service}">` +
    `${values.map((value) => xml("Value", value)).join("")}</ns2:result></ns0:${operation}Response></env:Body></env:Envelope>`
  );
}
