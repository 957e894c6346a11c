import { afterEach, beforeEach, expect, it } from "vitest";
import { context, expectEqual } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  REFERENCES,
} from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/** Payments, what somebody has changed, strays, and what stands in the way of a connection. */

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
  await books.post(command(customer()));
});
afterEach(async () => {
  await books.close();
});

it("tells what has been paid of an invoice", async () => {
  const { plan } = await books.post(command(invoice()));
  const payment = async () => (await books.sink.readBack([plan], context()))[0]?.payment;
  expect(await payment()).toEqual({ status: "open", openAmount: "127.73" });
  books.simulator.control({ do: "pay", invoice: plan.externalId, amount: "27.73" });
  expect(await payment()).toEqual({ status: "partly-paid", openAmount: "100" });
  books.simulator.control({ do: "pay", invoice: plan.externalId });
  expect(await payment()).toEqual({ status: "paid", openAmount: "0" });
  expectEqual(plan, await books.sink.readBack([plan], context()));
});

it("tells an invoice of nothing as paid", async () => {
  const nothing = { net: "0", tax: "0", taxes: [] };
  const [only] = invoice().lines;
  const document = invoice({ lines: [{ ...only!, ...nothing }], net: "0", tax: "0", total: "0" });
  const { plan } = await books.post(command(document));
  const [found] = await books.sink.readBack([plan], context());
  expect(found?.payment).toEqual({ status: "paid", openAmount: "0" });
});

it("shows what somebody has changed", async () => {
  const { plan } = await books.post(command(invoice()));
  books.simulator.control({ do: "edit-amount", document: plan.externalId, line: 1, amount: "100" });
  const [found] = await books.sink.lookUp(plan, context());
  expect(found?.document.total).toBe("107.23");
});

it("finds all documents with the prefix, page by page, in all companies", async () => {
  const made = [books.sink.plan(command(customer()))];
  for (const number of ["N-1", "N-2", "N-3"])
    made.push((await books.post(command(invoice({ number })))).plan);
  made.push((await books.post(command(journal({ legalEntity: "south", currency: "EUR" })))).plan);
  books.simulator.control({ do: "set-page-rows", rows: 2 });
  const scanned: string[] = [];
  for await (const page of books.sink.scan("2026-07-01", context())) {
    expect(page.length).toBeGreaterThan(0);
    scanned.push(...page.map(({ externalId }) => externalId));
  }
  expect(scanned.sort()).toEqual(made.map(({ externalId }) => externalId).sort());
  const later: string[] = [];
  for await (const page of books.sink.scan("2029-07-01", context()))
    later.push(...page.map(({ externalId }) => externalId));
  // Customers and journals have no day.
  expect(later).toHaveLength(2);
});

it("finds nothing wrong with a right connection", async () => {
  const kinds = ["customer", "invoice", "credit-memo", "journal"] as const;
  expect(await books.sink.check(kinds, context(), REFERENCES)).toEqual([]);
});

it("finds values of the mapping that are not there or can't be used", async () => {
  books.simulator.control({ do: "suspend-account", account: "401100" });
  const references = {
    ...REFERENCES,
    legal_entity: { north: { id: "usmf", customer_group: "99", journal_name: "Cleared" } },
    currency: { XXX: { id: "XXX" } },
    dimension: { "region=east": { name: "Region", value: "EAST" } },
    terms: { "45": { id: "Net45" } },
    tax: { "ca-state": { main_account: "203100", sales_tax_group: "NY", item_sales_tax_group: "FULL" } },
    customer: { acme: { id: "nobody" } },
  };
  const findings = await books.sink.check(["customer"], context(), references);
  expect(findings.every(({ problem }) => problem === "mapping")).toBe(true);
  const said = findings.map(({ message }) => message).join("\n");
  for (const part of [
    /customer group 99, which does not exist/,
    /journal name Cleared, which deletes the lines of posted journals/,
    /currency XXX, which does not exist/,
    /value of the dimension Region EAST, which does not exist/,
    /terms of payment Net45, which does not exist/,
    /sales tax group NY, which does not exist/,
    /item sales tax group FULL, which does not exist/,
    /customer nobody, which does not exist/,
    /main account 401100, which is suspended/,
  ])
    expect(said).toMatch(part);
});

it("finds credentials that are refused, and entities that may not be read", async () => {
  books.simulator.control({ do: "revoke-entity", entity: "LedgerJournalLines" });
  const [finding, ...others] = await books.sink.check(["journal"], context());
  expect(finding).toMatchObject({ problem: "permission" });
  expect(finding?.message).toContain("LedgerJournalLines");
  expect(others).toEqual([]);
  books.simulator.control({ do: "accept-secret", isGood: false });
  books.open();
  expect(await books.sink.check(["journal", "customer"], context())).toMatchObject([
    { problem: "credentials" },
  ]);
  books.open({ url: "http://127.0.0.1:1" });
  books.simulator.control({ do: "accept-secret", isGood: true });
  expect(await books.sink.check(["journal"], context())).toMatchObject([{ problem: "unreachable" }]);
});
