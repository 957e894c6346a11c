import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MAPPING_TABLES, type MappedReferences } from "../../../../src/model/posting.ts";
import { financeOperationsConnectionSchema } from "../../../../src/sinks/erp/finance-operations/configuration.ts";
import { financeOperationsDescription } from "../../../../src/sinks/erp/finance-operations/description.ts";
import { planCommand } from "../../../../src/sinks/erp/finance-operations/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { readProjectFile } from "../../../support/project-files.ts";
import { command, CONTEXT, invoice, journal, line } from "./finance-operations-fixture.ts";

/** The guide's examples do what it says. */

const page = readProjectFile("docs/erp/finance-operations.md");
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
  const { main } = z.strictObject({ main: financeOperationsConnectionSchema }).parse(files.get("connection"));
  expect(main).toMatchObject({ settle_delay: 60_000, posting_deadline: 6 * 3_600_000 });
});

it("names every setting of a connection and every table of a mapping", () => {
  for (const setting of Object.keys(financeOperationsConnectionSchema.shape).filter(
    (key) => key !== "adapter",
  ))
    expect(page).toMatch(new RegExp(`^\\| \`${setting}\` \\|`, "m"));
  const tables = new Set([
    ...Object.values(financeOperationsDescription.required).flatMap((required) => Object.keys(required)),
    ...Object.keys(financeOperationsDescription.optional),
  ]);
  for (const table of tables) expect(page).toMatch(new RegExp(`^\\| \`${table}\` \\|`, "m"));
});

it("plans the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const { request, expected } = planCommand(command(document, { references: references() }), CONTEXT);
  if (request.kind !== "invoice") throw new Error("it is no invoice");
  expect(request.header).toMatchObject({
    dataAreaId: "usmf",
    CurrencyCode: "USD",
    CustomerRequisition: "N-1",
  });
  const lines = z
    .array(
      z.looseObject({
        MainAccountDisplayValue: z.string(),
        Quantity: z.string(),
        UnitPrice: z.string(),
        TransactionCurrencyAmount: z.string(),
      }),
    )
    .parse(readExactJson(writeExactJson(request.lines)));
  const told = /<!-- example: invoice -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  for (const [index, line] of lines.entries())
    expect(told).toContain(
      `| line ${index + 1} | account ${line.MainAccountDisplayValue}, quantity ${line.Quantity}, unit price ${line.UnitPrice}, amount ${line.TransactionCurrencyAmount} |`,
    );
  expect(told).toContain(`| total | ${expected.total} |`);
  expect(planCommand(command(journal(), { references: references() }), CONTEXT).expected.total).toBe("300");
});
