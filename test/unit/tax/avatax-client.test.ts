import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/model/clock.ts";
import type { DocumentTaxRequest, TaxAnswer } from "../../../src/model/tax-service.ts";
import { TributaryError } from "../../../src/model/errors.ts";
import { redact } from "../../../src/ops/redaction.ts";
import { AvataxClient } from "../../../src/sinks/tax/avatax/client.ts";
import { AvataxSimulator } from "../../simulators/avatax/simulator.ts";

const LICENSE_KEY = "0123456789ABCDEF-secret";
let simulator: AvataxSimulator;
let clients: AvataxClient[] = [];
let attempts: string[] = [];

beforeEach(async () => {
  simulator = await AvataxSimulator.start({ accountId: "1100", licenseKey: LICENSE_KEY, onTheirWayMs: 0 });
  attempts = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await simulator.close();
});

function client(options: { licenseKey?: string; deadlineMs?: number; url?: string } = {}): AvataxClient {
  const made = new AvataxClient({
    url: simulator.url,
    accountId: "1100",
    licenseKey: LICENSE_KEY,
    version: "1.0.0",
    workerName: "w",
    deadlineMs: 2_000,
    maxInFlight: 3,
    clock: systemClock,
    random: () => 0,
    onAttempt: (operation, outcome) => attempts.push(`${operation} ${outcome}`),
    ...options,
  });
  clients.push(made);
  return made;
}

const request = (fields: Partial<DocumentTaxRequest> = {}): DocumentTaxRequest => ({
  document: "C:1",
  kind: "sale",
  company: "NORTH",
  currency: "USD",
  date: "2026-03-03",
  customer: "acme",
  taxId: undefined,
  entityUseCode: undefined,
  seller: { street: undefined, city: "Seattle", region: "WA", postalCode: "98101", country: "US" },
  buyer: { street: undefined, city: "Los Angeles", region: "CA", postalCode: "90012", country: "US" },
  pricesIncludeTax: false,
  lines: ["2026-02-28", "2026-03-03"].map((taxDate, index) => ({
    line: index + 1,
    amount: "100.00",
    quantity: undefined,
    item: "api",
    description: "API",
    taxCode: undefined,
    taxDate,
    exemption: undefined,
    corrects: undefined,
  })),
  ...fields,
});

const transactionOf = (answer: TaxAnswer) => {
  if (answer.kind !== "taxed") throw new Error(JSON.stringify(answer));
  return answer.transaction;
};

