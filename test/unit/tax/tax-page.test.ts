import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import { TAX_HOLDS } from "../../../src/billing/tax/tax-table.ts";
import { AvataxClient } from "../../../src/sinks/tax/avatax/client.ts";
import { AvataxSimulator } from "../../simulators/avatax/simulator.ts";
import { readProjectFile } from "../../support/project-files.ts";
import { catalogFromTexts, ServedBilling } from "./service-fixture.ts";

const page = readProjectFile("docs/tax.md");
/** Catalog files that the page shows, by their path behind the way that they belong to. */
const files = [...page.matchAll(/<!-- file: (\w+)\/(\S+) -->\n\n```yaml\n([\s\S]*?)```/g)].map(
  ([, way = "", path = "", text = ""]) => ({ way, path, text }),
);

const OTHERS: Readonly<Record<string, string>> = {
  "settings.yaml": "{ regions: [eu], grace: 48h }",
  "meters/requests.yaml": "{ key: requests, event_type: usage, aggregation: sum, value_property: amount }",
  "products/api.yaml": "{ key: api, name: API access }",
};

function filesOf(way: string, more: Readonly<Record<string, string>>): Map<string, string> {
  const shown = files.filter((file) => file.way === way || file.way === "both");
  return new Map([
    ...Object.entries({ ...OTHERS, ...more }),
    ...shown.map(({ path, text }): [string, string] => [path, text]),
  ]);
}

/** Rows of the example's table, cell by cell, and the two sentences behind it. */
function exampleOf(way: string): { rows: string[][]; sums: string } {
  const [, table = "", sums = ""] =
    new RegExp(`<!-- example: ${way} -->\\n\\n([\\s\\S]*?)\\n\\n(.*)`).exec(page) ?? [];
  const rows = table
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return { rows, sums };
}

let simulator: AvataxSimulator;
let avatax: AvataxClient;
beforeAll(async () => {
  simulator = await AvataxSimulator.start({ accountId: "1100012345", licenseKey: "key" });
  avatax = new AvataxClient({
    url: simulator.url,
    accountId: "1100012345",
    licenseKey: "key",
    version: "1",
    workerName: "w",
    deadlineMs: 5_000,
    maxInFlight: 1,
    clock: systemClock,
    random: () => 0,
    onAttempt: () => undefined,
  });
});
afterAll(async () => {
  await avatax.close();
  await simulator.close();
});

async function marchInvoice(catalogFiles: ReadonlyMap<string, string>) {
  const billing = new ServedBilling(catalogFromTexts(catalogFiles));
  const answerAll = async (): Promise<void> => {
    for (const [id, request] of billing.questions()) {
      const answer = await avatax.tax(request);
      await billing.answer(id, () => answer);
    }
  };
  await billing.use(8_000, "2026-02-10", "2026-02-10", "acme");
  await billing.until("2026-03-05");
  await answerAll();
  await billing.use(1_000, "2026-02-20", "2026-03-15", "acme");
  await billing.use(5_000, "2026-03-15", "2026-03-15", "acme");
  await billing.until("2026-04-05");
  await answerAll();
  const { invoices } = await billing.result();
  const invoice = invoices.find(({ id }) => id === "A-1:2");
  if (invoice?.status !== "final") throw new Error(JSON.stringify(invoices));
  return invoice;
}

type Invoice = Awaited<ReturnType<typeof marchInvoice>>;

function rowsOf({ id, lines, subtotal, discounts, tax }: Invoice, taxDates: readonly string[]): string[][] {
  if (lines.length !== taxDates.length) throw new Error(`${id} has ${lines.length} lines`);
  return [
    ...lines.map((line, index) => [
      line.description,
      line.amount,
      line.discount,
      taxDates[index] ?? "",
      line.taxes.map(({ percent, amount }) => `${percent} % ${amount}`).join(" + "),
      line.tax,
    ]),
    ["sum", subtotal, discounts, "", "", tax],
  ];
}

function sumsOf({ subtotal, discounts, tax, credits, total }: Invoice): string {
  const before = (Number(total) + Number(credits)).toFixed(2);
  return `${subtotal} − ${discounts} + ${tax} = ${before}, of which credits pay ${credits}: ${total} are to be paid.`;
}

describe("docs/tax.md", () => {
  it("has the figures that the service's example comes to", async () => {
    const invoice = await marchInvoice(filesOf("service", {}));
    const stored = simulator.transactions.get("NORTH|A-1:2|SalesInvoice");
    const taxDates = stored?.lines.map(({ taxDate }) => taxDate) ?? [];
    expect(exampleOf("service")).toEqual({ rows: rowsOf(invoice, taxDates), sums: sumsOf(invoice) });
    expect(invoice.number).toBe("N-000002");
    expect(simulator.malformedRequests).toEqual([]);
  });

  it("has the figures that the rates' example comes to", async () => {
    const german = "{ id: acme, name: Acme, country: DE }";
    const invoice = await marchInvoice(filesOf("table", { "customers/acme.yaml": german }));
    expect(exampleOf("table")).toEqual({
      rows: rowsOf(invoice, ["2026-03-31", "2026-02-28"]),
      sums: sumsOf(invoice),
    });
  });

  it("names every reason for which a document is held", () => {
    const listed = [...page.matchAll(/^\| `([a-z-]+)` \| .* \| .* \|$/gm)].map(([, reason]) => reason);
    expect(listed).toEqual(expect.arrayContaining([...TAX_HOLDS]));
  });
});
