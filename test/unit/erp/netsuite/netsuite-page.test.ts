import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MAPPING_TABLES, type MappedReferences } from "../../../../src/model/posting.ts";
import { netsuiteConnectionSchema } from "../../../../src/sinks/erp/netsuite/configuration.ts";
import { netsuiteDescription } from "../../../../src/sinks/erp/netsuite/description.ts";
import { planCommand } from "../../../../src/sinks/erp/netsuite/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { readProjectFile } from "../../../support/project-files.ts";
import { command, CONTEXT, invoice, journal, line } from "./netsuite-fixture.ts";

/** The guide's examples do what it says. */

const page = readProjectFile("docs/erp/netsuite.md");
const files = new Map(
  [...page.matchAll(/<!-- file: (\w+) -->\n\n```yaml\n([\s\S]*?)```/g)].map(([, name = "", text = ""]) => [
    name,
    parse(text) as unknown,
  ]),
);
const ROWS = z.array(
  z.strictObject({
    connection: z.literal("main"),
    table: z.enum(MAPPING_TABLES),
    key: z.string(),
    values: z.record(z.string(), z.string()),
  }),
);

function references(): MappedReferences {
  const tables: Partial<Record<string, Record<string, Record<string, string>>>> = {};
  for (const { table, key, values } of ROWS.parse(files.get("mapping"))) (tables[table] ??= {})[key] = values;
  return tables;
}

it.each(["connection", "token"])("the connection is one: %s", (name) => {
  const { main } = z.strictObject({ main: netsuiteConnectionSchema }).parse(files.get(name));
  expect(main.settle_delay).toBe(360_000);
});

it("names every setting of a connection and every table of a mapping", () => {
  for (const setting of Object.keys(netsuiteConnectionSchema.shape).filter((key) => key !== "adapter"))
    expect(page).toMatch(new RegExp(`^\\| \`${setting}\` \\|`, "m"));
  const tables = new Set([
    ...Object.values(netsuiteDescription.required).flatMap((required) => Object.keys(required)),
    ...Object.keys(netsuiteDescription.optional),
  ]);
  for (const table of tables) expect(page).toMatch(new RegExp(`^\\| \`${table}\` \\|`, "m"));
});

it("plans the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const { request, expected } = planCommand(command(document, { references: references() }), CONTEXT);
  if (request.kind !== "upsert") throw new Error("it is no upsert");
  expect(readExactJson(writeExactJson(request.body))).toMatchObject({
    subsidiary: { id: "1" },
    currency: { id: "1" },
    item: {
      items: [
        {
          item: { id: "86" },
          quantity: "1",
          rate: "120.50",
          amount: "120.50",
          class: { id: "3" },
          location: { id: "1" },
        },
      ],
    },
    taxDetails: {
      items: [
        { taxType: { id: "9" }, taxCode: { id: "22" }, taxRate: "6", taxBasis: "120.50", taxAmount: "7.23" },
      ],
    },
  });
  const told = /<!-- example: invoice -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain("item 86, quantity 1, rate 120.50, amount 120.50, class 3, location 1");
  expect(told).toContain("type 9, code 22, rate 6, basis 120.50, amount 7.23");
  expect(told).toContain(`| \`total\` | ${expected.total} |`);
  expect(planCommand(command(journal(), { references: references() }), CONTEXT).expected.total).toBe("300");
});
