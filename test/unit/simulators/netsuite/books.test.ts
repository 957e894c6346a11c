import * as fc from "fast-check";
import { expect, it } from "vitest";
import { scaled } from "../../../simulators/exact-numbers.ts";
import { invoiceOf, useSimulator } from "./netsuite-client.ts";

const used = useSimulator();

const cents = (most: number) => fc.integer({ min: 1, max: most }).map((amount) => amount / 100);
const invoices = fc.array(fc.array(cents(1_000_000), { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 3,
});
/** Memos and payments: which invoice, and how much of it they try to settle. */
const settlements = fc.array(fc.record({ of: fc.nat(), amount: cents(1_500_000), isPayment: fc.boolean() }), {
  maxLength: 6,
});

/** Each run is some twenty requests. */
const RUNS = 15;

it("settles no more than an invoice has, and has lines that add up to nothing", async () => {
  const law = fc.asyncProperty(invoices, settlements, async (invoiceAmounts, tries) => {
    const { client, simulator } = used;
    const customer = await client.customer();
    const untaxed = { taxDetailsOverride: undefined, taxDetails: undefined };
    const itemsOf = (amounts: readonly number[]): object => ({
      items: amounts.map((amount) => ({ item: { id: "86" }, amount })),
    });
    const ids: string[] = [];
    for (const amounts of invoiceAmounts)
      ids.push(
        (await client.post("/record/v1/invoice", invoiceOf(customer, { ...untaxed, item: itemsOf(amounts) })))
          .id,
      );
    for (const { of, amount, isPayment } of tries) {
      const apply = { items: [{ doc: { id: ids[of % ids.length] }, apply: true, amount }] };
      const reply = isPayment
        ? await client.post("/record/v1/customerPayment", {
            customer: { id: customer },
            payment: amount,
            apply,
          })
        : await client.post(
            "/record/v1/creditMemo",
            invoiceOf(customer, { ...untaxed, dueDate: undefined, item: itemsOf([amount]), apply }),
          );
      expect([204, 400]).toContain(reply.status);
    }
    const own = simulator
      .ledger()
      .records.filter(({ fields }) => fields["entity"] === customer || fields["customer"] === customer);
    for (const { id, type, total, openAmount, applications } of own) {
      const settled =
        type === "invoice"
          ? own.flatMap((other) => other.applications).filter(({ doc }) => doc === id)
          : applications;
      const sum = settled.reduce((amount, application) => amount + scaled(application.amount), 0n);
      expect(scaled(openAmount)).toBe(scaled(total) - sum);
      expect(scaled(openAmount)).toBeGreaterThanOrEqual(0n);
      if (type === "customerPayment") continue;
      const lines = await client.rows(`SELECT foreignamount FROM transactionline WHERE transaction = ${id}`);
      expect(lines.reduce((amount, line) => amount + scaled(String(line["foreignamount"])), 0n)).toBe(0n);
    }
  });
  await fc.assert(law, { numRuns: RUNS });
});
