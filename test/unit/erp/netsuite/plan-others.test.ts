import { describe, expect, it } from "vitest";
import { writeExactJson } from "../../../../src/sinks/http/exact-json.ts";
import { externalIdOf } from "../../../../src/sinks/erp/netsuite/external-id.ts";
import { planCommand } from "../../../../src/sinks/erp/netsuite/plan-command.ts";
import type { NetsuitePlan } from "../../../../src/sinks/erp/netsuite/plan.ts";
import { netsuiteDescription } from "../../../../src/sinks/erp/netsuite/description.ts";
import { command, CONTEXT, customer, journal, PREFIX, REFERENCES, SETTINGS } from "./netsuite-fixture.ts";

function body(planned: NetsuitePlan): unknown {
  return planned.request.kind === "upsert" ? JSON.parse(writeExactJson(planned.request.body)) : undefined;
}

describe("plan of a customer", () => {
  it("makes a company of it, with its address", () => {
    const planned = planCommand(command(customer()), CONTEXT);
    expect(planned.request).toMatchObject({ recordType: "customer", replace: ["addressBook"] });
    expect(body(planned)).toEqual({
      externalId: "umr-customer_north_acme",
      isPerson: false,
      companyName: "Acme Corporation",
      subsidiary: { id: "1" },
      currency: { id: "1" },
      email: "ap@acme.test",
      terms: { id: "2" },
      addressBook: {
        items: [
          {
            defaultBilling: true,
            defaultShipping: true,
            addressBookAddress: {
              addressee: "Acme Corporation",
              addr1: "1 Main Street",
              city: "Los Angeles",
              state: "CA",
              zip: "90012",
              country: { id: "US" },
            },
          },
        ],
      },
    });
    expect(planned.expected).toMatchObject({ legalEntity: "1", currency: "1", customer: null });
  });

  it("cuts what is too long, and cuts no character in two", () => {
    const long = customer({
      name: `${"x".repeat(82)}😀`,
      email: `${"y".repeat(300)}@acme.test`,
      address: {
        street: "s\n".repeat(200),
        city: "c".repeat(99),
        region: "r".repeat(99),
        postalCode: "9".repeat(99),
        country: null,
      },
    });
    const planned = planCommand(command(long), CONTEXT);
    expect(body(planned)).toMatchObject({
      companyName: "x".repeat(82),
      addressBook: {
        items: [
          {
            addressBookAddress: {
              addr1: "s ".repeat(75),
              city: "c".repeat(50),
              state: "r".repeat(30),
              zip: "9".repeat(36),
            },
          },
        ],
      },
    });
    // An address of a mailbox that was cut would be somebody else's, and a wrong one would hold up the customer's documents.
    expect(body(planned)).not.toHaveProperty("email");
    for (const email of ["nobody", "a b@acme.test", "a@acme"])
      expect(body(planCommand(command(customer({ email })), CONTEXT))).not.toHaveProperty("email");
  });

  it("sends no address where nothing of it is known, and the tax number to the field that was named", () => {
    const address = { street: null, city: null, region: null, postalCode: null, country: null };
    const planned = planCommand(command(customer({ address, taxId: "DE123456789" })), {
      prefix: PREFIX,
      settings: { ...SETTINGS, taxIdField: "vatRegNumber" },
    });
    expect(planned.request).toMatchObject({ replace: [] });
    expect(body(planned)).toMatchObject({ vatRegNumber: "DE123456789" });
    expect(body(planned)).not.toHaveProperty("addressBook");
  });

  it("leaves a customer as it is that the mapping names", () => {
    const references = { ...REFERENCES, customer: { acme: { id: "614" } } };
    const planned = planCommand(command(customer(), { references }), CONTEXT);
    expect(planned.request).toEqual({ kind: "existing-customer", id: "614" });
    expect(planned.expected).toMatchObject({ customer: "614", currency: null });
  });
});

describe("plan of a journal", () => {
  it("has NetSuite reverse it on its day", () => {
    const planned = planCommand(command(journal()), CONTEXT);
    expect(planned.request).toMatchObject({ recordType: "journalEntry", replace: ["line"] });
    expect(body(planned)).toEqual({
      externalId: planned.externalId,
      subsidiary: { id: "1" },
      currency: { id: "1" },
      tranDate: "2026-06-30",
      reversalDate: "2026-07-01",
      reversalDefer: false,
      approved: true,
      memo: "Unbilled revenue 2026-06",
      line: {
        items: [
          { account: { id: "119" }, debit: 300, memo: "A-1" },
          { account: { id: "54" }, credit: 300, memo: "A-1" },
        ],
      },
    });
    expect(planned.expected).toMatchObject({
      total: "300",
      lines: [
        { reference: "119", amount: "300.00" },
        { reference: "54", amount: "-300" },
      ],
    });
  });

  it("says what it reverses, and has no reversal of its own then", () => {
    const planned = planCommand(
      command(journal({ reversalDate: null, reverses: "journal:north:2026-06:USD:0:1" })),
      CONTEXT,
    );
    expect(body(planned)).toMatchObject({
      memo: "Unbilled revenue 2026-06 (reverses journal:north:2026-06:USD:0:1)",
    });
    expect(body(planned)).not.toHaveProperty("reversalDate");
  });

  const [debit, credit] = journal().lines;
  it.each([
    ["debits and credits that differ", [debit!, { ...credit!, credit: "299.99" }]],
    ["a line with both", [{ ...debit!, credit: "300.00" }, credit!]],
    ["a line with neither", [{ ...debit!, debit: null }, credit!]],
    [
      "a negative amount",
      [
        { ...debit!, debit: "-300" },
        { ...credit!, credit: "-300" },
      ],
    ],
    [
      "an amount of nothing",
      [
        { ...debit!, debit: "0" },
        { ...credit!, credit: "0" },
      ],
    ],
  ])("refuses %s", (_, lines) => {
    expect(() => planCommand(command(journal({ lines })), CONTEXT)).toThrow(
      expect.objectContaining({ kind: "validation" }),
    );
  });
});

describe("external ids", () => {
  it("have only characters that NetSuite takes, and tell keys apart that it would take for the same", () => {
    const keys = [
      "customer:north:acme",
      "customer:north:Acme",
      "customer:north:acme corp",
      "customer:north:acme_corp",
      "customer:north_acme",
      "customer:north:acme|corp",
      `customer:north:${"a".repeat(200)}`,
      `customer:north:${"a".repeat(201)}`,
    ];
    const ids = keys.map((key) => externalIdOf(PREFIX, key));
    expect(new Set(ids.map((id) => id.toLowerCase())).size).toBe(keys.length);
    for (const id of ids) expect(id).toMatch(/^umr-[A-Za-z0-9_-]{1,96}$/);
    expect(ids[0]).toBe("umr-customer_north_acme");
    expect(externalIdOf("umr:a.b-", "journal:north")).toBe("umr_a_b-journal_north");
    expect(keys.map((key) => externalIdOf(PREFIX, key))).toEqual(ids);
  });
});

it("describes every table that a plan looks into", () => {
  expect(Object.keys(netsuiteDescription.required)).toEqual([...netsuiteDescription.kinds]);
  expect(netsuiteDescription.reversesJournals).toBe(true);
});
