import { xmlText } from "../common/xml-text.ts";
import { XMLParser } from "fast-xml-parser";

/** XML of requests, whose elements must stand in the order of SAP's schema, and of answers. */

export type XmlContent = string | readonly XmlElement[];

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: XmlContent;
}

export function element(
  name: string,
  content: XmlContent,
  attributes: Readonly<Record<string, string>> = {},
): XmlElement {
  return { name, attributes, content };
}

/** The element, or nothing where its text is null or empty: SAP takes an empty element for a value that is to be cleared. */
export function optionalElement(name: string, text: string | null): readonly XmlElement[] {
  return text === null || text === "" ? [] : [element(name, text)];
}

export function writeXml({ name, attributes, content }: XmlElement): string {
  const attributeText = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${xmlText(value, " ")}"`)
    .join("");
  const inner = typeof content === "string" ? xmlText(content, " ") : content.map(writeXml).join("");
  return `<${name}${attributeText}>${inner}</${name}>`;
}

/** A part of an answer: elements by name without their namespaces' prefix, texts as they stand. */
export type XmlNode = Readonly<Record<string, unknown>>;

const PARSER = new XMLParser({ removeNSPrefix: true, ignoreAttributes: true, parseTagValue: false });

/** Undefined for what is no XML. */
export function parseXml(text: string): XmlNode | undefined {
  if (!text.includes("<")) return undefined;
  try {
    return nodeOf(PARSER.parse(text, true));
  } catch {
    return undefined;
  }
}

/** Children of a name that have children themselves; texts are left out. */
export function childrenOf(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  return listOf(node?.[name]).flatMap((child) => {
    const found = nodeOf(child);
    return found === undefined ? [] : [found];
  });
}

export function childOf(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return childrenOf(node, name)[0];
}

/** Text of a child; "" where there is none. */
export function textOf(node: XmlNode | undefined, name: string): string {
  const [first] = listOf(node?.[name]);
  return typeof first === "string" ? first.trim() : "";
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function nodeOf(value: unknown): XmlNode | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
}
