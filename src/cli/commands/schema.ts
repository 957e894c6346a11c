import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import { z } from "zod";
import { catalogJsonSchemas } from "../../billing/catalog/json-schemas.ts";
import { workerConfigJsonSchema } from "../config/worker-schema.ts";
import { printJson } from "../print.ts";
import { closeReportSchema } from "../schemas/close-schema.ts";
import { connectionsJsonSchema } from "../schemas/connections-schema.ts";
import { usageEventJsonSchema } from "../schemas/event-schema.ts";
import { postingCommandSchema, postingRecordSchema } from "../schemas/posting-schemas.ts";
import { alertSchema, publishedDeadLetterSchema, ratedAggregateSchema } from "../schemas/output-schemas.ts";

const NAMES = [
  "config",
  "erp-connections",
  "catalog",
  "event",
  "rated",
  "alert",
  "dead-letter",
  "posting-command",
  "posting-record",
  "close-report",
] as const;
type SchemaName = (typeof NAMES)[number];

export function addSchemaCommand(program: Command): void {
  program
    .command("schema")
    .summary("JSON Schemas of the configuration, the catalog, input events and outputs")
    .description(
      "Prints JSON Schemas (draft 2020-12) for editors, producers and consumers:\n" +
        "  config          the worker's configuration file\n" +
        "  erp-connections the file that says how ERP connections are reached\n" +
        "  catalog         one schema for each kind of catalog file, by name\n" +
        "  event           the CloudEvent that is accepted on input\n" +
        "  rated           data of an event on RATED\n" +
        "  alert           data of an event on ALERTS\n" +
        "  dead-letter     data of an event on DLQ\n" +
        "  posting-command what a partition queues on COMMANDS_<connection>\n" +
        "  posting-record  what a connection's runner writes to POSTINGS_<connection>\n" +
        "  close-report    what `close report --json` prints\n" +
        "Without a name, all of them by name.",
    )
    .addArgument(new Argument("[name]", "which one").choices(NAMES))
    .option("--output <directory>", "write files <name>.schema.json into this folder instead")
    .action(async (name: SchemaName | undefined, options: { output?: string }) => {
      const names = name === undefined ? NAMES : [name];
      if (options.output !== undefined) {
        await writeSchemas(names, options.output);
      } else if (name === undefined) {
        printJson(Object.fromEntries(names.map((each) => [each, schemaOf(each)])));
      } else printJson(schemaOf(name));
    });
}

const SCHEMAS: Readonly<Record<SchemaName, () => object>> = {
  config: workerConfigJsonSchema,
  catalog: catalogJsonSchemas,
  event: usageEventJsonSchema,
  rated: () => z.toJSONSchema(ratedAggregateSchema),
  alert: () => z.toJSONSchema(alertSchema),
  "erp-connections": connectionsJsonSchema,
  "posting-command": () => z.toJSONSchema(postingCommandSchema),
  "posting-record": () => z.toJSONSchema(postingRecordSchema),
  "close-report": () => z.toJSONSchema(closeReportSchema),
  "dead-letter": () => z.toJSONSchema(publishedDeadLetterSchema),
};

/** A JSON Schema, or for `catalog` one for each kind of entity by its name. */
export function schemaOf(name: SchemaName): object {
  return SCHEMAS[name]();
}

async function writeSchemas(names: readonly SchemaName[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of names) {
    const schemas =
      name === "catalog"
        ? Object.entries(catalogJsonSchemas()).map(
            ([entity, schema]) => [`catalog-${entity}`, schema] as const,
          )
        : [[name, schemaOf(name)] as const];
    for (const [file, schema] of schemas) {
      const path = join(directory, `${file}.schema.json`);
      await writeFile(path, `${JSON.stringify(schema, undefined, 2)}\n`);
      process.stderr.write(`${path}\n`);
    }
  }
}
