import { describe, expect, it } from "vitest";
import { postingFigures } from "../../../src/pipeline/posting-report.ts";
import { contract } from "../invoices/billed-partition.ts";
import { billedJanuary, postedCatalog, ROWS } from "./posted-partition.ts";

describe("what has become of documents", () => {
  it("is told by connection and state", async () => {
    const partition = await billedJanuary();
    await partition.result("invoice:default:INV-000001", { state: "reconciled" });
    const figures = postingFigures([{ partition: 0, engine: partition.engine }]);
    expect(figures).toEqual([
      { connection: "erp", state: "confirmed", documents: 1, amounts: {}, oldestDay: "2026-01-01" },
      {
        connection: "erp",
        state: "planned",
        documents: 3,
        amounts: { EUR: "315.00" },
        oldestDay: "2026-01-31",
      },
      {
        connection: "erp",
        state: "reconciled",
        documents: 1,
        amounts: { EUR: "310.00" },
        oldestDay: "2026-01-01",
      },
    ]);
  });

  it("does not depend on contracts whose documents another partition posts", () => {
    const two = [contract(), contract({ id: "B", account: "other", payment_days: 14 })];
    const catalog = postedCatalog(ROWS, { "contracts/all.json": two });
    // The first contract by id, whatever account asks.
    expect(catalog.posting.customer("default", "customer")?.paymentDays).toBe(14);
  });
});
