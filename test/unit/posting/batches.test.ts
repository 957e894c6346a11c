import { describe, expect, test } from "vitest";
import type { PostingCommand } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import { ErpFault } from "../../../src/sinks/erp/erp-sink.ts";
import { dumpOf } from "../../../src/state/postings/posting-store.ts";
import { customerCommand, invoiceCommand, journalCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { PostingWorld, SETTLE_MS, type WorldOptions } from "../../support/posting/posting-world.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";
import { rebuilt } from "./rebuilt.ts";
import { HOUR_MS, MINUTE_MS, pass, recordsOf, stateOf, trailOf, until } from "./runner-fixture.ts";

const KEYS = ["journal:a", "journal:b", "journal:c", "journal:d"];
const JOURNALS = KEYS.map((key) => journalCommand(key.slice("journal:".length)));

/** One at a time, so that a batch is what was ready when the one before it had ended. */
function worldOf(erp: WorldOptions["erp"], commands: readonly PostingCommand[] = JOURNALS): PostingWorld {
  const world = new PostingWorld({ quota: { maxConcurrent: 1 }, erp: { maxBatch: 10, ...erp } });
  queueCommands(world.commands, commands);
  return world;
}

describe("documents that are ready", () => {
  test("go in one request, behind one message of intents, and their outcomes are one message", async () => {
    const world = worldOf({});
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:d", "reconciled");
    expect(world.erp.batches).toEqual([KEYS]);
    expect(KEYS.map((key) => trailOf(world, key))).toEqual(
      KEYS.map(() => ["submitting", "confirmed", "reconciled"]),
    );
    // Acquired, intents, outcomes, read back.
    expect(world.postings.messages).toHaveLength(4);
    // The submission and the read-back; a successor elsewhere counts each document that was read back.
    expect(world.erp.requests).toBe(2);
    const shared = recordsOf(world).flatMap((record) =>
      record.kind === "transition" && record.to === "submitting" ? [record.sharesRequest ?? false] : [],
    );
    expect(shared).toEqual([false, true, true, true]);
    expect(store.requestsOn("2026-03-10")).toBe(1 + KEYS.length);
  });

  test("are of one kind and of different order keys in a batch, at most as many as the ERP takes", async () => {
    const customers = ["c1", "c2", "c3"];
    const world = worldOf({ maxBatch: 2 }, [
      ...customers.map((customer) => customerCommand(customer)),
      ...customers.flatMap((customer) => [
        invoiceCommand(`${customer}-1`, { customer }),
        invoiceCommand(`${customer}-2`, { customer }),
      ]),
      ...JOURNALS,
    ]);
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "invoice:c3-2", "reconciled");
    await until(world, store, "journal:d", "reconciled");
    for (const batch of world.erp.batches) {
      expect(batch.length).toBeLessThanOrEqual(2);
      expect(new Set(batch.map((key) => key.split(":")[0])).size).toBe(1);
    }
    expect(world.erp.batches.flat().some((key) => key.startsWith("customer"))).toBe(false);
    const ledger = world.erp.ledger.map(({ command }) => command.key);
    for (const customer of customers)
      expect(ledger.filter((key) => key.includes(customer))).toEqual([
        `customer:de:${customer}`,
        `invoice:${customer}-1`,
        `invoice:${customer}-2`,
      ]);
  });

  test("that fill no batch let pass what is sent by itself, but not for long", async () => {
    const customers = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const world = worldOf({}, [
      journalCommand("a"),
      ...customers.map((customer) => customerCommand(customer)),
    ]);
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:a", "confirmed");
    // 300 ms a request.
    expect(world.erp.ledger.length).toBeGreaterThan(6);
    expect(world.erp.ledger.length).toBeLessThan(10);
  });
});

test("what fails for one document of a batch concerns no other", async () => {
  const faults = new Map([
    ["journal:a", new ErpFault("validation", "it does not balance")],
    ["journal:b", new ErpFault("mapping", "no such account")],
    ["journal:c", new ErpFault("unknown", "it timed out within the ERP")],
  ]);
  const world = worldOf({
    behaviour: (operation, plan) => {
      const fault = operation === "submit" ? faults.get(plan?.command.key ?? "") : undefined;
      faults.delete(fault === undefined ? "" : (plan?.command.key ?? ""));
      return fault === undefined ? { kind: "answer" } : { kind: "fault", fault };
    },
  });
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "journal:c", "reconciled");
  expect(KEYS.map((key) => stateOf(store, key))).toEqual(["rejected", "parked", "reconciled", "reconciled"]);
  expect(trailOf(world, "journal:c")).toEqual([
    "submitting",
    "unknown (unknown)",
    "planned (absent)",
    "submitting",
    "confirmed",
    "reconciled",
  ]);
  expect(world.erp.ledger.map(({ command }) => command.key)).toEqual(["journal:d", "journal:c"]);
});

test("a throttle of one document of a batch leaves the ERP alone for all", async () => {
  let isThrottled = false;
  const world = worldOf({
    maxBatch: 2,
    behaviour: (operation) => {
      if (operation !== "submit" || isThrottled) return { kind: "answer" };
      isThrottled = true;
      return { kind: "fault", fault: new ErpFault("throttle", "wait", { retryAfterMs: MINUTE_MS }) };
    },
  });
  const store = world.store();
  world.runner(store).start();
  await pass(world, MINUTE_MS - 1_000);
  expect(world.erp.requests).toBe(1);
  expect(store.document("journal:a")).toMatchObject({ state: "planned", reason: "throttle", attempt: 0 });
  expect(stateOf(store, "journal:b")).toBe("confirmed");
  await until(world, store, "journal:a", "reconciled");
  expect(world.erp.ledger).toHaveLength(4);
});

