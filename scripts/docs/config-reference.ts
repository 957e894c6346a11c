import type { ConfigKey } from "../../src/cli/config/config-keys.ts";
import type { SettingsSchema } from "../../src/cli/schemas/connections-schema.ts";

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function defaultOf(key: ConfigKey): string {
  if (key.required) return "required";
  return key.defaultValue === undefined ? "" : code(key.defaultValue);
}

function table(keys: readonly ConfigKey[]): string[] {
  const rows = keys.map((key) => {
    const given = key.flag === undefined ? "no flag: secret" : code(key.flag);
    return `| ${code(key.path)} | ${defaultOf(key)} | ${key.description} | ${code(key.environment)} | ${given} |`;
  });
  return ["| setting | default | meaning | environment | flag |", "| --- | --- | --- | --- | --- |", ...rows];
}

/** A table of the settings of a JSON Schema's object, by their names below `prefix`. */
function schemaTable(schema: SettingsSchema, prefix: string): string[] {
  const rows = Object.entries(schema.properties).map(
    ([name, { description = "", default: defaultValue }]) =>
      `| ${code(prefix + name)} | ${defaultValue === undefined ? "" : code(defaultValue)} | ${description} |`,
  );
  return ["| setting | default | meaning |", "| --- | --- | --- |", ...rows];
}

/**
 * The page that lists every setting of the worker.
 * @param sections descriptions by dotted path
 * @param posting settings that every ERP connection has
 */
export function renderConfigReference(
  keys: readonly ConfigKey[],
  sections: ReadonlyMap<string, string>,
  posting: SettingsSchema,
): string {
  const sectionOf = (key: ConfigKey): string => key.path.split(".").slice(0, -1).join(".");
  const groups = [...sections].flatMap(([path, description]) => {
    const own = keys.filter((key) => sectionOf(key) === path);
    return own.length === 0 ? [] : ["", `## ${path}`, "", description, "", ...table(own)];
  });
  return [
    "# Configuration of a worker",
    "",
    "A YAML file, variables of the environment and flags (of `tributary run`); a later one of these wins over an earlier one, and all over",
    "the defaults. `config/example.yaml` has every setting with the reason why one would change it. Written from",
    "`src/cli/config/worker-schema.ts` by `npm run docs`.",
    "",
    "- Any text of the file may hold `${NAME}` or `${NAME:default}`, a variable of the environment; the default stands in",
    "  where the variable is absent or empty, `$${` is a literal `${`. A list in one text is separated by commas.",
    "- An empty variable `TRIBUTARY__…` counts as not set; one that names no setting is an error, as an unknown key of the",
    "  file is. All faults are listed at once, each with its path.",
    "- Durations are a whole number and `ms`, `s`, `m`, `h` or `d`; sizes one and `B`, `KiB`, `MiB` or `GiB`.",
    "- Secrets are best kept in files of their own (`…_file`); a line break at the end is no part of them. A secret and its",
    "  file exclude each other; given at two levels, the higher one wins. Secrets are never printed and have no flag.",
    "",
    "## Top level",
    "",
    ...table(keys.filter((key) => sectionOf(key) === "")),
    ...groups,
    "",
    "## ERP connections",
    "",
    "The file that `erp_connections` names has a section a connection, by its key in the catalog's folder `erp/`: `adapter`, the adapter's own settings",
    "([netsuite](erp/netsuite.md), [file](erp/file.md), [http](erp/http.md)), and below `posting` what every connection can be told. Texts, durations and",
    "secrets as above; none of it can be set by variables or flags of its own. `tributary schema erp-connections` prints its JSON Schema.",
    "",
    ...schemaTable(posting, "posting."),
    "",
  ].join("\n");
}
