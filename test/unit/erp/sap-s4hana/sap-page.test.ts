import { expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { MAPPING_TABLES, type MappedReferences } from "../../../../src/model/posting.ts";
import { faultOfLog } from "../../../../src/sinks/erp/sap-s4hana/classify-fault.ts";
import { sapConnectionSchema, sapOptions } from "../../../../src/sinks/erp/sap-s4hana/configuration.ts";
import { sapS4hanaDescription } from "../../../../src/sinks/erp/sap-s4hana/description.ts";
import { externalIdOf } from "../../../../src/sinks/erp/sap-s4hana/external-id.ts";
import { isBillingPlan, isJournalEntryPlan } from "../../../../src/sinks/erp/sap-s4hana/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/sap-s4hana/plan-command.ts";
import { readProjectFile } from "../../../support/project-files.ts";
import { command, CONTEXT, customer, invoice, journal, line, PREFIX } from "./sap-fixture.ts";

/** The guide's examples do what it says. */

const page = readProjectFile("docs/erp/sap-s4hana.md");
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

function references(name = "mapping"): MappedReferences {
  const tables: Partial<Record<string, Record<string, Record<string, string>>>> = {};
  for (const { table, key, values } of ROWS.parse(files.get(name))) (tables[table] ??= {})[key] = values;
  return tables;
}

it.each(["connection", "oauth", "certificate", "billing"])("the connection is one: %s", (name) => {
  const { main } = z.strictObject({ main: sapConnectionSchema }).parse(files.get(name));
  expect(main.settle_delay).toBe(600_000);
});

it("names every setting of a connection, and every table of a mapping with its fields", () => {
  for (const setting of Object.keys(sapConnectionSchema.shape).filter((key) => key !== "adapter"))
    expect(page).toMatch(new RegExp(`^\\| \`${setting}\` \\|`, "m"));
  const { shape } = sapConnectionSchema.shape.billing.unwrap();
  for (const setting of Object.keys(shape))
    expect(page).toMatch(new RegExp(`^\\| [^|]*\`${setting}\`[^|]* \\| `, "m"));
  const fields = new Map<string, Set<string>>();
  const all = [...Object.values(sapS4hanaDescription.required), sapS4hanaDescription.optional];
  for (const tables of all)
    for (const [table, of] of Object.entries(tables))
      for (const field of of) fields.set(table, (fields.get(table) ?? new Set()).add(field));
  expect(fields.size).toBe(MAPPING_TABLES.length);
  for (const [table, of] of fields) {
    const [row = ""] = new RegExp(`^\\| \`${table}\` \\|.*$`, "m").exec(page) ?? [];
    for (const field of of) expect(row).toContain(`\`${field}\``);
  }
});

it("plans the example as it says", () => {
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const plan = planCommand(command(document, { references: references() }), CONTEXT);
  if (!isJournalEntryPlan(plan)) throw new Error("it is no document");
  const { documentType, companyCode, documentDate, headerText, debtor, items, taxes } = plan.request;
  const [item] = items;
  const [tax] = taxes;
  const told = /<!-- example: invoice -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain(
    `type ${documentType}, company code ${companyCode}, document and posting date ${documentDate}, header text ${headerText}`,
  );
  expect(told).toContain(
    `the customer, ${debtor?.amount}, S, due ${debtor?.netPaymentDays} days after ${debtor?.dueBaseDate}`,
  );
  expect(told).toContain(
    `account ${item?.account}, ${item?.amount}, H, tax code ${item?.taxCode}, cost centre ${item?.assignment.CostCenter}, profit centre ${item?.assignment.ProfitCenter}`,
  );
  expect(told).toContain(`tax code ${tax?.code}, ${tax?.amount}, H, of ${tax?.baseAmount}`);
  expect(planCommand(command(journal(), { references: references() }), CONTEXT).expected.total).toBe("300");
  expect(planCommand(command(customer(), { references: references() }), CONTEXT).request).toMatchObject({
    company: { PaymentTerms: "NT30" },
  });
  expect(page).toContain(`\`${externalIdOf(PREFIX, "invoice:north:N-1")}\``);
});

it("plans the example of a request as it says", () => {
  const { main } = z.strictObject({ main: sapConnectionSchema }).parse(files.get("billing"));
  const settings = sapOptions(main, (_, value, file) => value ?? file)?.documents;
  if (settings === undefined) throw new Error("the settings are wrong");
  const taxed = { ...line().taxes[0]!, key: "US/CA:Sales tax:6" };
  const document = invoice({ lines: [line({ taxes: [taxed], dimensions: { region: "west" } })] });
  const plan = planCommand(command(document, { references: references("billing_mapping") }), {
    prefix: PREFIX,
    settings,
  });
  if (!isBillingPlan(plan)) throw new Error("it is no request");
  const { reference, logicalSystem, customerReference, salesArea, billingDate, items, ...request } =
    plan.request;
  const { SalesOrganization, DistributionChannel, Division } = salesArea;
  const [item] = items;
  const told = /<!-- example: request -->\n\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? "";
  expect(told).toContain(
    `reference ${reference} of ${logicalSystem}; customer's reference ${customerReference} |`,
  );
  expect(told).toContain(
    `sales area ${SalesOrganization}/${DistributionChannel}/${Division}, billing date ${billingDate}, terms ${request.paymentTerms}`,
  );
  expect(told).toContain(
    `${item?.number}, material ${item?.material}, 1 ${item?.unit}, price ${item?.price} ${request.currency} by ${request.priceCondition}, cost centre ${item?.costCenter}, profit centre ${item?.profitCenter}`,
  );
  expect(page).toContain(`\`${plan.externalId} N-000042\``);
});

it("says of messages what becomes of their documents", () => {
  const outcomes = new Map<string, string>([
    ["period-closed", "held"],
    ["mapping", "parked"],
    ["validation", "rejected"],
  ]);
  const rows = [...page.matchAll(/^\| (`\d{3}.*?) \| (.*?) \| (.*?) \|$/gm)];
  expect(rows).toHaveLength(5);
  let last = "";
  for (const [, said = "", , happens = ""] of rows) {
    // "the same" as the row above.
    last = happens === "the same" ? last : happens;
    if (said.includes("609")) continue;
    const [, of = ""] = /\((\w+)\)/.exec(said) ?? [];
    for (const [, number = "", own] of said.matchAll(/`(\d{3})(?:\((\w+)\))?`/g)) {
      const { kind } = faultOfLog([{ typeId: `${number}(${own ?? of})`, severity: 3, note: "" }]);
      expect(last).toContain(outcomes.get(kind) ?? kind);
    }
  }
});
