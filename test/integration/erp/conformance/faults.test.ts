import { expect } from "vitest";
import type { PostedDocument } from "../../../../src/model/posting.ts";
import {
  customerOf,
  invoiceOf,
  journalOf,
  MONTH,
  memoOf,
  NORTH,
} from "../../../support/erp/conformance/canonical-documents.ts";
import {
  type ConformanceWorld,
  HOUR_MS,
  MINUTE_MS,
} from "../../../support/erp/conformance/conformance-world.ts";
import { expectOnce, postDirectly, untilPostedOnce } from "../../../support/erp/conformance/expectations.ts";
import { describeEachErp } from "../../../support/erp/conformance/each-erp.ts";
import type { SimulatedFault } from "../../../support/erp/simulated-erp.ts";

/** What goes wrong with requests, and what the ERP says no to. */

const DOCUMENTS: readonly PostedDocument[] = [
  customerOf(NORTH),
  invoiceOf("N-1"),
  memoOf("N-2", { corrects: "N-1", net: [2_000] }),
  journalOf(30_000),
];
/** ERPs lock accounts for refused credentials: one probe in half a minute at most, beside the first requests. */
const REQUESTS_AN_HOUR = 120;
const FIRST_REQUESTS = 20;

/** Each document meets the fault at its first request; the ERP must have all of them once. */
async function postEachWith(
  world: ConformanceWorld,
  fault: SimulatedFault,
  times = 1,
): Promise<readonly string[]> {
  world.startProcess();
  const keys: string[] = [];
  for (const document of DOCUMENTS) {
    world.erp.fault(fault, { times });
    keys.push(...world.queue(document));
    await world.untilPosted();
    world.erp.clearFaults();
  }
  await world.pass(MINUTE_MS);
  await untilPostedOnce(world);
  return keys;
}

async function isTriedAgain(world: ConformanceWorld): Promise<void> {
  const keys = await postEachWith(world, "unavailable", 2);
  for (const key of keys) expect([key, world.submissionsOf(key)]).toEqual([key, 3]);
}

async function adoptsWhatIsThere(world: ConformanceWorld): Promise<void> {
  const keys = await postEachWith(world, "lost-after-commit");
  for (const key of keys) {
    expect([key, world.submissionsOf(key)]).toEqual([key, 1]);
    expect(world.trailOf(key)).toContain("confirmed (adopted)");
  }
}

async function answerIsLost(world: ConformanceWorld): Promise<void> {
  for (const key of await postEachWith(world, "lost-after-commit"))
    expect(world.trailOf(key).join()).toContain("unknown");
}

async function requestIsLost(world: ConformanceWorld): Promise<void> {
  for (const key of await postEachWith(world, "lost-before-commit")) {
    expect(world.trailOf(key).join()).toContain("unknown");
    expect([key, world.submissionsOf(key)]).toEqual([key, 2]);
  }
}

async function failsAfterCommit(world: ConformanceWorld): Promise<void> {
  await postEachWith(world, "error-after-commit");
}

async function arrivesTwice(world: ConformanceWorld): Promise<void> {
  const keys = await postEachWith(world, "duplicate-delivery");
  for (const key of keys) expect([key, world.submissionsOf(key)]).toEqual([key, 1]);
}

async function isThrottled(world: ConformanceWorld): Promise<void> {
  const { store } = world.startProcess();
  for (const document of DOCUMENTS) {
    world.erp.fault("throttle-storm", { times: 20 });
    const [key = ""] = world.queue(document);
    await world.untilPosted();
    world.erp.clearFaults();
    // More throttles than attempts that a document has.
    expect([key, world.submissionsOf(key) > 8, store.document(key)?.attempt]).toEqual([key, true, 1]);
  }
  expectOnce(world);
}

async function tokensEnd(world: ConformanceWorld): Promise<void> {
  for (const key of await postEachWith(world, "token-expiry"))
    expect(world.trailOf(key).join()).not.toMatch(/rejected|unknown/);
}

async function credentialsAreRefused(world: ConformanceWorld): Promise<void> {
  const { runner } = world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  world.erp.refuseCredentials();
  const before = world.erp.requests().total;
  const keys = world.queue(...DOCUMENTS.slice(1));
  await world.pass(3 * HOUR_MS);
  expect(runner.snapshot().breaker).not.toBe("closed");
  for (const key of keys) expect([key, world.stateOf(key) ?? "planned"]).toEqual([key, "planned"]);
  const made = world.erp.requests().total - before;
  expect(made).toBeLessThan(FIRST_REQUESTS + 3 * REQUESTS_AN_HOUR);
  world.erp.acceptCredentials();
  await untilPostedOnce(world);
  expect(runner.snapshot().breaker).toBe("closed");
}

