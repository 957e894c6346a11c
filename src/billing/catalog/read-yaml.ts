import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import { messageOf } from "../../model/errors.ts";
import type { FaultList } from "./faults.ts";

/** Aliases a file may use: enough for shared blocks, too few for a document that expands without end. */
const MAX_ALIASES = 1_000;

/** The value of a YAML file, every number as its source text; undefined, and faults, where it can't be read. */
export function readYaml(file: string, text: string, faults: FaultList): unknown {
  const source = { file, path: [] };
  const document = parseDocument(text, { version: "1.2", schema: "core", prettyErrors: true });
  for (const problem of [...document.errors, ...document.warnings])
    faults.add(source, [], (problem.message.split("\n")[0] ?? "").replace(/:$/, ""));
  if (document.errors.length > 0) return undefined;
  try {
    const value = new ValueReader(document).read(document.contents);
    if (value !== null) return value;
    faults.add(source, [], "is empty");
  } catch (error) {
    faults.add(source, [], messageOf(error));
  }
  return undefined;
}

/** Turns the nodes of a document into plain values, with numbers as their source text: no digit can be lost. */
class ValueReader {
  readonly #document: Document;
  #aliases = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  read(node: unknown): unknown {
    if (isAlias(node)) return this.read(this.#resolve(node));
    if (isScalar(node)) {
      const { value } = node;
      return typeof value === "number" || typeof value === "bigint" ? (node.source ?? String(value)) : value;
    }
    if (isSeq(node)) return node.items.map((item) => this.read(item));
    if (isMap(node)) {
      // No prototype: a key such as __proto__ stays a key, and is reported as unknown.
      const object: Record<string, unknown> = Object.create(null);
      for (const { key, value } of node.items) object[String(this.read(key))] = this.read(value);
      return object;
    }
    return null;
  }

  #resolve(alias: Alias): unknown {
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) throw new RangeError(`uses more than ${MAX_ALIASES} aliases`);
    return alias.resolve(this.#document);
  }
}
