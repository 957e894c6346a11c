import { afterEach, beforeEach, expect, it } from "vitest";
import { sampleEnvironment } from "../../../simulators/finance-operations/environment.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  SETTINGS,
} from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/** Documents get into the environment as they were planned, are posted by its jobs, and read back equal. */

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

const CREDITS = line({
  line: 2,
  kind: "credits",
  item: "credits",
  quantity: null,
  net: "-20.50",
  tax: "0",
  taxes: [],
});

it("posts a customer, an invoice with taxes and credits, and a memo", async () => {
  const { plan: made, id } = await books.post(command(customer()));
  expect(id).toBe(made.externalId);
  await books.expectAsPlanned(made);
  expect(books.simulator.ledger().customers[0]).toMatchObject({
    OrganizationName: "Acme Corporation",
    AddressCountryRegionId: "USA",
    AddressState: "CA",
    PaymentTerms: "Net30",
  });

  const document = invoice({
    lines: [line({ dimensions: { region: "west" } }), CREDITS],
    net: "100.00",
    total: "107.23",
  });
  const { plan } = await books.post(command(document));
  await books.expectAsPlanned(plan);
  const posted = books.simulator.find("invoice", plan.externalId);
  expect(posted).toMatchObject({
    isPosted: true,
    total: "107.23",
    tax: "0",
    requisition: "N-1",
    company: "usmf",
  });
  expect(posted?.lines).toEqual([
    { account: "401100-022-WEST", amount: "120.50" },
    { account: "250600--", amount: "-20.50" },
    { account: "203100--", amount: "7.23" },
  ]);

  const { plan: memoPlan } = await books.post(memo());
  await books.expectAsPlanned(memoPlan);
  expect(books.simulator.find("invoice", memoPlan.externalId)).toMatchObject({ total: "-127.73" });
});

it("keeps ids that a float does not hold", async () => {
  await books.post(command(customer()));
  const { plan, id } = await books.post(command(invoice()));
  const { fields } = books.simulator.find("invoice", plan.externalId)!;
  expect(id).toBe(fields["InvoiceIdentifier"]);
  expect(BigInt(id)).toBeGreaterThan(2n ** 53n);
  const [found] = await books.sink.lookUp(plan, context());
  expect(found?.erp).toEqual({ id, number: "FTI-00000001" });
});

it("lets the environment work taxes out where they come to the same", async () => {
  books.open({ documents: { ...SETTINGS, taxes: "sales-tax" } });
  await books.post(command(customer()));
  const { plan } = await books.post(command(invoice()));
  await books.expectAsPlanned(plan);
  expect(books.simulator.find("invoice", plan.externalId)).toMatchObject({ total: "127.73", tax: "7.23" });
  const { plan: memoPlan } = await books.post(memo());
  await books.expectAsPlanned(memoPlan);
});

it("posts journals of any company, reversed by the environment", async () => {
  const { plan, id } = await books.post(command(journal()));
  await books.expectAsPlanned(plan);
  const made = books.simulator.find("journal", plan.externalId);
  expect(made).toMatchObject({
    batchNumber: id,
    company: "usmf",
    debits: "300",
    credits: "300",
    isPosted: true,
  });
  expect(made?.lines[0]).toMatchObject({ ReverseEntry: "Yes", ReverseDate: "2026-07-01T12:00:00Z" });
  const { plan: south } = await books.post(
    command(journal({ legalEntity: "south", currency: "EUR", reversalDate: null })),
  );
  await books.expectAsPlanned(south);
  expect(books.simulator.find("journal", south.externalId)?.lines[0]).toMatchObject({ ReverseEntry: "No" });
});

it("brings a customer up to date, sends nothing where nothing has changed, and leaves what is the ERP's own", async () => {
  await books.post(command(customer()));
  await books.post(command(customer()));
  expect(books.writes("CustomersV3")).toBe(1);
  await books.post(command(customer({ name: "Acme Ltd", email: "new@acme.test" })));
  expect(books.writes("CustomersV3")).toBe(2);
  expect(books.simulator.ledger().customers).toMatchObject([
    { OrganizationName: "Acme Ltd", PrimaryContactEmail: "new@acme.test" },
  ]);
  books.open({ documents: { ...SETTINGS, ownedParts: ["name"] } });
  await books.post(command(customer({ name: "Other", email: "other@acme.test" })));
  expect(books.simulator.ledger().customers).toMatchObject([
    { OrganizationName: "Acme Ltd", PrimaryContactEmail: "other@acme.test" },
  ]);
});

it("uses a customer that the mapping names and never changes it", async () => {
  const { plan } = await books.post(command(customer()));
  const references = { ...command(customer()).references, customer: { acme: { id: plan.externalId } } };
  const { plan: existing } = await books.post(command(customer({ name: "Other" }), { references }));
  await books.expectAsPlanned(existing);
  expect(books.writes("CustomersV3")).toBe(1);
  const missing = books.sink.plan(
    command(customer(), { references: { ...references, customer: { acme: { id: "nobody" } } } }),
  );
  expect(await faultOf(books.sink.submit(missing, context()))).toMatchObject({ kind: "mapping" });
  expect(await books.sink.lookUp(missing, context())).toEqual([]);
});

it("reads many documents back by a few questions", async () => {
  await books.post(command(customer()));
  const plans = [];
  for (const number of ["N-1", "N-2", "N-3"])
    plans.push((await books.post(command(invoice({ number })))).plan);
  plans.push((await books.post(command(journal()))).plan);
  books.simulator.control({ do: "set-page-rows", rows: 2 });
  books.open();
  const found = await books.sink.readBack(plans, context());
  expect(found.map(({ externalId }) => externalId).sort()).toEqual(
    plans.map(({ externalId }) => externalId).sort(),
  );
});

it("knows its documents where the environment writes their texts in another way", async () => {
  await books.restart({ environment: sampleEnvironment({ normalisesTexts: true }) });
  const { plan: made } = await books.post(command(customer()));
  await books.expectAsPlanned(made);
  const { plan } = await books.post(command(invoice()));
  await books.expectAsPlanned(plan);
  await books.expectAsPlanned((await books.post(command(journal()))).plan);
  expect(books.simulator.ledger().invoices[0]?.externalId).toBe(plan.externalId.toUpperCase());
  await books.post(command(customer({ name: "Acme Ltd" })));
  expect(books.simulator.ledger().customers).toHaveLength(1);
  for await (const page of books.sink.scan("2026-07-01", context()))
    for (const { externalId } of page) expect(externalId).toBe(externalId.toLowerCase());
});