async function itemIsBlocked(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  world.erp.blockRareItem();
  const rare = invoiceOf("N-1", { product: "rare" });
  world.queue(customerOf(NORTH));
  const [parked = ""] = world.queue(rare);
  const [other = ""] = world.queue(invoiceOf("N-2"));
  await world.untilState(parked, "parked");
  await world.untilPosted([other]);
  await world.pass(HOUR_MS);
  expect(world.submissionsOf(parked)).toBe(1);
  expect(world.toldOf(parked)).toMatchObject({ state: "parked", reason: "mapping" });
  world.queue(world.command(rare, { revision: 2, otherItem: true }));
  await untilPostedOnce(world);
}

async function periodIsClosed(world: ConformanceWorld): Promise<void> {
  world.startProcess();
  world.queue(customerOf(NORTH));
  await world.untilPosted();
  world.erp.closePeriod(MONTH);
  const keys = world.queue(invoiceOf("N-1"), journalOf(30_000));
  for (const key of keys) {
    await world.untilState(key, "held");
    expect(world.toldOf(key)?.reason ?? "period-closed").toBe("period-closed");
  }
  await world.pass(3 * HOUR_MS);
  for (const key of keys) expect([key, world.isPosted(key)]).toEqual([key, false]);
  world.erp.openPeriod(MONTH);
  await untilPostedOnce(world);
}

async function keyIsTaken(world: ConformanceWorld): Promise<void> {
  world.queue(customerOf(NORTH));
  world.startProcess();
  await world.untilPosted();
  // Somebody else has used the key for other amounts; the runner's own request is lost on its way.
  const foreign = world.command(invoiceOf("N-1", { net: [1] }));
  await postDirectly(world, foreign);
  world.erp.fault("lost-before-commit", { times: 1 });
  const [key = ""] = world.queue(invoiceOf("N-1"));
  const state = world.description.canReadBack ? "conflict" : "rejected";
  await world.untilState(key, state);
  await world.pass(HOUR_MS);
  expect(world.stateOf(key)).toBe(state);
  // The look finds it, and nothing is confirmed before.
  if (world.description.canReadBack) expect(world.trailOf(key).at(-1)).toBe("conflict (different-document)");
  expect(world.trailOf(key).join()).not.toContain("confirmed");
  expect(world.toldOf(key)?.state).toBe(state);
  expect(world.erp.documents()).toMatchObject([{ number: "N-1", lines: [1n] }]);
}

await describeEachErp("faults", [
  {
    name: "a server that is not available for a moment is tried again",
    run: isTriedAgain,
  },
  {
    name: "a lost answer: what the ERP has is found and adopted, and nothing is created twice",
    needs: ["lookUp", "readBack"],
    run: adoptsWhatIsThere,
  },
  {
    name: "a lost answer: the document is there once in the end",
    run: answerIsLost,
  },
  {
    name: "a lost request: nothing is found, and it is sent again",
    run: requestIsLost,
  },
  {
    name: "an error of the server after it was done",
    run: failsAfterCommit,
  },
  {
    name: "a request that reaches the ERP twice",
    run: arrivesTwice,
  },
  {
    name: "too many requests: all wait, and no attempt counts",
    needs: ["throttling"],
    run: isThrottled,
  },
  {
    name: "tokens that end are renewed, and nobody notices",
    needs: ["tokens"],
    run: tokensEnd,
  },
  {
    name: "credentials that are refused rest the connection, and all is posted when they are right",
    needs: ["credentials"],
    run: credentialsAreRefused,
  },
  {
    name: "what the mapping names and the ERP does not take is parked, holds nobody up, and goes with another mapping",
    needs: ["itemChecks"],
    run: itemIsBlocked,
  },
  {
    name: "a closed period holds its documents, and they are posted once it is open",
    needs: ["periods"],
    run: periodIsClosed,
  },
  {
    name: "another document under the key is nobody's to overwrite: people look",
    needs: ["lookUp"],
    run: keyIsTaken,
  },
]);