describe("a batch without an answer for each", () => {
  test.each(["lost-before", "lost-after"] as const)(
    "(%s) is looked up, each document by itself",
    async (kind) => {
      let isFirst = true;
      const world = worldOf({
        behaviour: (operation) => {
          const isLost = isFirst && operation === "submit-batch";
          if (operation === "submit-batch") isFirst = false;
          return { kind: isLost ? kind : "answer" };
        },
      });
      const store = world.store();
      world.runner(store).start();
      await pass(world, SETTLE_MS / 2);
      expect(KEYS.map((key) => stateOf(store, key))).toEqual(KEYS.map(() => "unknown"));
      expect(world.erp.requests).toBe(1);
      await until(world, store, "journal:d", "reconciled");
      await pass(world, HOUR_MS);
      expect(world.erp.ledger).toHaveLength(4);
      expect(trailOf(world, "journal:b")).toEqual(
        kind === "lost-after"
          ? ["submitting", "unknown (unknown)", "confirmed (adopted)", "reconciled"]
          : ["submitting", "unknown (unknown)", "planned (absent)", "submitting", "confirmed", "reconciled"],
      );
    },
  );

  test("that the ERP refuses whole is sent again a document at a time, and only the one is refused", async () => {
    const world = worldOf({
      behaviour: (operation, plan) =>
        operation === "submit-batch" || (operation === "submit" && plan?.command.key === "journal:b")
          ? { kind: "fault", fault: new ErpFault("validation", "an entry does not balance") }
          : { kind: "answer" },
    });
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:d", "reconciled");
    expect(world.erp.batches).toHaveLength(1);
    expect(trailOf(world, "journal:b")).toEqual([
      "submitting",
      "planned (batch-refused)",
      "submitting",
      "rejected (validation)",
    ]);
    expect(store.document("journal:b")?.attempt).toBe(1);
    expect(world.erp.ledger).toHaveLength(3);
  });

  test("by an adapter that forgets some takes those for unknown", async () => {
    const world = worldOf({});
    const sink = world.erp.sinkOf(new SimProcess(world.clock, 0));
    world.erp.sinkOf = () => ({
      ...sink,
      submitBatch: async (plans, context) => ((await sink.submitBatch?.(plans, context)) ?? []).slice(0, 2),
    });
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:d", "reconciled");
    expect(trailOf(world, "journal:b")).toEqual(["submitting", "confirmed", "reconciled"]);
    expect(trailOf(world, "journal:d")).toEqual([
      "submitting",
      "unknown (unknown)",
      "confirmed (adopted)",
      "reconciled",
    ]);
    expect(world.erp.ledger).toHaveLength(4);
  });
});

test("documents that the ERP works on together are asked about together", async () => {
  const refused = new ErpFault("validation", "it does not balance");
  const world = worldOf({
    behaviour: (operation, plan) =>
      operation === "submit"
        ? { kind: "async", delayMs: 20_000, ...(plan?.command.key === "journal:b" && { fault: refused }) }
        : { kind: "answer" },
  });
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "journal:d", "reconciled");
  expect(KEYS.map((key) => stateOf(store, key))).toEqual([
    "reconciled",
    "rejected",
    "reconciled",
    "reconciled",
  ]);
  // One to send, one to read back, and polls that come further apart: never one for each document.
  expect(world.erp.requests).toBeLessThan(2 + 2 * KEYS.length);
  const polls = world.erp.requests - 2;
  expect(store.requestsOn("2026-03-10")).toBeLessThanOrEqual(1 + 1 + 3);
  expect(polls).toBeGreaterThan(1);
});

test("a crash at any step of a batch posts each of its documents once, and the view is built again from the logs", async () => {
  let steps = Number.POSITIVE_INFINITY;
  for (let killAt = 1; killAt <= steps; killAt++) {
    const world = worldOf({
      behaviour: (operation, plan) =>
        operation === "submit" && plan?.command.key !== "journal:a"
          ? { kind: "async", delayMs: 2_000 }
          : { kind: "answer" },
    });
    const isPosted = (store: PostingStore): boolean =>
      KEYS.every((key) => stateOf(store, key) === "reconciled");
    const process = new SimProcess(world.clock, killAt);
    const first = world.store();
    world.runner(first, process).start();
    await world.clock.runUntil(() => process.isDead || isPosted(first), world.clock.nowMs() + HOUR_MS);
    if (!process.isDead) {
      steps = process.steps;
      continue;
    }
    const second = world.store();
    world.runner(second).start();
    await world.clock.runUntil(() => isPosted(second), world.clock.nowMs() + HOUR_MS);
    expect(isPosted(second), `killed at step ${killAt}`).toBe(true);
    expect(world.erp.ledger.map(({ command }) => command.key).sort(), `killed at step ${killAt}`).toEqual(
      KEYS,
    );
    expect(world.erp.violations).toEqual([]);
    const again = await rebuilt(world);
    expect(dumpOf(again), `killed at step ${killAt}`).toBe(dumpOf(second));
    again.close();
    first.close();
    second.close();
  }
  expect(steps).toBeGreaterThan(20);
  expect(steps).toBeLessThan(1_000);
});
