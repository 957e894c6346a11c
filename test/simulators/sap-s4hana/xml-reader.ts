import { XMLParser } from "fast-xml-parser";
import { soapFault } from "./errors.ts";

/** An element of a request, with its children in their order. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
});

/** Throws a SOAP fault for what is no XML. */
export function readXml(text: string): XmlElement {
  let nodes: unknown;
  try {
    nodes = PARSER.parse(text, true);
  } catch (error) {
    throw soapFault(`Error when parsing an XML document (${String(error).slice(0, 100)})`);
  }
  const roots = elementsOf(nodes).filter(({ name }) => !name.startsWith("?"));
  const [root] = roots;
  if (root === undefined || roots.length !== 1) throw soapFault("An XML document has one root element");
  return root;
}

function elementsOf(nodes: unknown): XmlElement[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown): XmlElement[] => {
    if (typeof node !== "object" || node === null) return [];
    const [name] = Object.keys(node).filter((key) => key !== ":@");
    if (name === undefined || name === "#text") return [];
    const children: unknown = Reflect.get(node, name);
    const attributes: unknown = Reflect.get(node, ":@");
    return [
      {
        name,
        attributes: Object.fromEntries(
          Object.entries(typeof attributes === "object" && attributes !== null ? attributes : {}).map(
            ([key, value]) => [key, String(value)],
          ),
        ),
        children: elementsOf(children),
        text: textOf(children),
      },
    ];
  });
}

function textOf(nodes: unknown): string {
  if (!Array.isArray(nodes)) return "";
  return nodes
    .map((node: unknown) =>
      typeof node === "object" && node !== null && Object.hasOwn(node, "#text")
        ? String(Reflect.get(node, "#text"))
        : "",
    )
    .join("");
}
