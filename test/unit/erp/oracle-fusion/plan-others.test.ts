import { unzipSync, strFromU8 } from "fflate";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { customerKey } from "../../../../src/model/posting.ts";
import { ErpFault } from "../../../../src/sinks/erp/erp-sink.ts";
import {
  derivedNumberOf,
  externalIdOf,
  groupIdOf,
} from "../../../../src/sinks/erp/oracle-fusion/external-id.ts";
import { glInterfaceCsv, glInterfaceZip } from "../../../../src/sinks/erp/oracle-fusion/gl-interface.ts";
import type { JournalRequest } from "../../../../src/sinks/erp/oracle-fusion/plan.ts";
import { oraclePlan } from "../../../../src/sinks/erp/oracle-fusion/plan.ts";
import { planCommand } from "../../../../src/sinks/erp/oracle-fusion/plan-command.ts";
import { command, CONTEXT, customer, journal, PREFIX, REFERENCES, SETTINGS } from "./oracle-fixture.ts";

function journalRequest(posted = command(journal())): JournalRequest {
  const { request } = planCommand(posted, CONTEXT);
  if (request.kind !== "journal") throw new Error("it is no journal");
  return request;
}

function faultOf(act: () => unknown): ErpFault {
  try {
    act();
  } catch (fault) {
    if (fault instanceof ErpFault) return fault;
    throw fault;
  }
  throw new Error("there was no fault");
}

describe("a journal", () => {
  it("is rows without a header, known by their positions", () => {
    const [debit = "", credit = "", end] = glInterfaceCsv(journalRequest().rows).split("\r\n");
    expect(end).toBe("");
    const { groupId } = journalRequest();
    const cells = (row: string): Record<number, string> =>
      Object.fromEntries(row.split(",").flatMap((cell, place) => (cell === "" ? [] : [[place, cell]])));
    expect(debit.split(",")).toHaveLength(149);
    expect(cells(debit)).toEqual({
      0: "NEW",
      1: "300000001",
      2: "2026/06/30",
      3: "Tributary",
      4: "Tributary",
      5: "USD",
      6: "2026/06/30",
      7: "A",
      8: "01",
      9: "000",
      10: "1220",
      11: "0000",
      38: "300.00",
      42: "umr-journal:north:2026-06:USD:0:1",
      43: "umr-journal:north:2026-06:USD:0:1: Unbilled revenue 2026-06",
      45: "umr-journal:north:2026-06:USD:0:1",
      46: "umr-journal:north:2026-06:USD:0:1: Unbilled revenue 2026-06",
      51: "A-1",
      66: groupId,
    });
    expect(cells(credit)).toMatchObject({ 10: "4110", 39: "300.00" });
    expect(groupId).toMatch(/^[1-9]\d{0,14}$/);
    expect(debit.split(",")[38]).not.toBe("");
    expect(credit.split(",")[38]).toBe("");
  });

  it("is the same file for the same journal", () => {
    const zip = glInterfaceZip(journalRequest().rows);
    expect(glInterfaceZip(journalRequest().rows)).toBe(zip);
    const files = unzipSync(Buffer.from(zip, "base64"));
    expect(Object.keys(files)).toEqual(["GlInterface.csv"]);
    expect(strFromU8(files["GlInterface.csv"] ?? new Uint8Array())).toBe(
      glInterfaceCsv(journalRequest().rows),
    );
  });

  it("says what it reverses, and is expected with its signs", () => {
    const reversing = command(journal({ reverses: "journal:north:2026-05:USD:0:1" }));
    const plan = planCommand(reversing, CONTEXT);
    expect(plan.expected).toEqual({
      customer: null,
      legalEntity: null,
      currency: "USD",
      date: "2026-06-30",
      total: "300",
      tax: null,
      lines: [
        { reference: "01-000-1220-0000", amount: "300.00" },
        { reference: "01-000-4110-0000", amount: "-300" },
      ],
    });
    expect(glInterfaceCsv(journalRequest(reversing).rows)).toContain(
      "(reverses journal:north:2026-05:USD:0:1)",
    );
  });

  it.each([
    ["unbalanced", command(journal({ lines: journal().lines.slice(0, 1) })), "validation"],
    [
      "with a key that is too long to be told",
      command(journal(), { key: `journal:${"x".repeat(240)}` }),
      "validation",
    ],
    [
      "with an account that is no list of segments",
      command(journal(), {
        references: {
          ...REFERENCES,
          account: {
            revenue: { combination: "01--4110" },
            "unbilled-receivable": { combination: "01-000-1220-0000" },
          },
        },
      }),
      "mapping",
    ],
    [
      "without a ledger",
      command(journal(), { references: { ...REFERENCES, legal_entity: { north: {} } } }),
      "mapping",
    ],
  ])("is not sent %s", (_, posted, kind) => {
    expect(faultOf(() => planCommand(posted, CONTEXT)).kind).toBe(kind);
  });
});

