import { afterEach, beforeEach, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import {
  ErpFault,
  type PlannedPosting,
  type PollAnswer,
  type SubmitAnswer,
} from "../../../../src/sinks/erp/erp-sink.ts";
import { context, expectEqual } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import type { Fault } from "../../../simulators/finance-operations/control-commands.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
} from "../../../unit/erp/finance-operations/finance-operations-fixture.ts";
import { Bookkeeping } from "./environment-fixture.ts";

/**
 * Whatever goes wrong on the way, each document is in the environment once, as it was planned: a driver that does what the port promises (look up
 * before anything is sent again) against an environment that loses answers, throttles, refuses and repeats.
 */

/** A longer run is `FINANCE_OPERATIONS_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["FINANCE_OPERATIONS_FAULT_SEEDS"] ?? "4");
const DOCUMENTS = 12;
/** Far more than the faults below lead to. */
const MAX_STEPS = 200;

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

/** Gives undefined for a fault; those that say that the document is wrong fail the test. */
async function attempted<Result>(act: () => Promise<Result>): Promise<Result | ErpFault["kind"]> {
  try {
    return await act();
  } catch (fault) {
    if (!(fault instanceof ErpFault)) throw fault;
    if (["mapping", "validation", "period-closed", "permission"].includes(fault.kind)) throw fault;
    return fault.kind;
  }
}

/** What a job's end brought. */
async function ended(plan: PlannedPosting, handle: string): Promise<SubmitAnswer> {
  let answer: PollAnswer = { status: "pending" };
  await waitUntil("the job has ended", async () => {
    answer = await books.sink.poll(plan, handle, context());
    return answer.status !== "pending";
  });
  return submitted(answer);
}

function submitted(answer: PollAnswer): SubmitAnswer {
  if (answer.status === "pending") throw new Error("the job has not ended");
  return answer;
}

/** Posts as the runner does, without its waits. */
async function postThrough(posted: PostingCommand): Promise<PlannedPosting> {
  const plan = books.sink.plan(posted);
  let handle: string | undefined;
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
    const pending = handle;
    const answer = await attempted(() =>
      pending === undefined ? books.sink.submit(plan, context((attempt += 1))) : ended(plan, pending),
    );
    if (typeof answer === "string") {
      const isOfPoll = pending !== undefined && answer !== "duplicate" && answer !== "version-conflict";
      if (isOfPoll) continue;
      handle = undefined;
      mustLook = ["unknown", "duplicate", "version-conflict"].includes(answer);
    } else if (answer.status === "confirmed") return plan;
    else if (answer.status === "accepted") ({ handle } = answer);
  }
  throw new Error(`${posted.key} was not posted in ${MAX_STEPS} steps`);
}

function documents(): readonly PostingCommand[] {
  return Array.from({ length: DOCUMENTS }, (_, index) => {
    const net = String(index + 1);
    const one = line({ net, tax: "0", taxes: [] });
    const amounts = {
      lines: [one, { ...one, line: 2 }],
      net: String(2 * (index + 1)),
      tax: "0",
      total: String(2 * (index + 1)),
    };
    if (index % 4 === 3) return memo({ number: `C-${index}`, ...amounts });
    if (index % 4 === 2)
      return command(journal({ memo: `journal ${index}` }), { key: `journal:north:2026-06:USD:0:${index}` });
    return command(invoice({ number: `N-10${index}`, ...amounts }));
  });
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "each document is there once (seed %i)",
  async (seed) => {
    await books.restart({ seed, postingDelayMs: 20 });
    await books.post(command(customer()));
    books.simulator.control({ do: "set-posting-delay", ms: 0 });
    await books.post(command(invoice()));
    books.simulator.control({ do: "set-posting-delay", ms: 20 });
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
    for (const plan of plans) {
      const found = read.filter(({ externalId }) => externalId === plan.externalId);
      expect(found).toHaveLength(1);
      expectEqual(plan, found);
    }
    const { customers, invoices, journals, requests } = books.simulator.ledger();
    // The customer, the invoice that memos correct, and the documents.
    expect(customers.length + invoices.length + journals.length).toBe(2 + DOCUMENTS);
    expect(requests.filter(({ status }) => status === 0 || status >= 400).length).toBeGreaterThan(0);
  },
);
