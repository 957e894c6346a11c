import { describe, expect, it } from "vitest";
import { readProjectFile } from "../../support/project-files.ts";
import { balanceOf, Billing, catalogOf, contract, type Files } from "./billed-partition.ts";

const PLAN = {
  key: "plan",
  version: 1,
  currency: "EUR",
  prices: [{ key: "calls", product: "api", meter: "calls", model: "per_unit", unit_price: "0.1" }],
};
const billing = (fields: Files, files: Files = {}): Billing =>
  new Billing(
    catalogOf({
      "plans/all.json": PLAN,
      "contracts/all.json": [contract({ end: "2026-02-01", ...fields })],
      ...files,
    }),
  );

const CREDITS = { credits: [{ id: "pack", amount: "10", effective: "2026-01-01" }] };
const VOID = { kind: "void-invoice", reissue: false, unapplied: true } as const;
const REISSUE = { ...VOID, reissue: true } as const;

const figures = (invoices: Awaited<ReturnType<Billing["result"]>>["invoices"]) =>
  invoices.map(({ number, kind, subtotal, credits, total }) => [number, kind, subtotal, credits, total]);

/** January comes to 20.00, of which credits pay 10.00; then it becomes 15.00 less. */
async function withMemo(fields: Files = CREDITS): Promise<Billing> {
  const partition = billing(fields);
  await partition.use(200, "2026-01-10");
  await partition.until("2026-02-05");
  await partition.use(-150, "2026-01-11", "2026-02-06");
  return await partition.until("2026-03-10");
}

