import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { FinanceOperationsSimulator } from "../../../simulators/finance-operations/simulator.ts";
import { sendControl } from "../../../simulators/finance-operations/control-commands.ts";
import { CLIENT } from "./environment-fixture.ts";

/** The simulated environment refuses what the real one refuses: asked by hand, without the adapter. */

let folder: string;
let simulator: FinanceOperationsSimulator;
let token: string;

async function restart(): Promise<void> {
  simulator = await FinanceOperationsSimulator.start({ client: CLIENT, stateFile: join(folder, "state") });
  const { tenant, clientId, clientSecret, scope } = CLIENT;
  const reply = await fetch(`${simulator.url}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_secret: clientSecret,
      scope,
    }),
  });
  token = z.looseObject({ access_token: z.string() }).parse(await reply.json()).access_token;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "finance-"));
  await restart();
});
afterEach(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

async function ask(
  method: string,
  path: string,
  body?: string,
  type = "application/json",
): Promise<{ readonly status: number; readonly text: string }> {
  const reply = await fetch(`${simulator.url}/data/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    ...(body === undefined ? {} : { body }),
  });
  return { status: reply.status, text: await reply.text() };
}

const CUSTOMER = {
  dataAreaId: "usmf",
  CustomerAccount: "C1",
  OrganizationName: "Acme",
  CustomerGroupId: "80",
  SalesCurrencyCode: "USD",
};
const json = (changes: object): string => JSON.stringify({ ...CUSTOMER, ...changes });

describe("what a customer can't be", () => {
  it.each([
    [{ CustomerGroup: "80" }, "The property 'CustomerGroup' does not exist on type"],
    [{ CustomerGroupId: "99" }, "The value '99' in field 'Customer group' is not found in the related table"],
    [{ CustomerGroupId: "" }, "Field 'Customer group' must be filled in"],
    [{ SalesCurrencyCode: "XXX" }, "is not found in the related table 'Currencies'"],
    [{ OrganizationName: 1 }, "Cannot convert"],
    [{ OrganizationName: "x".repeat(101) }, "has 101 characters"],
    [{ AddressCountryRegionId: "US" }, "in field 'Country/region' is not found"],
    [{ AddressCountryRegionId: "USA", AddressState: "ZZ" }, "in field 'State' is not found"],
    [{ PartyType: "Robot" }, "enum type"],
    [{ dataAreaId: "zzzz" }, "in field 'Company' is not found"],
  ])("%o", async (changes, said) => {
    const { status, text } = await ask("POST", "CustomersV3?cross-company=true", json(changes));
    expect(status).toBe(400);
    expect(text).toContain(said);
    expect(simulator.ledger().customers).toEqual([]);
  });
});

it("knows who asks, entities, options and companies", async () => {
  expect((await ask("POST", "CustomersV3", json({}))).status).toBe(201);
  expect(await ask("POST", "CustomersV3", json({}))).toMatchObject({ status: 400 });
  expect((await ask("POST", "CustomersV3", json({ dataAreaId: "demf" }))).status).toBe(400);
  expect((await ask("POST", "CustomersV3?cross-company=true", json({ dataAreaId: "demf" }))).status).toBe(
    201,
  );
  const count = async (path: string): Promise<number> =>
    z.looseObject({ value: z.array(z.unknown()) }).parse(JSON.parse((await ask("GET", path)).text)).value
      .length;
  expect(await count("CustomersV3")).toBe(1);
  expect(await count("CustomersV3?cross-company=true")).toBe(2);
  expect(
    await count("CustomersV3?cross-company=true&$filter=CustomerAccount eq 'c*' and dataAreaId ne 'usmf'"),
  ).toBe(1);
  expect(
    await count(
      "CustomersV3?cross-company=true&$filter=(dataAreaId eq 'usmf' or dataAreaId eq 'demf')&$top=1",
    ),
  ).toBe(1);
  for (const [path, status] of [
    ["Customers", 404],
    ["CustomersV3?$filter=Name eq 'x'", 400],
    ["CustomersV3?$filter=CustomerAccount like 'x'", 400],
    ["CustomersV3?$filter=CustomerAccount eq 'x' and", 400],
    ["CustomersV3?$select=Name", 400],
    ["CustomersV3?$skip=1", 400],
    ["CustomersV3(dataAreaId='usmf',CustomerAccount='C1')", 200],
    ["CustomersV3(dataAreaId='usmf')", 400],
    ["CustomersV3(dataAreaId='usmf',CustomerAccount='C2')", 404],
  ] as const)
    expect([path, (await ask("GET", path)).status]).toEqual([path, status]);
  expect((await ask("POST", "SalesInvoiceHeadersV2", "{}")).status).toBe(405);
  token = "wrong";
  expect((await ask("GET", "CustomersV3")).status).toBe(401);
});

function batch(...bodies: readonly (readonly [entity: string, body: object])[]): string {
  const parts = bodies.map(([entity, body], index) =>
    [
      "--c",
      "Content-Type: application/http",
      "Content-Transfer-Encoding: binary",
      `Content-ID: ${index + 1}`,
      "",
      `POST /data/${entity}?cross-company=true HTTP/1.1`,
      "Content-Type: application/json",
      "",
      JSON.stringify(body),
    ].join("\r\n"),
  );
  return ["--b", "Content-Type: multipart/mixed; boundary=c", "", ...parts, "--c--", "--b--", ""].join(
    "\r\n",
  );
}

