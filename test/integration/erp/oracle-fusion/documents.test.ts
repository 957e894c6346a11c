import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
  PREFIX,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { Environment, expectNoWrongRequests } from "./environment-fixture.ts";

/** Documents are in Oracle as they were planned, whatever is said in them. */

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start();
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
});

describe("customers", () => {
  it("become a party, an account with a site, and a profile", async () => {
    const { plan, id } = await oracle.post(command(customer()));
    const { parties, accounts } = oracle.simulator.ledger();
    expect(parties).toMatchObject([
      {
        id,
        name: "Acme Corporation",
        reference: "umr-customer:north:acme",
        address: {
          line: "1 Main Street",
          city: "Los Angeles",
          state: "CA",
          postalCode: "90012",
          country: "US",
        },
      },
    ]);
    expect(accounts).toMatchObject([
      { partyId: id, setId: "300000011", profileClass: "DEFAULT", reference: "umr-customer:north:acme" },
    ]);
    await oracle.expectAsPlanned(plan);
  });

  it("are brought up to date, and are one customer still", async () => {
    const { id } = await oracle.post(command(customer()));
    const moved = command(
      customer({
        name: "Acme & Söhne <GmbH>",
        address: { ...customer().address, city: "San Diego", region: null },
      }),
      { revision: 2 },
    );
    const plan = oracle.sink.plan(moved);
    // Before: what Oracle has differs, so that a look leads to sending it.
    expect((await oracle.sink.lookUp(plan, context()))[0]?.document.customer).toContain("with other data");
    expect((await oracle.post(moved)).id).toBe(id);
    const { parties, accounts } = oracle.simulator.ledger();
    expect(accounts).toHaveLength(1);
    expect(parties).toMatchObject([
      { name: "Acme & Söhne <GmbH>", address: { city: "San Diego", state: null, postalCode: "90012" } },
    ]);
    await oracle.expectAsPlanned(plan);
  });

  it("keep their data where Oracle owns them", async () => {
    oracle.open({ documents: { ...SETTINGS, oracleOwnsCustomers: true } });
    await oracle.post(command(customer()));
    const { plan } = await oracle.post(command(customer({ name: "Another name" })));
    expect(oracle.simulator.ledger().parties).toMatchObject([{ name: "Acme Corporation" }]);
    await oracle.expectAsPlanned(plan);
  });

  it("of Oracle's own are looked for, and never changed", async () => {
    await oracle.post(command(customer()));
    const { number = "" } = oracle.simulator.ledger().accounts[0] ?? {};
    const mapped = (account_number: string) =>
      command(customer({ customer: "old" }), {
        references: { ...REFERENCES, customer: { old: { account_number } } },
      });
    const { plan } = await oracle.post(mapped(number));
    await oracle.expectAsPlanned(plan);
    expect(await faultOf(oracle.post(mapped("C9")))).toMatchObject({
      kind: "mapping",
      code: "AR_BILL_TO_CUST_NOT_FOUND",
    });
    const invoiced = command(invoice({ customer: "old" }), { references: mapped(number).references });
    await oracle.expectAsPlanned((await oracle.post(invoiced)).plan);
  });
});

