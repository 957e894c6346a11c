import type { z } from "zod";

/** One fault of the catalog, where a person finds it. */
export interface CatalogFault {
  /** File as it was given, relative to the catalog directory. */
  readonly file: string;
  /** Place in the file: `prices[0].tiers[1].up_to`; "" for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** An entity with the place that it was read from. */
export interface Sourced<Value> {
  readonly value: Value;
  readonly file: string;
  /** Place of the entity in the file: [] or, in a list, [index]. */
  readonly path: readonly PropertyKey[];
}

/** Collects faults in the order in which they are found. */
export class FaultList {
  readonly faults: CatalogFault[] = [];

  add(source: Omit<Sourced<unknown>, "value">, path: readonly PropertyKey[], message: string): void {
    this.faults.push({ file: source.file, path: formatPath([...source.path, ...path]), message });
  }

  addIssues(source: Omit<Sourced<unknown>, "value">, issues: readonly z.core.$ZodIssue[]): void {
    for (const issue of issues) {
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) this.add(source, [...issue.path, key], "is not a known field");
      } else {
        this.add(source, issue.path, issue.message);
      }
    }
  }
}

/** Validates an entity; undefined, and faults, where it has any. */
export function parseEntity<Schema extends z.ZodType>(
  schema: Schema,
  source: Sourced<unknown>,
  faults: FaultList,
): z.output<Schema> | undefined {
  const result = schema.safeParse(source.value, { error: issueMessage });
  if (result.success) return result.data;
  faults.addIssues(source, result.error.issues);
  return undefined;
}

/** Messages that read well behind a path; undefined leaves zod's own. */
function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_union" && typeof issue["discriminator"] === "string") {
    const options: unknown = issue["options"];
    if (Array.isArray(options)) return `must be one of ${options.join(", ")}`;
  }
  if (issue.input === undefined) return "is required";
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  return undefined;
}

function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? String(part) : `.${String(part)}`;
  }
  return text;
}