const HEADER = {
  dataAreaId: "usmf",
  ExternalInvoiceId: "X1",
  CustomerAccount: "C1",
  CurrencyCode: "USD",
  InvoiceDate: "2026-06-30T12:00:00Z",
  CustomerReference: "X1",
};
const LINE = {
  dataAreaId: "usmf",
  ExternalInvoiceId: "X1",
  LineNumber: 1,
  MainAccountDisplayValue: "401100--",
  Quantity: 1,
  UnitPrice: 1.5,
  TransactionCurrencyAmount: 1.5,
};
const MIXED = "multipart/mixed; boundary=b";

it("does a changeset whole or not at all, and outlasts its process", async () => {
  await ask("POST", "CustomersV3", json({}));
  const bad = { ...LINE, LineNumber: 2, MainAccountDisplayValue: "999999--" };
  const refused = await ask(
    "POST",
    "$batch",
    batch(
      ["CDSFreeTextInvoiceHeaders", HEADER],
      ["CDSFreeTextInvoiceLines", LINE],
      ["CDSFreeTextInvoiceLines", bad],
    ),
    MIXED,
  );
  expect(refused.status).toBe(200);
  expect(refused.text).toMatch(/Content-ID: 3[\s\S]*HTTP\/1\.1 500[\s\S]*is not found in the related table/);
  expect(simulator.ledger().invoices).toEqual([]);
  await simulator.close();
  await restart();
  const done = await ask(
    "POST",
    "$batch",
    batch(["CDSFreeTextInvoiceHeaders", HEADER], ["CDSFreeTextInvoiceLines", LINE]),
    MIXED,
  );
  expect(done.text.match(/HTTP\/1\.1 201/g)).toHaveLength(2);
  await simulator.close();
  await restart();
  expect(simulator.find("invoice", "X1")).toMatchObject({ total: "1.5", isPosted: true });
  for (const wrong of [
    "",
    "--b\n",
    batch(),
    batch(["CDSFreeTextInvoiceHeaders", HEADER]).replaceAll("\r", ""),
  ])
    expect((await ask("POST", "$batch", wrong, MIXED)).status).toBe(400);
  const posted = await ask("POST", "CDSFreeTextInvoiceLines", JSON.stringify({ ...LINE, LineNumber: 9 }));
  expect(posted.text).toContain("is posted and can't be changed");
});

it("takes taxes from the customer where a line says none, and works them out for each code", async () => {
  await ask("POST", "CustomersV3", json({ SalesTaxGroup: "CALA" }));
  const line = { ...LINE, SalesTaxItemGroupId: "ALL", TransactionCurrencyAmount: 10.25 };
  await ask(
    "POST",
    "$batch",
    batch(["CDSFreeTextInvoiceHeaders", HEADER], ["CDSFreeTextInvoiceLines", line]),
    MIXED,
  );
  // 0.615 and 0.230625, rounded one by one.
  expect(simulator.find("invoice", "X1")).toMatchObject({ tax: "0.85", total: "11.1" });
});

describe("what a journal can't be", () => {
  const journalLine = {
    dataAreaId: "usmf",
    JournalBatchNumber: "000001",
    LineNumber: 1,
    AccountType: "Ledger",
    AccountDisplayValue: "401100--",
    DebitAmount: 1,
    CreditAmount: 0,
    CurrencyCode: "USD",
    TransDate: "2026-06-30T12:00:00Z",
  };
  it.each([
    [{ JournalBatchNumber: "000009" }, "is not found in the related table 'Ledger journal table'"],
    [{ AccountDisplayValue: "401100" }, "the format has 3 segments"],
    [{ AccountDisplayValue: "401100-999-" }, "in field 'Department' is not found"],
    [{ CreditAmount: 1 }, "a debit or a credit"],
    [{ DebitAmount: 1.005 }, "is not rounded to the currency"],
    [{ ReverseEntry: "Yes", ReverseDate: "2026-06-30T12:00:00Z" }, "must be later"],
    [{ TransDate: "30.6.2026" }, "Cannot convert"],
  ])("%o", async (changes, said) => {
    await ask("POST", "LedgerJournalHeaders", JSON.stringify({ dataAreaId: "usmf", JournalName: "GenJrn" }));
    const { status, text } = await ask(
      "POST",
      "LedgerJournalLines",
      JSON.stringify({ ...journalLine, ...changes }),
    );
    expect(status).toBe(400);
    expect(text).toContain(said);
  });

  it("unbalanced: its job leaves it unposted and says why", async () => {
    await ask("POST", "LedgerJournalHeaders", JSON.stringify({ dataAreaId: "usmf", JournalName: "GenJrn" }));
    expect((await ask("POST", "LedgerJournalLines", JSON.stringify(journalLine))).status).toBe(201);
    const { journals, postingLog } = simulator.ledger();
    expect(journals).toMatchObject([{ isPosted: false }]);
    expect(postingLog).toEqual(["journal 000001: the transactions of the voucher do not balance"]);
  });
});

it("takes commands with its token only", async () => {
  await expect(sendControl(simulator.url, "wrong", { do: "stop-posting" })).rejects.toThrow("control token");
  await sendControl(simulator.url, simulator.controlToken, { do: "close-period", month: "2026-06" });
  await ask("POST", "CustomersV3", json({}));
  const { text } = await ask("POST", "CDSFreeTextInvoiceHeaders", JSON.stringify(HEADER));
  expect(text).toContain("is not open");
});
