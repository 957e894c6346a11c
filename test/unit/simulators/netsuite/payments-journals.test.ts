import { describe, expect, it } from "vitest";
import { invoiceOf, journalOf, useSimulator } from "./netsuite-client.ts";

const used = useSimulator();

async function invoice(externalId: string, customer: string, amount: number): Promise<string> {
  const body = invoiceOf(customer, {
    taxDetailsOverride: undefined,
    taxDetails: undefined,
    item: { items: [{ item: { id: "86" }, amount }] },
  });
  return (await used.client.put(`/record/v1/invoice/eid:${externalId}`, body)).id;
}

const memoOf = (customer: string, amount: number, apply: readonly object[] = []): object =>
  invoiceOf(customer, {
    dueDate: undefined,
    taxDetailsOverride: undefined,
    taxDetails: undefined,
    item: { items: [{ item: { id: "86" }, amount }] },
    apply: { items: apply },
  });

describe("what is applied", () => {
  it("by credit memos and payments is open no more; what is paid can't be paid again", async () => {
    const { client, simulator } = used;
    const customer = await client.customer();
    const id = await invoice("i1", customer, 100);
    const memo = memoOf(customer, 30, [{ doc: { id }, apply: true, amount: 30 }]);
    expect((await client.put("/record/v1/creditMemo/eid:m1?replace=item", memo)).status).toBe(204);
    expect((await client.put("/record/v1/creditMemo/eid:m1?replace=item", memo)).status).toBe(204);
    expect(simulator.find("invoice", "i1")?.openAmount).toBe("70");
    expect(simulator.find("creditMemo", "m1")).toMatchObject({ status: "Fully Applied", commits: 2 });
    const payment = {
      customer: { id: customer },
      payment: 80,
      currency: { id: "4" },
      apply: { items: [{ doc: { id }, apply: true, amount: 80 }] },
    };
    const tooMuch = await client.post("/record/v1/customerPayment", payment);
    expect([tooMuch.code, tooMuch.path]).toEqual(["USER_ERROR", "apply.items[0].amount"]);
    payment.apply.items = [{ doc: { id }, apply: true, amount: 70 }];
    expect((await client.post("/record/v1/customerPayment", payment)).status).toBe(204);
    expect(simulator.find("invoice", "i1")).toMatchObject({ status: "Paid In Full", openAmount: "0" });
    const read = await client.call("GET", `/record/v1/invoice/${id}`);
    expect(read.body).toMatchObject({ amountPaid: 100, amountRemaining: 0, status: { id: "Paid In Full" } });
    const changed = await client.call("PATCH", `/record/v1/invoice/${id}`, {
      item: { items: [{ line: 1, amount: 50 }] },
    });
    expect(changed.detail).toContain("less than the amount applied");
  });

  it("is of the same customer and currency, and no more than the memo has", async () => {
    const { client } = used;
    const customer = await client.customer();
    const other = await client.put("/record/v1/customer/eid:c2", {
      companyName: "Other",
      subsidiary: { id: "2" },
      currency: { id: "4" },
    });
    const foreign = await invoice("i1", other.id, 100);
    const own = await invoice("i2", customer, 100);
    const refuse = async (apply: readonly object[], path: string): Promise<void> => {
      expect((await client.post("/record/v1/creditMemo", memoOf(customer, 30, apply))).path).toBe(path);
    };
    await refuse([{ doc: { id: foreign }, apply: true, amount: 30 }], "apply.items[0].doc");
    await refuse([{ doc: { id: "77" }, apply: true, amount: 30 }], "apply.items[0].doc");
    await refuse([{ doc: { id: own }, apply: true, amount: 31 }], "apply.items[0].amount");
    expect(used.simulator.find("invoice", "i2")?.openAmount).toBe("100");
    const unchecked = [{ doc: { id: own }, apply: false, amount: 30 }];
    await client.put("/record/v1/creditMemo/eid:m1", memoOf(customer, 30, unchecked));
    expect(used.simulator.find("creditMemo", "m1")).toMatchObject({ openAmount: "30", status: "Open" });
  });

  it("follows from a transformation of an invoice, or by itself", async () => {
    const { client, simulator } = used;
    const customer = await client.customer();
    const id = await invoice("i1", customer, 100);
    const path = `/record/v1/invoice/${id}/!transform/creditMemo`;
    expect((await client.post(path, { externalId: "m1" })).status).toBe(204);
    expect(simulator.find("creditMemo", "m1")).toMatchObject({ total: "100", applications: [{ doc: id }] });
    expect((await client.post(`/record/v1/invoice/${id}/!transform/salesOrder`, {})).status).toBe(400);
    await invoice("i2", customer, 40);
    const memo = { ...memoOf(customer, 50), autoApply: true };
    await client.put("/record/v1/creditMemo/eid:m2", memo);
    expect(simulator.find("invoice", "i2")?.openAmount).toBe("0");
    expect(simulator.find("creditMemo", "m2")?.openAmount).toBe("10");
  });

  it("is paid, voided and edited by people of the ERP too", async () => {
    const { client, simulator } = used;
    const customer = await client.customer();
    await invoice("i1", customer, 100);
    await invoice("i2", customer, 40);
    simulator.control({ do: "pay", invoice: "i1", amount: "25.5" });
    expect(simulator.find("invoice", "i1")?.openAmount).toBe("74.5");
    simulator.control({ do: "pay", invoice: "i1" });
    expect(simulator.find("invoice", "i1")?.status).toBe("Paid In Full");
    simulator.control({ do: "edit-amount", type: "invoice", record: "i2", amount: "41" });
    expect(simulator.find("invoice", "i2")?.total).toBe("41");
    simulator.control({ do: "void", type: "invoice", record: "i2" });
    expect(simulator.find("invoice", "i2")).toMatchObject({ status: "Voided", total: "0", openAmount: "0" });
    expect((await client.put("/record/v1/invoice/eid:i2", { memo: "again" })).code).toBe("USER_ERROR");
    expect(() => simulator.control({ do: "void", type: "invoice", record: "i1" })).toThrow("applied to");
    expect(() => simulator.control({ do: "pay", invoice: "none" })).toThrow("no invoice none");
  });
});

