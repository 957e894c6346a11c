import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MappedReferences, PostingKind } from "../../../../src/model/posting.ts";
import { NET_30, NORTH, SOUTH } from "../../../simulators/business-central/environment.ts";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
  REFERENCES,
  SETTINGS,
  untaxed,
} from "../../../unit/erp/business-central/business-central-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("the search for strays", () => {
  async function scanned(sinceDate = "2020-01-01"): Promise<string[]> {
    const ids: string[] = [];
    for await (const page of books.sink.scan(sinceDate, context()))
      ids.push(...page.map(({ externalId, erp }) => `${externalId} ${erp.id}`));
    return ids.sort();
  }

  it("finds all documents with the prefix, of all companies, each with its id", async () => {
    const posted = [
      await books.post(command(customer())),
      await books.post(command(customer({ legalEntity: "south", currency: "EUR" }))),
      await books.post(command(invoice())),
      await books.post(command(untaxed("S-1", "3", { legalEntity: "south", currency: "EUR" }))),
      await books.post(memo()),
      await books.post(command(journal())),
    ];
    const expected = posted.map(({ plan, id }) => `${plan.externalId} ${id}`).sort();
    expect(await scanned()).toEqual(expected);
    expect(await scanned("2999-01-01")).toEqual([]);
  });

  it("finds drafts, and a second document under one id", async () => {
    await books.post(command(customer()));
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "Microsoft.NAV.post" });
    await faultOf(books.post(command(invoice())));
    expect((await scanned()).map((id) => id.split(" ")[0])).toEqual([
      "UMR-ACME",
      books.sink.plan(command(invoice())).externalId,
    ]);
  });

  it("reads as many pages as there are", async () => {
    await books.restart({ pageRows: 2 });
    for (const name of ["a", "b", "c", "d", "e"]) await books.post(command(customer({ customer: name })));
    await books.post(command(journal()));
    expect(await scanned()).toHaveLength(6);
  });
});

describe("a check", () => {
  const KINDS: readonly PostingKind[] = ["customer", "invoice", "credit-memo", "journal"];
  const messages = async (references: MappedReferences = {}): Promise<string[]> =>
    (await books.sink.check(KINDS, context(), references)).map(
      ({ problem, message }) => `${problem}: ${message}`,
    );

  it("of a connection that works finds nothing", async () => {
    expect(await messages(REFERENCES)).toEqual([]);
  });

  it("finds credentials that are refused", async () => {
    books.open({ clientSecret: "wrong" });
    expect(await messages()).toEqual([expect.stringMatching(/^credentials: The login is refused/)]);
  });

  it("finds a company that isn't there", async () => {
    const other = "99999999-0000-4000-8000-000000000000";
    books.open({ documents: { ...SETTINGS, companies: [NORTH, other] } });
    expect(await messages()).toEqual([
      expect.stringContaining(`configuration: The environment has no company with the id ${other}`),
    ]);
  });

  it("finds permissions that are missing", async () => {
    books.simulator.control({ do: "revoke-permission", permission: "salesInvoices" });
    books.simulator.control({ do: "revoke-permission", permission: "generalLedgerSetup" });
    const found = await messages();
    expect(found).toHaveLength(4);
    expect(found[0]).toContain("permission: The application may not read salesInvoices of Northwind Inc.");
  });

  it("finds no fault with what one of the companies has", async () => {
    const currency = { ...REFERENCES.currency, XXX: { code: "XXX" } };
    expect(await messages({ ...REFERENCES, currency })).toEqual([
      "mapping: The currency XXX does not exist in Northwind Inc. and Northwind GmbH (mapping table currency, key XXX).",
    ]);
  });

  it("finds days on which may not be posted", async () => {
    books.simulator.control({ do: "allow-posting", from: "2020-01-01", to: "2020-12-31" });
    const [first, ...others] = await messages();
    expect(first).toContain(
      "configuration: Northwind Inc. takes postings from 2020-01-01 to 2020-12-31 only, and today is",
    );
    expect(others).toHaveLength(1);
  });

  it("finds rows that name what isn't there, or can't be used", async () => {
    books.open({ documents: { ...SETTINGS, companies: [NORTH] } });
    const found = await messages({
      legal_entity: {
        north: { company: NORTH, local_currency: "EUR" },
        south: { company: SOUTH, local_currency: "EUR" },
      },
      currency: { USD: { code: "USD" }, XXX: { code: "XXX" } },
      item: {
        a: { account: "8000" },
        b: { account: "8100" },
        c: { item: "9" },
        d: { account: "4000", tax_code: "NO" },
      },
      tax: { t: { code: "TAXABLE", account: "7" } },
      account: { revenue: { number: "4010" }, credits: { number: "9999" } },
      customer: { acme: { number: "C00010" } },
      terms: { "30": { id: NET_30 }, "14": { id: "99999999-0000-4000-8000-000000000000" } },
      dimension: {
        "region=west": { dimension: "region", value: "west" },
        "region=north": { dimension: "region", value: "north" },
        "planet=mars": { dimension: "planet", value: "mars" },
      },
    });
    expect(found.map((text) => text.replace("mapping: ", "")).sort()).toEqual(
      [
        `The company ${SOUTH} is not among the connection's companies (mapping table legal_entity, key south).`,
        "The local currency of Northwind Inc. is USD, not EUR (mapping table legal_entity, key north).",
        "The currency XXX does not exist in Northwind Inc. (mapping table currency, key XXX).",
        "The G/L account 8000 is blocked in Northwind Inc. (mapping table item, key a).",
        "The G/L account 8100 does not allow direct posting in Northwind Inc. (mapping table item, key b).",
        "The item 9 does not exist in Northwind Inc. (mapping table item, key c).",
        "The tax code NO does not exist in Northwind Inc. (mapping table item, key d).",
        "The G/L account 7 does not exist in Northwind Inc. (mapping table tax, key t).",
        "The G/L account 9999 does not exist in Northwind Inc. (mapping table account, key credits).",
        "The customer C00010 does not exist in Northwind Inc. (mapping table customer, key acme).",
        "The payment terms 99999999-0000-4000-8000-000000000000 does not exist in Northwind Inc. (mapping table terms, key 14).",
        "The value of REGION NORTH does not exist in Northwind Inc. (mapping table dimension, key region=north).",
        "The dimension PLANET does not exist in Northwind Inc. (mapping table dimension, key planet=mars).",
      ].sort(),
    );
  });

  it("of an ERP that is too busy can't be told, and of one that is away is", async () => {
    books.simulator.fault({ kind: "throttle-storm", ms: 1_000 });
    expect(await faultOf(books.sink.check(KINDS, context()))).toMatchObject({ kind: "throttle" });
    books.simulator.control({ do: "clear-faults" });
    books.simulator.fault({ kind: "server-error", status: 503 });
    expect(await messages()).toEqual([expect.stringMatching(/^unreachable: /)]);
  });
});
