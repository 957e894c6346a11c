import { afterEach, beforeEach, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { Fault } from "../../../simulators/business-central/control-commands.ts";
import { context, expectEqual } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  memo,
  untaxed,
} from "../../../unit/erp/business-central/business-central-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/**
 * Whatever goes wrong on the way, each document is in the books once, as it was planned: a driver that does what the port promises (look up
 * before anything is sent again) against an environment that loses answers, throttles, refuses and repeats.
 */

/** A longer run is `BUSINESS_CENTRAL_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["BUSINESS_CENTRAL_FAULT_SEEDS"] ?? "3");
const DOCUMENTS = 12;
/** Far more than the faults below lead to. */
const MAX_STEPS = 300;

const FAULTS: readonly (readonly [fault: Fault, rate: number])[] = [
  [{ kind: "duplicate-delivery" }, 0.15],
  [{ kind: "lost-after-commit" }, 0.1],
  [{ kind: "lost-before-commit" }, 0.05],
  [{ kind: "server-error", status: 502 }, 0.03],
  [{ kind: "server-error-after-commit", status: 504 }, 0.05],
  [{ kind: "server-error-after-commit", status: 408 }, 0.03],
  [{ kind: "server-error", status: 503 }, 0.05],
  [{ kind: "throttle-storm", ms: 10 }, 0.03],
  [{ kind: "token-expiry" }, 0.03],
  [{ kind: "entity-changed" }, 0.03],
];

let books: Bookkeeping;
beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

/** Gives the kind of a fault; those that say that the document is wrong fail the test. */
async function attempted<Result>(act: () => Promise<Result>): Promise<Result | ErpFault["kind"]> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
    if (["mapping", "validation", "period-closed", "permission"].includes(fault.kind)) throw fault;
    return fault.kind;
  }
}

/** Posts as the runner does, without its waits. */
async function postThrough(posted: PostingCommand): Promise<PlannedPosting> {
  const plan = books.sink.plan(posted);
  let mustLook = false;
  let attempt = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    if (mustLook) {
      const found = await attempted(() => books.sink.lookUp(plan, context()));
      if (typeof found === "string") continue;
      mustLook = false;
      if (found.length > 0) {
        expectEqual(plan, found);
        return plan;
      }
    }
    const answer = await attempted(() => books.sink.submit(plan, context((attempt += 1))));
    if (typeof answer === "string") mustLook = ["unknown", "duplicate", "version-conflict"].includes(answer);
    else if (answer.status === "confirmed") return plan;
  }
  throw new Error(`${posted.key} was not posted in ${MAX_STEPS} steps`);
}

function documents(): readonly PostingCommand[] {
  return Array.from({ length: DOCUMENTS }, (_, index) => {
    const net = String(index + 1);
    if (index % 4 === 3)
      return memo({
        ...untaxed(`C-${index}`, net),
        kind: "credit-memo",
        number: `C-${index}`,
        corrects: { key: "invoice:north:N-1", number: "N-1" },
      });
    if (index % 4 === 2)
      return command(journal({ memo: `journal ${index}` }), { key: `journal:north:2026-06:USD:0:${index}` });
    return command(untaxed(`N-10${index}`, net));
  });
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "each document is there once (seed %i)",
  async (seed) => {
    await books.restart({ seed });
    await books.post(command(customer()));
    await books.post(command(invoice()));
    for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate });
    const plans: PlannedPosting[] = [];
    const waiting = [...documents()];
    await Promise.all(
      [0, 1, 2].map(async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          plans.push(await postThrough(next));
      }),
    );
    books.simulator.control({ do: "clear-faults" });
    books.open();
    const read = await books.sink.readBack(plans, context());
    expect(read).toHaveLength(DOCUMENTS);
    for (const plan of plans)
      expectEqual(
        plan,
        read.filter(({ externalId }) => externalId === plan.externalId),
      );
    const { records, requests } = books.simulator.ledger();
    const sales = records.filter(({ set }) => set === "salesInvoices" || set === "salesCreditMemos");
    const drafts = sales.filter(({ values }) => values["status"] === "Draft");
    // A draft that came twice may be left where the posted document was found by a look.
    expect(sales.length - drafts.length).toBe(1 + plans.filter(({ kind }) => kind !== "journal").length);
    const booked = records.filter(
      ({ set, values }) => set === "generalLedgerEntries" && values["documentType"] === " ",
    );
    expect(booked).toHaveLength(2 * plans.filter(({ kind }) => kind === "journal").length);
    expect(requests.filter(({ status }) => status === 0 || status >= 400).length).toBeGreaterThan(0);
    // What is submitted again finds what is there, and puts away what is left of drafts.
    for (const plan of plans) await books.sink.submit(plan, context());
    expect(books.simulator.ledger().records.filter(({ values }) => values["status"] === "Draft")).toEqual([]);
  },
);