describe("a journal", () => {
  const lines = (...items: readonly object[]): object => journalOf({ line: { items } });
  const debit = { account: { id: "119" }, debit: 300 };
  const credit = { account: { id: "54" }, credit: 300 };

  it.each<[string, object, RegExp]>([
    ["out of balance", lines(debit, { ...credit, credit: 299.99 }), /must balance/],
    ["of one line", lines(debit), /at least two lines/],
    ["with both sides in a line", lines({ ...debit, credit: 300 }, credit), /either a debit or a credit/],
    [
      "with a negative side",
      lines({ ...debit, debit: -300 }, { ...credit, credit: -300 }),
      /greater than zero/,
    ],
    ["without an account", lines({ debit: 300 }, credit), /must enter a value for Account/],
    ["to receivables without a name", lines({ ...debit, account: { id: "120" } }, credit), /value for Name/],
    ["without a subsidiary", journalOf({ subsidiary: undefined }), /value for Subsidiary/],
    ["reversed before it is made", journalOf({ reversalDate: "2026-06-30" }), /reversal date must be after/],
  ])("is refused %s", async (_what, body, detail) => {
    const reply = await used.client.post("/record/v1/journalEntry", body);
    expect([reply.status, reply.code]).toEqual([400, "USER_ERROR"]);
    expect(reply.detail).toMatch(detail);
    expect(used.simulator.ledger().records).toEqual([]);
  });

  it("is refused with taxes, and with accounts that do not exist or are inactive", async () => {
    const taxed = lines({ ...debit, taxCode: { id: "21" } }, credit);
    expect((await used.client.post("/record/v1/journalEntry", taxed)).path).toBe("line.items[0].taxCode");
    const unknown = lines(debit, { ...credit, account: { id: "1" } });
    expect((await used.client.post("/record/v1/journalEntry", unknown)).path).toBe("line.items[1].account");
    used.simulator.control({ do: "deactivate", type: "account", id: "54" });
    expect((await used.client.post("/record/v1/journalEntry", journalOf())).path).toBe(
      "line.items[1].account",
    );
  });

  it("is reversed on its reversal date, once also where it is written twice", async () => {
    const { client, simulator } = used;
    const path = "/record/v1/journalEntry/eid:j1?replace=line";
    const body = journalOf({ reversalDate: "2026-07-01", reversalDefer: false });
    await client.put(path, body);
    await client.put(path, body);
    const journal = simulator.find("journalEntry", "j1");
    expect(journal).toMatchObject({ total: "300", commits: 2, status: "Approved for Posting" });
    const reversals = simulator.ledger().records.filter(({ reversalOf }) => reversalOf !== null);
    expect(reversals).toMatchObject([
      {
        reversalOf: journal?.id,
        externalId: null,
        fields: { tranDate: "2026-07-01", postingPeriod: "122" },
        sublists: {
          line: [
            { account: "119", credit: "300" },
            { account: "54", debit: "300" },
          ],
        },
      },
    ]);
    simulator.control({ do: "close-period", period: "122" });
    const closed = await client.put("/record/v1/journalEntry/eid:j2", body);
    expect(closed.detail).toMatch(/reversal date is in a closed period/);
  });

  it("doubles where it is sent twice and not replaced", async () => {
    await used.client.put("/record/v1/journalEntry/eid:j1", journalOf());
    await used.client.put("/record/v1/journalEntry/eid:j1", journalOf());
    expect(used.simulator.find("journalEntry", "j1")?.total).toBe("600");
  });
});
