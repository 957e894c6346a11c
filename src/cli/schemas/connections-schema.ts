import { z } from "zod";
import { ERP_ADAPTERS } from "../../sinks/erp/adapters.ts";
import { postingSettings } from "../config/erp-connections.ts";

/** The file of ERP connections as a JSON Schema: settings by the connections' keys, each adapter with its own. Secrets are `writeOnly`. */
export function connectionsJsonSchema(): object {
  const each = ERP_ADAPTERS.map(({ settings, description }) =>
    z.toJSONSchema(settings.extend({ posting: postingSettings.optional() }), {
      io: "input",
      override: ({ jsonSchema, path }) => {
        if (path.length === 0) jsonSchema.title = description.title;
      },
    }),
  );
  // One for the whole document.
  for (const schema of each) delete schema.$schema;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "ERP connections",
    description:
      "How the ERP connections of the catalog are reached, by their keys (the worker's setting erp_connections).",
    type: "object",
    additionalProperties: { oneOf: each },
  };
}

/** What every connection can be told, as a JSON Schema. */
export function postingSettingsJsonSchema(): SettingsSchema {
  const { properties = {} } = z.toJSONSchema(postingSettings, { io: "input" });
  return {
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        typeof property === "boolean" ? {} : property,
      ]),
    ),
  };
}

export interface SettingsSchema {
  readonly properties: Readonly<
    Record<string, { readonly description?: string | undefined; readonly default?: unknown }>
  >;
}
