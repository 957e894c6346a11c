import { afterEach, beforeEach, expect, it } from "vitest";
import { expectReadBack, postAllThroughFaults, variedDocuments } from "../../../support/erp/random-faults.ts";
import type { Fault } from "../../../simulators/sap-s4hana/control-commands.ts";
import { sampleCommands } from "../../../support/erp/sample-documents.ts";
import {
  BILLING_REFERENCES,
  command,
  customer,
  invoice,
  journal,
  memo,
} from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { Bookkeeping } from "./system-fixture.ts";

/** Whatever goes wrong on the way, each document is in SAP once, as it was planned; the system loses answers, throttles, refuses and forgets its sessions. */

/** A longer run is `SAP_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["SAP_FAULT_SEEDS"] ?? "4");
const DOCUMENTS = 12;

const FAULTS: readonly (readonly [fault: Fault, rate: number])[] = [
  [{ kind: "lost-after-commit" }, 0.15],
  [{ kind: "lost-before-commit" }, 0.1],
  [{ kind: "server-error", status: 502 }, 0.05],
  [{ kind: "server-error-after-commit", status: 500 }, 0.1],
  [{ kind: "processing-error-after-commit" }, 0.05],
  [{ kind: "server-error", status: 503 }, 0.05],
  [{ kind: "throttle-storm", ms: 10 }, 0.05],
  [{ kind: "token-expiry" }, 0.1],
  [{ kind: "session-end" }, 0.1],
  [{ kind: "locked-entries", places: [0] }, 0.05],
  [{ kind: "changed-meanwhile" }, 0.1],
];

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "each document is there once (seed %i)",
  async (seed) => {
    await books.restart({ seed });
    books.openWithTokens();
    await books.post(command(customer()));
    await books.post(command(invoice()));
    for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate });
    const documents = [
      ...variedDocuments(DOCUMENTS, { command, memo }, journal),
      ...["new-1", "new-2"].map((key) => command(customer({ customer: key, taxId: "12-3456789" }))),
      command(customer({ name: "Acme Ltd.", email: "new@acme.test" })),
    ];
    // A session that ends again and again looks like a permission that is missing.
    const plans = await postAllThroughFaults(books.sink, documents, { passing: "permission" });
    books.simulator.control({ do: "clear-faults" });
    await expectReadBack(books.sink, plans);
    const { documents: booked, partners, requests, wrongRequests } = books.simulator.ledger();
    const customers = plans.filter(({ kind }) => kind === "customer").length;
    // The invoice that memos correct was there before.
    expect(booked).toHaveLength(1 + plans.length - customers);
    expect(partners).toHaveLength(customers);
    expect(partners[0]?.fields).toMatchObject({ OrganizationBPName1: "Acme Ltd." });
    expect(wrongRequests).toEqual([]);
    expect(requests.filter(({ status }) => status === 0 || status >= 400).length).toBeGreaterThan(0);
  },
);

it.each([1, 2])("each document that SAP bills is there once (seed %i)", async (seed) => {
  await books.restart({ seed });
  // The documents of this test are without taxes.
  const references = {
    ...BILLING_REFERENCES,
    item: { api: { account: "41000000", material: "USAGE_UNTAXED" } },
  };
  const commands = sampleCommands(references);
  books.openBilling();
  await books.post(commands.command(customer()));
  // A step makes several requests here, all of which must succeed.
  for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate: rate / 4 });
  const documents = variedDocuments(DOCUMENTS, commands, journal);
  const plans = await postAllThroughFaults(books.sink, documents, { passing: "permission" });
  books.simulator.control({ do: "clear-faults" });
  await expectReadBack(books.sink, plans);
  const { billingDocuments, requestsToBill, documents: booked, wrongRequests } = books.simulator.ledger();
  const journals = plans.filter(({ kind }) => kind === "journal").length;
  expect([billingDocuments.length, requestsToBill.length, booked.length]).toEqual([
    DOCUMENTS - journals,
    DOCUMENTS - journals,
    DOCUMENTS,
  ]);
  expect(wrongRequests).toEqual([]);
});
