import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import { ErpFault, type PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import type { Fault } from "../../../simulators/oracle-fusion/control-commands.ts";
import { context } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  journal,
  line,
  memo,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { BASIC, Environment, OAUTH, expectNoWrongRequests } from "./environment-fixture.ts";

/**
 * Whatever goes wrong on the way, each document is in Oracle once, as it was planned: a driver that does what the port promises (look up before
 * anything is sent again) against an environment that loses answers, throttles, refuses and repeats.
 */

/** A longer run is `ORACLE_FUSION_FAULT_SEEDS=50`. */
const SEEDS = Number(process.env["ORACLE_FUSION_FAULT_SEEDS"] ?? "3");
const DOCUMENTS = 8;
/** Far more than the faults below lead to. */
const MAX_STEPS = 300;
const STORM_MS = 10;

const FAULTS: readonly (readonly [fault: Fault, rate: number])[] = [
  [{ kind: "lost-after-commit" }, 0.12],
  [{ kind: "lost-before-commit" }, 0.1],
  [{ kind: "server-error", status: 502 }, 0.05],
  [{ kind: "server-error-after-commit", status: 500 }, 0.07],
  [{ kind: "server-error", status: 503 }, 0.05],
  [{ kind: "throttle-storm", ms: STORM_MS }, 0.03],
  [{ kind: "token-expiry" }, 0.05],
  [{ kind: "record-changed" }, 0.03],
];

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start();
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
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
  const plan = oracle.sink.plan(posted);
  let handle: string | undefined;
  let mustLook = false;
  let attempt = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    if (mustLook) {
      const found = await attempted(() => oracle.sink.lookUp(plan, context()));
      if (typeof found === "string") continue;
      mustLook = false;
      if (found.length > 1) throw new Error(`${posted.key} is there ${found.length} times`);
      if (found[0]?.document.customer === plan.expected.customer) return plan;
    }
    const pending = handle;
    const answer = await attempted(() =>
      pending === undefined
        ? oracle.sink.submit(plan, context((attempt += 1)))
        : oracle.sink.poll(plan, pending, context()),
    );
    if (typeof answer === "string") {
      const isOfPoll = pending !== undefined && answer !== "duplicate" && answer !== "version-conflict";
      if (isOfPoll) continue;
      handle = undefined;
      mustLook = ["unknown", "duplicate", "version-conflict"].includes(answer);
      // An attempt counts only where something may have been sent.
      if (["transient", "throttle", "authentication"].includes(answer)) attempt -= 1;
      if (answer === "throttle") await delay(STORM_MS);
    } else if (answer.status === "confirmed") return plan;
    else if (answer.status === "accepted") ({ handle } = answer);
  }
  throw new Error(`${posted.key} was not posted in ${MAX_STEPS} steps`);
}

function documents(): readonly PostingCommand[] {
  return Array.from({ length: DOCUMENTS }, (_, index) => {
    const one = line({ net: String(index + 1), tax: "0", taxes: [] });
    const total = String(2 * (index + 1));
    const amounts = { lines: [one, { ...one, line: 2 }], net: total, tax: "0", total };
    if (index % 4 === 1)
      return command(journal({ memo: `journal ${index}` }), { key: `journal:north:2026-06:USD:0:${index}` });
    if (index % 4 === 2)
      return command(customer({ customer: `customer-${index}`, name: `Customer ${index}` }));
    if (index % 4 === 3) {
      const corrects = { key: `invoice:north:N-${index - 3}`, number: `N-${index - 3}` };
      return command(memo({ number: `C-${index}`, ...amounts, corrects }).document, {
        after: [corrects.key],
      });
    }
    return command(invoice({ number: `N-${index}`, ...amounts }));
  });
}

it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "each document once, as planned: seed %i",
  async (seed) => {
    await oracle.restart({ seed, importDelayMs: 5, credentials: { basic: BASIC, oauth: OAUTH } });
    const { url } = oracle.simulator;
    oracle.open({
      authentication: {
        kind: "oauth",
        clientId: OAUTH.clientId,
        clientSecret: OAUTH.clientSecret,
        scope: OAUTH.scope,
        tokenUrl: `${url}/oauth2/v1/token`,
      },
    });
    for (const [fault, rate] of FAULTS) oracle.simulator.fault(fault, { rate });
    // A repeated import is Oracle's to keep out, and it doesn't: that is found, and tested by itself.
    oracle.simulator.fault({ kind: "duplicate-delivery" }, { rate: 0.2, notPath: "/erpintegrations" });
    const plans = [await postThrough(command(customer()))];
    for (const posted of documents()) plans.push(await postThrough(posted));
    oracle.simulator.control({ do: "clear-faults" });
    for (const plan of plans) await oracle.expectAsPlanned(plan);
    const { transactions, accounts, batches, parties } = oracle.simulator.ledger();
    const numbers = transactions.map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(transactions.every(({ isComplete }) => isComplete)).toBe(true);
    expect([numbers.length, batches.length, accounts.length, parties.length]).toEqual([
      DOCUMENTS / 2,
      DOCUMENTS / 4,
      DOCUMENTS / 4 + 1,
      DOCUMENTS / 4 + 1,
    ]);
    // Each memo took from its invoice what was open, once.
    for (const each of transactions.filter(({ isMemo }) => isMemo)) expect(each.applications).toHaveLength(1);
  },
);
