import { afterEach, beforeEach, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { Fault } from "../../../simulators/sap-s4hana/control-commands.ts";
import { context, expectEqual } from "../../../support/erp/sink-requests.ts";
import { command, customer, invoice, journal, line } from "../../../unit/erp/sap-s4hana/sap-fixture.ts";
import { Bookkeeping, memo } from "./system-fixture.ts";

/**
 * Whatever goes wrong on the way, each document is in SAP once, as it was planned: a driver that does what the port promises (look up before anything is
 * sent again) against a system that loses answers, throttles, refuses and forgets its sessions.
 */

/** A longer run is `SAP_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["SAP_FAULT_SEEDS"] ?? "4");
const DOCUMENTS = 12;
/** Far more than the faults below lead to. */
const MAX_STEPS = 200;

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

/** Gives the kind of a fault; those that say that the document is wrong fail the test. */
async function attempted<Result>(act: () => Promise<Result>): Promise<Result | ErpFault["kind"]> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
    if (["mapping", "validation", "period-closed"].includes(fault.kind)) throw fault;
    return fault.kind;
  }
}

/** Posts as the runner does, without its waits. */
async function postThrough(posted: PostingCommand): Promise<PlannedPosting> {
  const plan = books.sink.plan(posted);
  let mustLook = false;
  for (let step = 1; step <= MAX_STEPS; step++) {
    if (mustLook) {
      const found = await attempted(() => books.sink.lookUp(plan, context()));
      if (typeof found === "string") continue;
      mustLook = false;
      if (found.length > 0) {
        expectEqual(plan, found);
        return plan;
      }
    }
    const answer = await attempted(() => books.sink.submit(plan, context(step)));
    if (typeof answer !== "string") return plan;
    mustLook = ["unknown", "duplicate", "version-conflict"].includes(answer);
  }
  throw new Error(`${posted.key} was not posted in ${MAX_STEPS} steps`);
}

function documents(): readonly PostingCommand[] {
  return Array.from({ length: DOCUMENTS }, (_, index) => {
    const net = String(index + 1);
    const one = line({ net, tax: "0", taxes: [] });
    const total = String(2 * (index + 1));
    const amounts = { lines: [one, { ...one, line: 2 }], net: total, tax: "0", total };
    if (index % 5 === 4) return command(customer({ customer: `new-${index}`, taxId: "12-3456789" }));
    if (index % 5 === 3) return memo({ number: `C-${index}`, ...amounts });
    if (index % 5 === 2)
      return command(journal({ memo: `journal ${index}` }), {
        key: `journal:north:2026-06:USD:0:${index}`,
      });
    return command(invoice({ number: `N-10${index}`, ...amounts }));
  });
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "each document is there once (seed %i)",
  async (seed) => {
    await books.restart({ seed });
    books.openWithTokens();
    await books.post(command(customer()));
    await books.post(command(invoice()));
    for (const [fault, rate] of FAULTS) books.simulator.fault(fault, { rate });
    const plans: PlannedPosting[] = [];
    const waiting = [...documents(), command(customer({ name: "Acme Ltd.", email: "new@acme.test" }))];
    await Promise.all(
      [0, 1, 2].map(async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
          plans.push(await postThrough(next));
      }),
    );
    books.simulator.control({ do: "clear-faults" });
    const read = await books.sink.readBack(plans, context());
    for (const plan of plans)
      expectEqual(
        plan,
        read.filter(({ externalId }) => externalId === plan.externalId),
      );
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
