import type { z } from "zod";
import type { ConfigFault } from "./interpolate.ts";

/** What faults of settings have in common, in whichever file they stand: none ever holds what was found, as it may be a secret. */

/** The system's word for why a file can't be read. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "unknown cause";
}

/** Messages say what is expected; what was found stays out of them, as it may be a secret. */
export function faultsOf(issue: z.core.$ZodIssue, tree: object): ConfigFault[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: path === "" ? key : `${path}.${key}`,
      message: "no such setting",
    }));
  }
  if (issue.code === "invalid_type" && isAbsent(tree, issue.path)) return [{ path, message: "is required" }];
  return [{ path, message: issue.message }];
}

function isAbsent(tree: object, path: readonly PropertyKey[]): boolean {
  let value: unknown = tree;
  for (const name of path) {
    if (typeof value !== "object" || value === null) return false;
    value = Reflect.get(value, name);
  }
  return value === undefined;
}

/**
 * A secret that is given as text or as the name of a file. Undefined where neither is given, or where the file can't be read or holds too
 * little: that is noted then.
 */
export type SecretReader = (
  path: string,
  value: string | undefined,
  file: string | undefined,
  minCharacters?: number,
) => string | undefined;

export function secretReader(readFile: (path: string) => string, faults: ConfigFault[]): SecretReader {
  return (path, value, file, minCharacters = 1) => {
    if (file === undefined) return value;
    try {
      // Editors and `echo` end a file with a line break, which is no part of the secret.
      const secret = readFile(file).replace(/\r?\n$/, "");
      if (secret.length >= minCharacters) return secret;
      faults.push({ path: `${path}_file`, message: `must hold at least ${minCharacters} characters` });
    } catch (error) {
      faults.push({ path: `${path}_file`, message: `can't be read (${systemCode(error)})` });
    }
    return undefined;
  };
}
