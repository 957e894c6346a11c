import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import type { DocumentTaxRequest, TaxReversal } from "../../../src/model/tax-service.ts";
import { AvataxClient } from "../../../src/sinks/tax/avatax/client.ts";
import { AvataxSimulator } from "../../simulators/avatax/simulator.ts";

const LICENSE_KEY = "0123456789ABCDEF-secret";
const SALE = { service: "avatax", company: "NORTH", code: "C:1", type: "SalesInvoice" } as const;
const SALE_KEY = "NORTH|C:1|SalesInvoice";
let simulator: AvataxSimulator;
let client: AvataxClient;

beforeEach(async () => {
  simulator = await AvataxSimulator.start({ accountId: "1100", licenseKey: LICENSE_KEY });
  client = new AvataxClient({
    url: simulator.url,
    accountId: "1100",
    licenseKey: LICENSE_KEY,
    version: "1.0.0",
    workerName: "w",
    deadlineMs: 2_000,
    maxInFlight: 3,
    clock: systemClock,
    random: () => 0,
    onAttempt: () => undefined,
  });
  await client.tax(request());
  await client.commit(SALE, "9.50");
});
afterEach(async () => {
  await client.close();
  await simulator.close();
});

const request = (fields: Partial<DocumentTaxRequest> = {}): DocumentTaxRequest => ({
  document: "C:1",
  kind: "sale",
  company: "NORTH",
  currency: "USD",
  date: "2026-02-28",
  customer: "acme",
  taxId: undefined,
  entityUseCode: undefined,
  seller: { street: undefined, city: "Seattle", region: "WA", postalCode: "98101", country: "US" },
  buyer: { street: undefined, city: "Los Angeles", region: "CA", postalCode: "90012", country: "US" },
  pricesIncludeTax: false,
  lines: [
    {
      line: 1,
      amount: "100.00",
      quantity: undefined,
      item: "api",
      description: "API",
      taxCode: undefined,
      taxDate: "2026-02-28",
      exemption: undefined,
      corrects: undefined,
    },
  ],
  ...fields,
});

/** Takes back an amount of C:1 in March, when the rates are others. */
const reversal = (amount: string, tax: string, isWhole: boolean): DocumentTaxRequest => {
  const [line] = request().lines;
  const reverses: TaxReversal = { transaction: SALE, isWhole };
  const lines = [{ ...line!, amount, tax, corrects: "INV-1" }];
  return request({ document: "C:2", kind: "return", date: "2026-03-10", lines, reverses });
};

describe("what takes a document back at AvaTax", () => {
  it("is a return with the tax that the document gives back, to the cent, as of its day", async () => {
    // A third of 9.50 would be 3.17; the last of three credit notes gives back the rest.
    const answer = await client.tax(reversal("-33.34", "-3.16", false));
    expect(answer).toMatchObject({
      kind: "taxed",
      transaction: { code: "C:2", type: "ReturnInvoice" },
      totalTax: "-3.16",
      lines: [{ line: 1, tax: "-3.16" }],
    });
    const stored = simulator.transactions.get("NORTH|C:2|ReturnInvoice");
    expect(stored).toMatchObject({
      referenceCode: "C:1",
      date: "2026-03-10",
      lines: [{ taxDate: "2026-02-28", amount: "-33.34" }],
    });
    expect(await client.commit({ ...SALE, code: "C:2", type: "ReturnInvoice" }, "-3.16")).toEqual({
      kind: "committed",
    });
    expect(simulator.transactions.get(SALE_KEY)?.status).toBe("Committed");
    expect(simulator.malformedRequests).toEqual([]);
  });

  it("is the void of its record where all of it is taken back: once, whatever is lost", async () => {
    const answer = await client.tax(reversal("-100.00", "-9.50", true));
    expect(answer).toEqual({ kind: "voidable", transaction: { ...SALE, action: "void" } });
    expect(simulator.transactions.size).toBe(1);
    simulator.faultOf = (operation, _code, attempt) =>
      operation === "void" && attempt === 1 ? { kind: "lost" } : undefined;
    expect(await client.void({ ...SALE, action: "void" })).toEqual({ kind: "voided" });
    expect(await client.void({ ...SALE, action: "void" })).toEqual({ kind: "voided" });
    expect(simulator.transactions.get(SALE_KEY)).toMatchObject({ status: "Cancelled", voids: 1, commits: 1 });
    expect(simulator.malformedRequests).toEqual([]);
    // Where the outbox is delivered once more, the commit comes again too.
    expect(await client.commit(SALE, "9.50")).toMatchObject({ kind: "refused", code: "RecordVoid" });
  });

  it("is a return where its record was reported, and that can't be voided", async () => {
    simulator.transactions.get(SALE_KEY)!.locked = true;
    expect(await client.tax(reversal("-100.00", "-9.50", true))).toMatchObject({
      kind: "taxed",
      transaction: { code: "C:2", type: "ReturnInvoice" },
      totalTax: "-9.50",
    });
    expect(await client.void({ ...SALE, action: "void" })).toMatchObject({
      kind: "refused",
      code: "TransactionIsLocked",
    });
    expect(simulator.transactions.get(SALE_KEY)).toMatchObject({ status: "Committed", voids: 0 });
  });

  it("is a return where the service has no record that could be voided", async () => {
    simulator.transactions.clear();
    expect(await client.tax(reversal("-100.00", "-9.50", true))).toMatchObject({
      kind: "taxed",
      transaction: { code: "C:2", type: "ReturnInvoice" },
    });
  });
});
