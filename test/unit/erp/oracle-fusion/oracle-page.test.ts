import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MAPPING_TABLES, type MappedReferences } from "../../../../src/model/posting.ts";
import { oracleFusionConnectionSchema } from "../../../../src/sinks/erp/oracle-fusion/configuration.ts";
import { oracleFusionDescription } from "../../../../src/sinks/erp/oracle-fusion/description.ts";
import type { InterfaceRow } from "../../../../src/sinks/erp/oracle-fusion/interface-file.ts";
import { LINE_COLUMN } from "../../../../src/sinks/erp/oracle-fusion/ra-interface.ts";
import { planCommand } from "../../../../src/sinks/erp/oracle-fusion/plan-command.ts";
import { readExactJson, writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { readProjectFile } from "../../../support/project-files.ts";
import { bodyOf, command, CONTEXT, customer, invoice, journal, line, rowsOf } from "./oracle-fixture.ts";

/** The guide's examples do what it says. */

const page = readProjectFile("docs/erp/oracle-fusion.md");
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

it.each(["connection", "jwt", "basic"])("the connection is one: %s", (name) => {
  const { main } = z.strictObject({ main: oracleFusionConnectionSchema }).parse(files.get(name));
  expect(main.settle_delay).toBe(60_000);
});

it("names every setting of a connection, with its default, and every table and field of a mapping", () => {
  const { authentication } = z
    .strictObject({ main: oracleFusionConnectionSchema })
    .parse(files.get("basic")).main;
  const defaults = new Map(
    Object.entries(
      oracleFusionConnectionSchema.parse({
        adapter: "oracle-fusion",
        url: "https://a.example",
        authentication,
      }),
    ),
  );
  const settings = Object.keys(oracleFusionConnectionSchema.shape).filter((key) => key !== "adapter");
  const cells = page
    .split("\n")
    .map((row) => row.split("|").map((cell) => cell.trim()))
    .map(([, name = "", value]) => [name, value] as const);
  const told = settings.map((setting) => [setting, cells.find(([name]) => name === `\`${setting}\``)?.[1]]);
  const expected = settings.map((setting) => {
    const value = defaults.get(setting);
    const [, shown] = told.find(([name]) => name === setting) ?? [];
    // Durations and choices without a default are said in words.
    return [
      setting,
      typeof value === "string" && setting !== "url" ? `\`${value}\`` : (shown ?? "is missing"),
    ];
  });
  expect(told).toEqual(expected);
  const { required, optional } = oracleFusionDescription;
  for (const tables of [...Object.values(required), optional])
    for (const [table, fields] of Object.entries(tables)) {
      const row = new RegExp(`^\\| \`${table}\` \\|.*$`, "m").exec(page)?.[0] ?? "";
      for (const field of fields) expect([table, row.includes(`\`${field}\``)]).toEqual([table, true]);
    }
});

it("plans the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const { request } = planCommand(command(document, { references: references() }), CONTEXT);
  if (request.kind !== "transaction") throw new Error("it is no transaction");
  expect(readExactJson(writeExactJson(bodyOf(request)))).toMatchObject({
    BusinessUnit: "North Operations",
    PaymentTerms: "30 Net",
    receivablesInvoiceLines: [
      {
        MemoLine: "Usage",
        Quantity: "1",
        UnitSellingPrice: "120.50",
        receivablesInvoiceLineTaxLines: [
          { TaxRegimeCode: "US SALES TAX", TaxRateCode: "CA-STATE", TaxAmount: "7.23" },
        ],
      },
    ],
    receivablesInvoiceDistributions: [{ AccountCombination: "01-000-4110-7100", Amount: "120.50" }],
  });
  const told = /<!-- example: invoice -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain("memo line Usage, quantity 1, price 120.50");
  expect(told).toContain("distribution of 120.50 to 01-000-4110-7100");
  expect(told).toContain("tax line US SALES TAX, CA-STATE, 7.23");
  expect(planCommand(command(journal(), { references: references() }), CONTEXT).expected.total).toBe("300");
  expect(planCommand(command(customer(), { references: references() }), CONTEXT).request.kind).toBe(
    "customer",
  );
});

it("imports the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const mapped = references();
  const north = { ...mapped.legal_entity?.["north"], ledger_currency: "USD" };
  const posted = command(document, { references: { ...mapped, legal_entity: { north } } });
  const settings = { ...CONTEXT.settings, importsInvoices: true };
  const { lines, distributions } = rowsOf(planCommand(posted, { ...CONTEXT, settings }).request);
  const values = (row: InterfaceRow | undefined, ...columns: readonly number[]): string =>
    columns.map((column) => row?.get(column)).join(", ");
  const { LINE_TYPE, MEMO_LINE_NAME, QUANTITY, UNIT_SELLING_PRICE, AMOUNT } = LINE_COLUMN;
  expect(values(lines[0], LINE_TYPE, MEMO_LINE_NAME, QUANTITY, UNIT_SELLING_PRICE, AMOUNT)).toBe(
    "LINE, Usage, 1, 120.50, 120.50",
  );
  const { TAX_REGIME_CODE, TAX_RATE_CODE } = LINE_COLUMN;
  expect(values(lines[1], LINE_TYPE, AMOUNT, TAX_REGIME_CODE, TAX_RATE_CODE)).toBe(
    "TAX, 7.23, US SALES TAX, CA-STATE",
  );
  expect([...(distributions[0]?.values() ?? [])].join(" ")).toContain("01 000 4110 7100");
  const told = /<!-- example: import -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain("a row `LINE`, memo line Usage, quantity 1, price and amount 120.50");
  expect(told).toContain("a row `TAX` of 7.23, US SALES TAX, CA-STATE, linked to it");
  expect(told).toContain("a revenue account `REV` of 120.50, 01-000-4110-7100");
});