async function faultOf(promise: Promise<unknown>): Promise<TributaryError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TributaryError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("the AvaTax adapter", () => {
  it("reads the taxes of each line, as of its day, with their rates", async () => {
    const answer = await client().tax(request());
    // 6 + 0.25 + 3.25 % in February, 3.5 % in March.
    expect(answer).toMatchObject({
      kind: "taxed",
      transaction: { service: "avatax", company: "NORTH", code: "C:1", type: "SalesInvoice" },
      totalTax: "19.25",
      lines: [
        { line: 1, tax: "9.50", note: null },
        {
          line: 2,
          tax: "9.75",
          details: [
            { name: "CA STATE TAX", jurisdiction: "US/CA/CALIFORNIA", percent: "6", amount: "6.00" },
            { name: "CA COUNTY TAX", percent: "0.25", amount: "0.25" },
            { name: "CA SPECIAL TAX", percent: "3.5", amount: "3.50" },
          ],
        },
      ],
    });
    expect(simulator.malformedRequests).toEqual([]);
  });

  it("takes the tax out of prices that include it, and says why none is due", async () => {
    const german = { ...request().buyer, region: undefined, country: "DE" };
    const [first] = request().lines;
    const gross = { buyer: german, pricesIncludeTax: true, lines: [{ ...first!, amount: "119.00" }] };
    expect(await client().tax(request(gross))).toMatchObject({ totalTax: "19.00" });
    const exempt = { document: "C:2", lines: [{ ...first!, exemption: "E-1" }] };
    expect(await client().tax(request(exempt))).toMatchObject({
      lines: [{ tax: "0.00", note: "exempt: E-1" }],
    });
    const notTaxable = { document: "C:3", lines: [{ ...first!, taxCode: "NT" }] };
    expect(await client().tax(request(notTaxable))).toMatchObject({ lines: [{ note: "not taxable" }] });
  });

  it("commits once, also where the answer was lost", async () => {
    simulator.faultOf = (operation, _code, attempt) =>
      operation === "commit" && attempt === 1 ? { kind: "lost" } : undefined;
    const avatax = client();
    const transaction = transactionOf(await avatax.tax(request()));
    expect(await avatax.commit(transaction, "19.25")).toEqual({ kind: "committed" });
    expect(await avatax.commit(transaction, "19.25")).toEqual({ kind: "committed" });
    expect([...simulator.transactions.values()]).toMatchObject([{ status: "Committed", commits: 1 }]);
  });

  it("tells a refusal with the service's words: of taxes, of a commit", async () => {
    const nowhere = { ...request().buyer, region: "XX", country: "FR" };
    expect(await client().tax(request({ buyer: nowhere }))).toEqual({
      kind: "refused",
      code: "JurisdictionNotFoundError",
      message: "Unable to determine the taxing jurisdiction. (shipTo)",
    });
    const unknown = { service: "avatax", company: "NORTH", code: "none", type: "SalesInvoice" };
    expect(await client().commit(unknown, "1.00")).toMatchObject({
      kind: "refused",
      code: "EntityNotFoundError",
    });
  });

  it("tells where the record that is committed is another than the document's", async () => {
    const avatax = client();
    const transaction = transactionOf(await avatax.tax(request()));
    const answer = await avatax.commit(transaction, "19.26");
    expect(answer).toEqual({
      kind: "refused",
      code: "TaxDiffers",
      message: "the committed record has a tax of 19.25, the document of 19.26",
    });
    expect(await avatax.commit(transaction, "19.250")).toEqual({ kind: "committed" });
  });

  it("does not overwrite what is committed", async () => {
    const avatax = client();
    await avatax.commit(transactionOf(await avatax.tax(request())), "19.25");
    expect(await avatax.tax(request())).toMatchObject({ kind: "refused", code: "GetTaxError" });
  });

  it("asks again after a lost answer and a passing fault: one record", async () => {
    simulator.faultOf = (_operation, _code, attempt) =>
      [{ kind: "lost" as const }, { kind: "error" as const }][attempt - 1];
    expect(await client().tax(request())).toMatchObject({ totalTax: "19.25" });
    expect(attempts).toEqual(["create failed", "create failed", "create answered"]);
    expect(simulator.transactions.size).toBe(1);
  });

  it("gives up at the deadline", async () => {
    simulator.faultOf = () => ({ kind: "slow", ms: 2_000 });
    const fault = await faultOf(client({ deadlineMs: 100 }).tax(request()));
    expect([fault.code, fault.message]).toEqual([
      "tax-service-failed",
      "AvaTax gave no answer within 100 ms",
    ]);
    expect(attempts).toEqual(Array.from({ length: 3 }, () => "create timed-out"));
  });

  it("leaves a service alone for as long as it asks for, whoever asks", async () => {
    simulator.faultOf = (_operation, code, attempt) =>
      code === "C:1" && attempt === 1 ? { kind: "throttled", seconds: 1 } : undefined;
    const avatax = client();
    const first = avatax.tax(request());
    await expect.poll(() => attempts).toEqual(["create throttled"]);
    const [one, other] = await Promise.all([first, avatax.tax(request({ document: "C:2" }))]);
    expect([one.kind, other.kind]).toEqual(["taxed", "taxed"]);
    expect(simulator.earlyRequests).toBe(0);
  });

  it("says for how long it is not to be asked where that is long", async () => {
    simulator.faultOf = () => ({ kind: "throttled", seconds: 30 });
    const fault = await faultOf(client().tax(request()));
    expect(fault.details["retryInMs"]).toBe(30_000);
    expect(simulator.requests.create).toBe(1);
  });

  it("takes what is no JSON for no answer, and a header that is not the lines' sum as it is", async () => {
    simulator.faultOf = () => ({ kind: "malformed" });
    expect((await faultOf(client().tax(request()))).code).toBe("tax-service-failed");
    simulator.faultOf = () => ({ kind: "wrong-sum" });
    expect(await client().tax(request())).toMatchObject({ kind: "taxed", totalTax: "19.26" });
  });

  it("stops asking a service that is down, and tells how long", async () => {
    simulator.faultOf = () => ({ kind: "error" });
    const avatax = client();
    for (let n = 0; n < 4; n++) await faultOf(avatax.tax(request({ document: `C:${n}` })));
    const asked = simulator.requests.create;
    const fault = await faultOf(avatax.tax(request()));
    expect(fault.details["retryInMs"]).toBe(5_000);
    expect([asked, simulator.requests.create]).toEqual([10, 10]);
  });

  it("has no more requests under way than it may", async () => {
    simulator.faultOf = () => ({ kind: "slow", ms: 30 });
    const avatax = client();
    await Promise.all(Array.from({ length: 20 }, (_, n) => avatax.tax(request({ document: `C:${n}` }))));
    expect(simulator.mostAtOnce).toBe(3);
  });

  it("never tells the license key: not in faults, their causes or what is logged of them", async () => {
    const refused = await faultOf(client({ licenseKey: `${LICENSE_KEY}-wrong` }).tax(request()));
    expect(refused.message).toBe("AvaTax refuses the credentials (HTTP 401)");
    const unreachable = await faultOf(client({ url: "http://127.0.0.1:1" }).tax(request()));
    expect(unreachable.message).toMatch(/AvaTax can't be reached/);
    const encoded = Buffer.from(`1100:${LICENSE_KEY}`).toString("base64").slice(0, 20);
    for (const fault of [refused, unreachable]) {
      const told = JSON.stringify([redact(fault), String(fault), fault.stack, fault.details]);
      expect(told).not.toContain(LICENSE_KEY);
      expect(told).not.toContain(encoded);
    }
    expect(redact({ tax: { licenseKey: LICENSE_KEY, license_key: LICENSE_KEY } })).toEqual({
      tax: { licenseKey: "[redacted]", license_key: "[redacted]" },
    });
  });
});