describe("invoices", () => {
  beforeEach(async () => {
    await oracle.post(command(customer()));
  });

  it("are made incomplete, compared and completed", async () => {
    const { plan, id } = await oracle.post(command(invoice()));
    expect(oracle.simulator.find("N-1")).toMatchObject({
      id,
      isComplete: true,
      crossReference: "umr-invoice:north:N-1",
      total: "127.73",
      terms: "30 Net",
      accountingDate: "2026-06-30",
      comments: "N-1: Usage of June 2026",
      lines: [
        { description: "API access (quantity 1204331)", quantity: "1", price: "120.50", amount: "120.50" },
      ],
      distributions: [{ line: "1", combination: "01-000-4110-0000", amount: "120.50" }],
    });
    await oracle.expectAsPlanned(plan);
    const sent = oracle.simulator
      .ledger()
      .requests.filter(({ path }) => path.includes("/receivablesInvoices"))
      .map(({ method }) => method);
    expect(sent.slice(0, 2)).toEqual(["POST", "PATCH"]);
  });

  it("have dimensions as segments, many lines, several taxes, credits and none of both", async () => {
    const taxes = line().taxes;
    const district = { ...taxes[0]!, key: "ca-district", percent: "1", amount: "1.21" };
    const lines = [
      line({ taxes: [...taxes, district], tax: "8.44", dimensions: { region: "west", team: "sales" } }),
      line({ line: 2, item: "credits", kind: "credits", net: "-20.50", tax: "0", taxes: [], quantity: null }),
      ...Array.from({ length: 150 }, (_, index) =>
        line({ line: index + 3, item: "other", net: "0.01", tax: "0", taxes: [], quantity: null }),
      ),
    ];
    const { plan } = await oracle.post(
      command(invoice({ lines, net: "101.50", tax: "8.44", total: "109.94" })),
    );
    const stored = oracle.simulator.find("N-1");
    expect(stored?.distributions).toEqual([{ line: "1", combination: "01-110-4110-7100", amount: "120.50" }]);
    expect(stored?.lines).toHaveLength(152);
    expect(stored?.total).toBe("109.94");
    await oracle.expectAsPlanned(plan);
  });

  it("that Oracle would tax otherwise are not booked, and leave nothing behind", async () => {
    oracle.simulator.control({ do: "automatic-tax", rateCode: "CA-STATE" });
    const untaxed = command(invoice({ lines: [line({ taxes: [], tax: "0" })], tax: "0", total: "120.50" }));
    const fault = await faultOf(oracle.post(untaxed));
    expect(fault).toMatchObject({ kind: "validation", code: "draft-differs" });
    expect(fault.message).toContain("tax is 7.23 in the ERP, 0 here");
    expect(oracle.simulator.find("N-1")).toBeUndefined();
    oracle.simulator.control({ do: "automatic-tax" });
    await oracle.expectAsPlanned((await oracle.post(untaxed)).plan);
  });

  it("with more digits than the currency has are not booked rounded", async () => {
    const lines = [line({ net: "120.505", tax: "0", taxes: [], item: "other" })];
    const fault = await faultOf(
      oracle.post(command(invoice({ lines, net: "120.505", tax: "0", total: "120.505" }))),
    );
    expect(fault).toMatchObject({ kind: "validation", code: "draft-differs" });
    expect(oracle.simulator.find("N-1")).toBeUndefined();
  });

  it("of another's number are a conflict, though their amounts are the same", async () => {
    const { plan } = await oracle.post(command(invoice()));
    oracle.simulator.control({ do: "rename-reference", number: "N-1", crossReference: "somebody-else" });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({ kind: "duplicate" });
    const [found] = await oracle.sink.lookUp(plan, context());
    expect(found?.document.legalEntity).toBe("North Operations with the cross-reference somebody-else");
    expect(await faultOf(oracle.sink.submit(plan, context(2)))).toMatchObject({ kind: "duplicate" });
  });

  it("may have a number that follows from the key", async () => {
    oracle.open({ documents: { ...SETTINGS, ownNumbers: false } });
    const number = "a-number-of-more-than-twenty-characters";
    const { plan } = await oracle.post(command(invoice({ number })));
    await oracle.expectAsPlanned(plan);
    const [stored] = oracle.simulator.ledger().transactions;
    expect(stored?.number).toMatch(/^[0-9A-F]{20}$/);
    expect(stored?.comments).toBe(`${number}: Usage of June 2026`);
  });

  it("tell what is paid of them", async () => {
    const { plan } = await oracle.post(command(invoice()));
    const payment = async () => (await oracle.sink.readBack([plan], context()))[0]?.payment;
    expect(await payment()).toEqual({ status: "open", openAmount: "127.73" });
    oracle.simulator.control({ do: "pay", number: "N-1", amount: "100" });
    expect(await payment()).toEqual({ status: "partly-paid", openAmount: "27.73" });
    oracle.simulator.control({ do: "pay", number: "N-1" });
    expect(await payment()).toEqual({ status: "paid", openAmount: "0" });
  });
});

