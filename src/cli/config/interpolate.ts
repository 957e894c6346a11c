import { valueOfText, type ConfigKey } from "./config-keys.ts";

/** A fault of the configuration. Neither field ever holds a value of a secret. */
export interface ConfigFault {
  /** Dotted path of the setting, name of an environment variable, or path of the file. */
  readonly path: string;
  readonly message: string;
}

/** `$${` stands for a literal `${`; `${NAME}` and `${NAME:default}` for a variable. */
const REFERENCE_PATTERN = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g;

/**
 * Replaces `${NAME}` and `${NAME:default}` in every text of a parsed file; the default stands in where the variable
 * is absent or empty. It works on parsed values, not on the file's text: a variable can't add keys.
 */
export function interpolate(
  value: unknown,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly keys: ReadonlyMap<string, ConfigKey>;
    readonly faults: ConfigFault[];
  },
  path = "",
): unknown {
  if (typeof value === "string") {
    if (!value.includes("${")) return value;
    const text = value.replaceAll(REFERENCE_PATTERN, (match, name?: string, fallback?: string) => {
      if (name === undefined) return "${";
      const found = options.env[name];
      if (found !== undefined && (found !== "" || fallback === undefined)) return found;
      if (fallback !== undefined) return fallback;
      options.faults.push({ path, message: `the environment variable ${name} is not set` });
      return match;
    });
    return valueOfText(options.keys.get(path)?.kind ?? "text", text);
  }
  if (Array.isArray(value)) return value.map((item, i) => interpolate(item, options, `${path}.${i}`));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        // A key without a value, such as a section whose lines are all commented out, is absent.
        .filter(([, item]) => item !== null)
        .map(([name, item]) => [name, interpolate(item, options, path === "" ? name : `${path}.${name}`)]),
    );
  }
  return value;
}
