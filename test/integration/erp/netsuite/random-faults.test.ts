import { afterEach, beforeEach, expect, it } from "vitest";
import { expectReadBack, postAllThroughFaults, variedDocuments } from "../../../support/erp/random-faults.ts";
import type { Fault } from "../../../simulators/netsuite/control-commands.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
  SETTINGS,
} from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping } from "./account-fixture.ts";

/** Whatever goes wrong on the way, each document is in the account once, as it was planned; the account loses answers, throttles, refuses and repeats. */

/** A longer run is `NETSUITE_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["NETSUITE_FAULT_SEEDS"] ?? "4");
const DOCUMENTS = 12;

const FAULTS: readonly (readonly [fault: Fault, rate: number])[] = [
  [{ kind: "duplicate-delivery" }, 0.25],
  [{ kind: "lost-after-commit" }, 0.15],
  [{ kind: "lost-before-commit" }, 0.1],
  [{ kind: "server-error", status: 502 }, 0.05],
  [{ kind: "server-error-after-commit", status: 500 }, 0.1],
  [{ kind: "server-error", status: 503 }, 0.05],
  [{ kind: "throttle-storm", ms: 20 }, 0.05],
  [{ kind: "invalid-login" }, 0.05],
  [{ kind: "record-changed" }, 0.05],
];

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

it.each(Array.from({ length: SEEDS }, (_, index) => [index + 1, index % 2 === 1] as const))(
  "each document is there once (seed %i, asynchronous %s)",
  async (seed, isAsynchronous) => {
    await books.restart({ seed });
    await books.post(command(customer()));
    await books.post(command(invoice()));
    books.open({ isAsynchronous, documents: SETTINGS });
    for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate });
    const plans = await postAllThroughFaults(
      books.sink,
      variedDocuments(DOCUMENTS, { command, memo }, journal),
    );
    books.simulator.control({ do: "clear-faults" });
    books.open();
    await expectReadBack(books.sink, plans);
    const { records, requests } = books.simulator.ledger();
    // The customer, the invoice that memos correct, the documents, and the journals' reversals.
    const journals = plans.filter(({ kind }) => kind === "journal").length;
    expect(records).toHaveLength(2 + DOCUMENTS + journals);
    expect(requests.filter(({ status }) => status === 0 || status >= 400).length).toBeGreaterThan(0);
  },
);