describe("credit memos", () => {
  beforeEach(async () => {
    await oracle.post(command(customer()));
  });

  it("are applied to the invoice that they correct, as far as that is open", async () => {
    const { plan: invoiced } = await oracle.post(command(invoice()));
    oracle.simulator.control({ do: "pay", number: "N-1", amount: "100" });
    const { plan } = await oracle.post(memo());
    expect(oracle.simulator.find("C-1")).toMatchObject({
      total: "-127.73",
      balance: "-100.00",
      isComplete: true,
      applications: [{ invoiceNumber: "N-1", amount: "27.73" }],
    });
    await oracle.expectAsPlanned(plan);
    // Sent again: it is found, and nothing more is applied.
    await oracle.post(memo(), 2);
    expect(oracle.simulator.find("C-1")?.applications).toHaveLength(1);
    const [found] = await oracle.sink.readBack([invoiced], context());
    expect(found?.payment).toEqual({ status: "paid", openAmount: "0" });
  });

  it("are not made before the invoice that they name is there", async () => {
    expect(await faultOf(oracle.post(memo()))).toMatchObject({
      kind: "validation",
      code: "corrected-invoice-missing",
    });
    expect(oracle.simulator.find("C-1")).toBeUndefined();
  });

  it("stay on the account where they correct none that is known, or are not to be applied", async () => {
    await oracle.post(command(memo().document));
    expect(oracle.simulator.find("C-1")?.applications).toEqual([]);
    await oracle.post(command(invoice()));
    oracle.open({ documents: { ...SETTINGS, appliesCreditMemos: false } });
    const { plan } = await oracle.post(memo({ number: "C-2" }));
    expect(oracle.simulator.find("C-2")?.applications).toEqual([]);
    await oracle.expectAsPlanned(plan);
  });
});

describe("journals", () => {
  it("are imported, and found by the beginning of their batch's name", async () => {
    oracle.simulator.control({ do: "set-import-delay", ms: 30 });
    const dimensions = { region: "west" };
    const [debit, credit] = journal().lines;
    const document = journal({
      lines: [debit!, { ...credit!, dimensions, memo: 'with "quotes", commas\nand lines' }],
    });
    const { plan, id } = await oracle.post(command(document));
    expect(oracle.simulator.ledger().batches).toMatchObject([
      {
        id,
        ledgerId: "300000001",
        currency: "USD",
        date: "2026-06-30",
        description: `${PREFIX}journal:north:2026-06:USD:0:1: Unbilled revenue 2026-06`,
        lines: [
          { combination: "01-000-1220-0000", debit: "300.00" },
          {
            combination: "01-000-4110-7100",
            credit: "300.00",
            description: 'with "quotes", commas and lines',
          },
        ],
      },
    ]);
    await oracle.expectAsPlanned(plan);
    // Sent again: it is there.
    expect((await oracle.post(command(document))).id).toBe(id);
    expect(oracle.simulator.ledger().jobs).toHaveLength(1);
  });

  it("are told from those whose keys begin the same", async () => {
    const key = "journal:north:2026-06:USD:0:1";
    const { plan } = await oracle.post(command(journal(), { key: `${key}0` }));
    expect(await oracle.sink.lookUp(oracle.sink.plan(command(journal(), { key })), context())).toEqual([]);
    await oracle.expectAsPlanned(plan);
  });

  it("with more lines than come at once are read to the end", async () => {
    oracle.simulator.control({ do: "set-child-limit", items: 7 });
    const [debit, credit] = journal().lines;
    const lines = Array.from({ length: 40 }, (_, index) => ({
      ...(index % 2 === 0 ? debit! : credit!),
      line: index + 1,
    }));
    await oracle.expectAsPlanned((await oracle.post(command(journal({ lines })))).plan);
    await oracle.post(command(customer()));
    const sold = Array.from({ length: 20 }, (_, index) =>
      line({ line: index + 1, net: "1", tax: "0.06", taxes: [{ ...line().taxes[0]!, amount: "0.06" }] }),
    );
    const invoiced = command(invoice({ lines: sold, net: "20", tax: "1.20", total: "21.20" }));
    expect(oracle.simulator.ledger().batches[0]?.lines).toHaveLength(40);
    await oracle.expectAsPlanned((await oracle.post(invoiced)).plan);
  });
});