describe("a customer", () => {
  it("is a party with an address", () => {
    const plan = planCommand(command(customer({ name: `A\n${"b".repeat(400)}` })), CONTEXT);
    expect(plan).toMatchObject({
      externalId: "umr-customer:north:acme",
      expected: { customer: "umr-customer:north:acme", total: null },
      request: {
        kind: "customer",
        setId: "300000011",
        address: {
          AddressLine1: "1 Main Street",
          City: "Los Angeles",
          State: "CA",
          PostalCode: "90012",
          Country: "US",
        },
      },
    });
    const names = ["organizationName", "accountName"].map((field) =>
      String(Reflect.get(plan.request, field)),
    );
    expect(names.map((name) => name.length)).toEqual([360, 240]);
    expect(names[0]).toMatch(/^A b/);
  });

  it("needs a country: its own, or the connection's", () => {
    const nowhere = command(
      customer({ address: { street: null, city: null, region: null, postalCode: null, country: null } }),
    );
    expect(() => planCommand(nowhere, CONTEXT)).toThrow(ErpFault);
    const settings = { ...SETTINGS, defaultCountry: "DE" };
    expect(planCommand(nowhere, { prefix: PREFIX, settings }).request).toMatchObject({
      address: { AddressLine1: "-", Country: "DE" },
    });
  });

  it("that the mapping names is only looked at", () => {
    const references = { ...REFERENCES, customer: { acme: { account_number: "1005" } } };
    expect(planCommand(command(customer(), { references }), CONTEXT)).toMatchObject({
      expected: { customer: "1005" },
      request: { kind: "existing-customer", accountNumber: "1005" },
    });
  });
});

it("a plan of another adapter is refused", () => {
  const plan = planCommand(command(customer()), CONTEXT);
  expect(oraclePlan(plan)).toBe(plan);
  expect(() => oraclePlan({ ...plan, request: { kind: "upsert" } })).toThrow(TypeError);
});

describe("external ids", () => {
  it("are readable where the key allows it, and have a hash where not", () => {
    expect(externalIdOf("umr-", "invoice:north:N-1")).toBe("umr-invoice:north:N-1");
    expect(externalIdOf("umr-", "invoice:north:N 1")).toMatch(/^umr-invoice:north:N_1_[0-9a-f]{20}$/);
    expect(externalIdOf("umr-", customerKey("north", "x".repeat(80)))).toMatch(
      /^umr-customer:north:x+_[0-9a-f]{20}$/,
    );
  });

  it("differ for different keys, fit, and have nothing that a question could stumble over", () => {
    const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 80, unit: "grapheme" }), {
      minLength: 2,
      maxLength: 20,
    });
    fc.assert(
      fc.property(keys, (given) => {
        const ids = given.map((key) => externalIdOf("p'%-", key));
        expect(new Set(ids).size).toBe(given.length);
        for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9:._-]{1,50}$/);
        for (const key of given) {
          expect(groupIdOf(key)).toMatch(/^[1-9]\d{0,14}$/);
          expect(derivedNumberOf("p", key)).toMatch(/^[0-9A-F]{20}$/);
        }
      }),
    );
  });
});
