import { z } from "zod";
import { workerConfigJsonSchema } from "./worker-schema.ts";

/** Kinds of a setting's value, as far as a text from the environment or a flag has to be turned into it. */
export type ConfigKeyKind = "text" | "integer" | "boolean" | "list";

/** One setting of the configuration file. */
export interface ConfigKey {
  /** Dotted path, such as `nats.servers`. */
  readonly path: string;
  readonly kind: ConfigKeyKind;
  readonly description: string;
  /** What stands in when it is not given, as in the file; undefined where there is nothing. */
  readonly defaultValue: unknown;
  readonly required: boolean;
  /** Never printed, and without a flag: a process list shows flags to everybody. */
  readonly secret: boolean;
  /** Allowed values where they are few. */
  readonly allowed: readonly string[];
  readonly environment: string;
  /** Long flag such as `--nats-servers`; undefined for a secret. */
  readonly flag: string | undefined;
}

/** Prefix and separator of environment variables: TRIBUTARY__NATS__SERVERS is nats.servers. */
export const ENVIRONMENT_PREFIX = "TRIBUTARY__";

const schemaNode = z.looseObject({
  type: z.string().optional(),
  description: z.string().default(""),
  default: z.unknown().optional(),
  writeOnly: z.boolean().default(false),
  enum: z.array(z.string()).optional(),
  anyOf: z.array(z.looseObject({ type: z.string().optional(), const: z.unknown().optional() })).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
});

function kindOf(node: z.output<typeof schemaNode>): ConfigKeyKind {
  if (node.type === "array") return "list";
  if (node.type === "boolean") return "boolean";
  if (node.type === "integer") return "integer";
  return node.anyOf?.every((choice) => choice.type === "number" || choice.type === "integer") === true
    ? "integer"
    : "text";
}

function collect(node: unknown, prefix: string, keys: ConfigKey[]): void {
  const { properties = {}, required } = schemaNode.parse(node);
  for (const [name, value] of Object.entries(properties)) {
    const child = schemaNode.parse(value);
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (child.properties !== undefined) {
      collect(value, path, keys);
      continue;
    }
    keys.push({
      path,
      kind: kindOf(child),
      description: child.description,
      defaultValue: child.default,
      required: required.includes(name),
      secret: child.writeOnly,
      allowed: child.enum ?? [],
      environment: ENVIRONMENT_PREFIX + path.toUpperCase().replaceAll(".", "__"),
      flag: child.writeOnly ? undefined : `--${path.replaceAll(/[._]/g, "-")}`,
    });
  }
}

let cached: readonly ConfigKey[] | undefined;

/** All settings in the order of the schema. */
export function workerConfigKeys(): readonly ConfigKey[] {
  if (cached === undefined) {
    const keys: ConfigKey[] = [];
    collect(workerConfigJsonSchema(), "", keys);
    cached = keys;
  }
  return cached;
}

/** Sections with their descriptions, by dotted path, in the order of the schema. */
export function workerConfigSections(): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  const walk = (node: unknown, prefix: string): void => {
    for (const [name, value] of Object.entries(schemaNode.parse(node).properties ?? {})) {
      const child = schemaNode.parse(value);
      if (child.properties === undefined) continue;
      const path = prefix === "" ? name : `${prefix}.${name}`;
      sections.set(path, child.description);
      walk(value, path);
    }
  };
  walk(workerConfigJsonSchema(), "");
  return sections;
}

/**
 * A text as a value of the kind. What does not fit stays a text, so that the schema reports it under its path.
 * Lists are separated by commas.
 */
export function valueOfText(kind: ConfigKeyKind, text: string): unknown {
  if (kind === "integer" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (kind === "list") return text.split(",").map((item) => item.trim());
  return text;
}
