import { afterEach, beforeEach, expect, it } from "vitest";
import { expectReadBack, postAllThroughFaults, variedDocuments } from "../../../support/erp/random-faults.ts";
import type { Fault } from "../../../simulators/finance-operations/control-commands.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
} from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/** Whatever goes wrong on the way, each document is in the environment once, as it was planned; the environment loses answers, throttles, refuses and repeats. */

/** A longer run is `FINANCE_OPERATIONS_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["FINANCE_OPERATIONS_FAULT_SEEDS"] ?? "4");
const DOCUMENTS = 12;

const FAULTS: readonly (readonly [fault: Fault, rate: number])[] = [
  [{ kind: "duplicate-delivery" }, 0.25],
  [{ kind: "lost-after-commit" }, 0.15],
  [{ kind: "lost-before-commit" }, 0.1],
  [{ kind: "server-error", status: 502 }, 0.05],
  [{ kind: "server-error-after-commit", status: 500 }, 0.1],
  [{ kind: "server-error", status: 503 }, 0.05],
  [{ kind: "throttle-storm", ms: 20 }, 0.05],
  [{ kind: "token-expiry" }, 0.05],
  [{ kind: "update-conflict" }, 0.05],
  [{ kind: "torn-answer" }, 0.1],
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
    await books.restart({ seed, postingDelayMs: 20 });
    await books.post(command(customer()));
    books.simulator.control({ do: "set-posting-delay", ms: 0 });
    await books.post(command(invoice()));
    books.simulator.control({ do: "set-posting-delay", ms: 20 });
    for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate });
    const plans = await postAllThroughFaults(
      books.sink,
      variedDocuments(DOCUMENTS, { command, memo }, journal),
    );
    books.simulator.control({ do: "clear-faults" });
    books.open();
    await expectReadBack(books.sink, plans);
    const { customers, invoices, journals, requests } = books.simulator.ledger();
    // The customer, the invoice that memos correct, and the documents.
    expect(customers.length + invoices.length + journals.length).toBe(2 + DOCUMENTS);
    expect(requests.filter(({ status }) => status === 0 || status >= 400).length).toBeGreaterThan(0);
  },
);