describe("a credit memo that is voided", () => {
  it("is taken back by an invoice, and credits that it gave back pay again", async () => {
    const partition = await withMemo();
    expect(await partition.correct("INV-000002", VOID, "2026-03-11")).toBeUndefined();
    const { invoices, journal } = await partition.result();
    expect(figures(invoices)).toEqual([
      ["INV-000001", "invoice", "20.00", "10.00", "10.00"],
      ["INV-000002", "credit-memo", "-15.00", "-5.00", "-10.00"],
      ["INV-000003", "invoice", "15.00", "5.00", "10.00"],
    ]);
    expect(invoices[1]).toMatchObject({ isVoid: true, correctedBy: ["INV-000003"] });
    expect(invoices[2]).toMatchObject({ corrects: { kind: "void", number: "INV-000002" } });
    expect([balanceOf(journal, "receivable"), balanceOf(journal, "credits")]).toEqual([10, 0]);
    expect([balanceOf(journal, "revenue"), balanceOf(journal, "adjustments")]).toEqual([-20, 0]);
  });

  it("is made again with a reissue, to the same amount", async () => {
    const partition = await withMemo();
    await partition.correct("INV-000002", REISSUE, "2026-03-11");
    const { invoices, journal } = await partition.result();
    expect(figures(invoices).slice(2)).toEqual([
      ["INV-000003", "invoice", "15.00", "5.00", "10.00"],
      ["INV-000004", "credit-memo", "-15.00", "-5.00", "-10.00"],
    ]);
    expect([balanceOf(journal, "receivable"), balanceOf(journal, "credits")]).toEqual([0, -5]);
  });

  it("has the figures that docs/corrections.md shows", async () => {
    const [, table = ""] = readProjectFile("docs/corrections.md").split("<!-- voided memo -->");
    const [rows = ""] = table.trimStart().split("\n\n");
    const shown = rows
      .split("\n")
      .slice(2)
      .map((row) =>
        row
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const partition = await withMemo();
    await partition.correct("INV-000002", REISSUE, "2026-03-11");
    const { invoices } = await partition.result();
    expect(shown.map(([name = "", ...cells]) => [name.slice(0, "INV-000001".length), ...cells])).toEqual(
      figures(invoices),
    );
  });

  it("without a reissue is due again at the end of the month", async () => {
    const partition = await withMemo();
    await partition.correct("INV-000002", VOID, "2026-03-11");
    await partition.until("2026-05-01");
    const { invoices } = await partition.result();
    expect(figures(invoices).slice(3)).toEqual([["INV-000004", "credit-memo", "-15.00", "-5.00", "-10.00"]]);
  });

  it("is owed in money as far as the credits that it gave back were used since", async () => {
    const partition = await withMemo({ ...CREDITS, end: "2026-04-01" });
    // The memo is February's document; March uses what it gave back.
    await partition.use(40, "2026-03-20");
    await partition.until("2026-04-10");
    const before = await partition.result();
    expect(figures(before.invoices)).toEqual([
      ["INV-000001", "invoice", "20.00", "10.00", "10.00"],
      ["INV-000002", "credit-memo", "-15.00", "-5.00", "-10.00"],
      ["INV-000003", "invoice", "4.00", "4.00", "0.00"],
    ]);
    await partition.correct("INV-000002", VOID, "2026-04-11");
    const { invoices, journal } = await partition.result();
    expect(figures(invoices).slice(3)).toEqual([["INV-000004", "invoice", "15.00", "1.00", "14.00"]]);
    expect(balanceOf(journal, "credits")).toBe(0);
  });

  it("is refused while nobody says that it is neither refunded nor applied, and once it is void", async () => {
    const partition = await withMemo();
    const unsaid = { kind: "void-invoice", reissue: false } as const;
    expect(await partition.correct("INV-000002", unsaid, "2026-03-11")).toBe("maybe-applied");
    expect(await partition.correct("INV-000002", { kind: "credit-note", lines: null }, "2026-03-11")).toBe(
      "not-an-invoice",
    );
    await partition.correct("INV-000002", VOID, "2026-03-11");
    expect(await partition.correct("INV-000002", VOID, "2026-03-11")).toBe("already-voided");
    expect(await partition.correct("INV-000003", VOID, "2026-03-11")).toBe("voids-another");
    expect(await partition.correct("INV-000003", { kind: "credit-note", lines: null }, "2026-03-11")).toBe(
      "voids-another",
    );
  });
});

describe("a credit note that is voided", () => {
  it("leaves its invoice as it was: to be credited again, or to be voided", async () => {
    const partition = billing({});
    await partition.use(200, "2026-01-10");
    await partition.until("2026-02-05");
    const note = { kind: "credit-note", lines: [[1, "1500"]] } as const;
    await partition.correct("INV-000001", note, "2026-02-06");
    expect(await partition.correct("INV-000001", REISSUE, "2026-02-06")).toBe("has-credit-notes");
    expect(await partition.correct("INV-000001", note, "2026-02-06")).toBe("more-than-left");
    expect(await partition.correct("INV-000002", REISSUE, "2026-02-07")).toBeUndefined();
    expect(await partition.correct("INV-000001", note, "2026-02-08")).toBeUndefined();
    await partition.correct("INV-000004", VOID, "2026-02-08");
    expect(await partition.correct("INV-000001", REISSUE, "2026-02-09")).toBeUndefined();
    const { invoices, journal } = await partition.result();
    expect(figures(invoices)).toEqual([
      ["INV-000001", "invoice", "20.00", "0.00", "20.00"],
      ["INV-000002", "credit-memo", "-15.00", "0.00", "-15.00"],
      ["INV-000003", "invoice", "15.00", "0.00", "15.00"],
      ["INV-000004", "credit-memo", "-15.00", "0.00", "-15.00"],
      ["INV-000005", "invoice", "15.00", "0.00", "15.00"],
      ["INV-000006", "credit-memo", "-20.00", "0.00", "-20.00"],
      ["INV-000007", "invoice", "20.00", "0.00", "20.00"],
    ]);
    // Nothing but the invoice was billed: a credit note's void is not billed again.
    expect([balanceOf(journal, "receivable"), balanceOf(journal, "adjustments")]).toEqual([20, 0]);
  });
});

describe("an invoice with a line that gave back to credits", () => {
  /** In February 30.00 are used and 15.00 of January given back: 10.00 of it to credits, which pay for February. */
  async function withBoth(): Promise<Billing> {
    const partition = billing(
      { end: "2026-03-01", credits: [{ ...CREDITS.credits[0], products: ["api"] }] },
      {
        "plans/all.json": {
          ...PLAN,
          prices: [
            ...PLAN.prices,
            { key: "other", product: "support", meter: "other", model: "per_unit", unit_price: "0.1" },
          ],
        },
        "meters/all.json": [
          { key: "calls", event_type: "usage", aggregation: "sum", value_property: "amount" },
          { key: "other", event_type: "usage", aggregation: "count" },
        ],
      },
    );
    await partition.use(100, "2026-01-10");
    await partition.until("2026-02-05");
    await partition.use(-80, "2026-01-11", "2026-02-06");
    for (let n = 0; n < 50; n++) await partition.use(0, "2026-02-10");
    return await partition.until("2026-03-10");
  }

  it("gives money back, and takes the credits again, when it is voided", async () => {
    const partition = await withBoth();
    await partition.correct("INV-000002", VOID, "2026-03-11");
    const { invoices, journal } = await partition.result();
    expect(figures(invoices)).toEqual([
      ["INV-000001", "invoice", "10.10", "10.00", "0.10"],
      ["INV-000002", "invoice", "-2.90", "-8.00", "5.10"],
      ["INV-000003", "credit-memo", "2.90", "8.00", "-5.10"],
    ]);
    expect([balanceOf(journal, "receivable"), balanceOf(journal, "credits")]).toEqual([0.1, 0]);
  });
});
