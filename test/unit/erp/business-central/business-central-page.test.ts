import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MAPPING_TABLES, type MappedReferences } from "../../../../src/model/posting.ts";
import { businessCentralConnectionSchema } from "../../../../src/sinks/erp/business-central/configuration.ts";
import { businessCentralDescription } from "../../../../src/sinks/erp/business-central/description.ts";
import { isSale } from "../../../../src/sinks/erp/business-central/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/business-central/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { readProjectFile } from "../../../support/project-files.ts";
import { command, CONTEXT, invoice, journal, line } from "./business-central-fixture.ts";

/** The guide's examples do what it says. */

const page = readProjectFile("docs/erp/business-central.md");
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

it("the connection is one", () => {
  const { main } = z.strictObject({ main: businessCentralConnectionSchema }).parse(files.get("connection"));
  expect(main.settle_delay).toBe(30_000);
  expect(main.companies).toContain(references().legal_entity?.["north"]?.["company"]);
});

it("names every setting of a connection and every table and field of a mapping", () => {
  for (const setting of Object.keys(businessCentralConnectionSchema.shape).filter((key) => key !== "adapter"))
    expect(page).toMatch(new RegExp(`^\\| \`${setting}\` \\|`, "m"));
  const { required, optional } = businessCentralDescription;
  const tables = [...Object.values(required), optional].flatMap((each) => Object.entries(each));
  for (const [table, fields] of tables) {
    const [row = ""] = new RegExp(`^\\| \`${table}\` \\|.*$`, "m").exec(page) ?? [];
    for (const field of fields)
      expect([table, row]).toEqual([table, expect.stringContaining(`\`${field}\``)]);
  }
});

it("plans the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const planned = planCommand(command(document, { references: references() }), CONTEXT);
  if (!isSale(planned)) throw new Error("it is no sale");
  expect(readExactJson(writeExactJson(planned.request.header))).toMatchObject({
    customerNumber: "UMR-ACME",
    currencyCode: "USD",
  });
  expect(readExactJson(writeExactJson(planned.request.lines[1] ?? {}))).toMatchObject({
    lineType: "Account",
    lineObjectNumber: "4000",
    quantity: "1",
    unitPrice: "120.5",
    taxCode: "TAXABLE",
    dimensionSetLines: [{ code: "REGION", valueCode: "WEST" }],
  });
  const told = /<!-- example: invoice -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain("UMR-ACME, USD");
  expect(told).toContain("Account 4000, quantity 1, unit price 120.5, tax code TAXABLE, REGION=WEST");
  const { tax, total } = planned.expected;
  expect(told).toContain(`net 120.50 on Account 4000, tax ${tax}, total ${total}`);
  expect(planCommand(command(journal(), { references: references() }), CONTEXT).expected.total).toBe("300");
});
