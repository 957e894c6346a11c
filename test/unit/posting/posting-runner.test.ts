import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import { ErpFault } from "../../../src/sinks/erp/erp-sink.ts";
import { customerCommand, invoiceCommand, journalCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { PostingWorld } from "../../support/posting/posting-world.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";
import { HOUR_MS, MINUTE_MS, pass, recordsOf, stateOf, stopped, trailOf, until } from "./runner-fixture.ts";

describe("documents of one order key", () => {
  test("go in the order of the log, each behind the one before it", async () => {
    const world = new PostingWorld();
    queueCommands(world.commands, [
      customerCommand("c1"),
      invoiceCommand("1"),
      invoiceCommand("2"),
      journalCommand("j"),
    ]);
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "invoice:2", "reconciled");
    const order = world.erp.ledger.map(({ command }) => command.key);
    expect(order.filter((key) => key !== "journal:j")).toEqual(["customer:de:c1", "invoice:1", "invoice:2"]);
    // Another order key waits for nobody.
    expect(order.indexOf("journal:j")).toBeLessThan(2);
  });

  test("are held back by one that is unknown, and not by one that is parked, but for what names it", async () => {
    const world = new PostingWorld({
      erp: {
        behaviour: (operation, plan) => {
          const key = plan?.command.key;
          if (operation === "submit" && key === "invoice:1" && plan?.command.revision === 1)
            return { kind: "fault", fault: new ErpFault("mapping", "no item") };
          return operation === "submit" && key === "invoice:2" ? { kind: "lost-after" } : { kind: "answer" };
        },
      },
    });
    const memo = invoiceCommand("m", { kind: "credit-memo", after: ["customer:de:c1", "invoice:1"] });
    queueCommands(world.commands, [
      customerCommand("c1"),
      invoiceCommand("1"),
      memo,
      invoiceCommand("2"),
      invoiceCommand("3"),
    ]);
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "invoice:2", "unknown");
    expect(stateOf(store, "invoice:1")).toBe("parked");
    await pass(world, 50_000);
    expect(stateOf(store, "invoice:3")).toBe("planned");
    await until(world, store, "invoice:3", "reconciled");
    expect(trailOf(world, "invoice:2")).toEqual([
      "submitting",
      "unknown (unknown)",
      "confirmed (adopted)",
      "reconciled",
    ]);
    expect(stateOf(store, memo.key)).toBe("planned");
    queueCommands(world.commands, [invoiceCommand("1", { revision: 2 })]);
    await until(world, store, memo.key, "reconciled");
    expect(world.erp.ledger).toHaveLength(5);
    await pass(world, MINUTE_MS);
    expect(world.told.get("0/invoice:1")).toMatchObject({ state: "reconciled", revision: 2 });
  });

  test("a customer that changes comes before the documents that wait for it, also where it stands behind them", async () => {
    const world = new PostingWorld();
    queueCommands(world.commands, [customerCommand("c1")]);
    const store = world.store();
    const runner = world.runner(store);
    runner.start();
    await until(world, store, "customer:de:c1", "reconciled");
    await stopped(world, runner);
    // Two partitions have the customer; each is told.
    queueCommands(world.commands, [invoiceCommand("1")]);
    queueCommands(world.commands, [customerCommand("c1", { name: "New name", partition: 5 })]);
    queueCommands(world.commands, [invoiceCommand("2", { partition: 5 })]);
    world.runner(store).start();
    await until(world, store, "invoice:2", "reconciled");
    await until(world, store, "invoice:1", "reconciled");
    expect(world.erp.ledger.map(({ command }) => command.key)).toEqual([
      "customer:de:c1",
      "invoice:1",
      "invoice:2",
    ]);
    expect(world.erp.ledger[0]?.document.customer).toBe("New name");
    await pass(world, MINUTE_MS);
    expect(world.told.get("0/customer:de:c1")?.state).toBe("reconciled");
    expect(world.told.get("5/customer:de:c1")?.state).toBe("reconciled");
  });
});

test("an outage of hours leaves documents as they are, with few requests, and is over with the first probe", async () => {
  const world: PostingWorld = new PostingWorld({
    erp: {
      behaviour: () =>
        world.clock.nowMs() < outageUntilMs
          ? { kind: "fault", fault: new ErpFault("transient", "HTTP 503") }
          : { kind: "answer" },
    },
  });
  const outageUntilMs = world.clock.nowMs() + 5 * HOUR_MS;
  queueCommands(
    world.commands,
    Array.from({ length: 20 }, (_, index) => journalCommand(`j${index}`)),
  );
  const store = world.store();
  const runner = world.runner(store);
  runner.start();
  await pass(world, 5 * HOUR_MS - 1_000);
  expect(runner.snapshot().breaker).not.toBe("closed");
  expect(store.backlog()).toEqual([
    { state: "planned", kind: "journal", currency: "EUR", documents: 20, amount: "1000" },
  ]);
  expect(world.erp.requests).toBeLessThan(600);
  await pass(world, 2 * MINUTE_MS);
  expect(store.backlog().map(({ state }) => state)).toEqual(["reconciled"]);
});

test("an ERP that wants to be left alone is, by all documents, and no attempt counts", async () => {
  const world: PostingWorld = new PostingWorld({
    erp: {
      behaviour: () =>
        world.erp.requests <= 3
          ? { kind: "fault", fault: new ErpFault("throttle", "HTTP 429", { retryAfterMs: 2 * MINUTE_MS }) }
          : { kind: "answer" },
    },
  });
  queueCommands(
    world.commands,
    Array.from({ length: 6 }, (_, index) => journalCommand(`j${index}`)),
  );
  const store = world.store();
  const runner = world.runner(store);
  runner.start();
  await pass(world, 2 * MINUTE_MS - 5_000);
  expect(world.erp.requests).toBe(3);
  expect(runner.snapshot()).toMatchObject({ breaker: "closed", gate: { limit: 1, inFlight: 0 } });
  expect(store.document("journal:j0")).toMatchObject({ state: "planned", reason: "throttle", attempt: 0 });
  await pass(world, MINUTE_MS);
  expect(store.backlog().map(({ state }) => state)).toEqual(["reconciled"]);
});

test("a document that fails while others are answered is given to people in the end", async () => {
  const world = new PostingWorld({
    erp: {
      behaviour: (_, plan) =>
        plan?.command.key === "journal:bad"
          ? { kind: "fault", fault: new ErpFault("transient", "HTTP 500") }
          : { kind: "answer" },
    },
  });
  queueCommands(world.commands, [journalCommand("bad")]);
  const store = world.store();
  world.runner(store).start();
  for (let index = 0; stateOf(store, "journal:bad") !== "rejected" && index < 60; index++) {
    queueCommands(world.commands, [journalCommand(`j${index}`)]);
    await pass(world, MINUTE_MS);
  }
  expect(store.document("journal:bad")).toMatchObject({ state: "rejected", reason: "transient", attempt: 8 });
});

test("documents of a closed period wait, one of them looks now and then, and all go when it opens", async () => {
  const world: PostingWorld = new PostingWorld({
    policy: { recheckMs: 5 * MINUTE_MS },
    erp: {
      behaviour: (operation) =>
        operation === "submit" && world.clock.nowMs() < opensMs
          ? { kind: "fault", fault: new ErpFault("period-closed", "closed") }
          : { kind: "answer" },
    },
  });
  const opensMs = world.clock.nowMs() + 2 * HOUR_MS;
  const documents = 60;
  queueCommands(
    world.commands,
    Array.from({ length: documents }, (_, index) => journalCommand(`j${index}`)),
  );
  const store = world.store();
  world.runner(store).start();
  await pass(world, HOUR_MS);
  expect(store.backlog()[0]).toMatchObject({ state: "held", documents });
  // Each document each five minutes would be 60 × 12; one in ten seconds is at most 360.
  expect(world.erp.requests - documents).toBeGreaterThan(12);
  expect(world.erp.requests - documents).toBeLessThan(400);
  await pass(world, HOUR_MS + 10 * MINUTE_MS);
  expect(store.backlog().map(({ state }) => state)).toEqual(["reconciled"]);
  expect(world.erp.ledger).toHaveLength(documents);
});

describe("a runner that takes over", () => {
  test("waits out the former one's request, looks up what it had begun, and goes on", async () => {
    const world = new PostingWorld({ erp: { latencyMs: () => 20_000 } });
    queueCommands(world.commands, [journalCommand("a"), journalCommand("b")]);
    const former = new SimProcess(world.clock, 0);
    world.runner(world.store(), former).start();
    await pass(world, 15_000);
    former.kill();
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:b", "reconciled");
    expect(trailOf(world, "journal:a")).toEqual([
      "submitting",
      "unknown (runner-changed)",
      "confirmed (adopted)",
      "reconciled",
    ]);
    expect(world.erp.ledger).toHaveLength(2);
    expect(world.erp.violations).toEqual([]);
  });

  test("fences the former one, which wakes, sends nothing and stops", async () => {
    const world = new PostingWorld();
    const former = new SimProcess(world.clock, 0);
    const formerRunner = world.runner(world.store(), former);
    formerRunner.start();
    await pass(world, 5_000);
    former.sleep(20 * MINUTE_MS);
    queueCommands(world.commands, [journalCommand("a")]);
    const store = world.store();
    const runner = world.runner(store);
    runner.start();
    await until(world, store, "journal:a", "reconciled");
    queueCommands(world.commands, [journalCommand("b")]);
    await pass(world, 30 * MINUTE_MS);
    expect(world.erp.ledger).toHaveLength(2);
    const epochs = new Set(
      recordsOf(world).flatMap((record) => (record.kind === "transition" ? [record.epoch] : [])),
    );
    expect([...epochs]).toEqual([2]);
    expect(world.faults.map(codeOf)).toEqual(["posting-lease-lost"]);
    expect(formerRunner.snapshot().phase).toBe("waiting");
  });

  test("is not disturbed by the former one, which wakes behind its lease with an intent that it had written", async () => {
    const world = new PostingWorld();
    queueCommands(world.commands, [journalCommand("a")]);
    const former = new SimProcess(world.clock, 0);
    // It falls asleep between the intent and the request.
    const unlisten = world.postings.listen(() => {
      if (trailOf(world, "journal:a").length === 0) return;
      unlisten();
      former.sleep(20 * MINUTE_MS);
    });
    world.runner(world.store(), former).start();
    await pass(world, MINUTE_MS);
    expect(world.erp.requests).toBe(0);
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:a", "reconciled");
    await pass(world, HOUR_MS);
    expect(world.erp.ledger).toHaveLength(1);
    expect(trailOf(world, "journal:a")).toEqual([
      "submitting",
      "unknown (runner-changed)",
      "planned (absent)",
      "submitting",
      "confirmed",
      "reconciled",
    ]);
  });

  test("behind one that has stopped goes on at once", async () => {
    const world = new PostingWorld();
    const first = world.runner(world.store());
    first.start();
    await pass(world, 1_000);
    await stopped(world, first);
    queueCommands(world.commands, [journalCommand("a")]);
    const startedMs = world.clock.nowMs();
    const store = world.store();
    world.runner(store).start();
    await until(world, store, "journal:a", "confirmed");
    expect(world.clock.nowMs() - startedMs).toBeLessThan(2_000);
  });
});

describe("an append of which nobody knows", () => {
  test.each(["lost-before", "lost-after"] as const)(
    "(%s) is found out before anything is sent",
    async (fault) => {
      let faults = 3;
      const world = new PostingWorld({ appendFault: () => (faults-- > 0 ? fault : undefined) });
      queueCommands(world.commands, [journalCommand("a"), journalCommand("b")]);
      const store = world.store();
      world.runner(store).start();
      await until(world, store, "journal:b", "reconciled");
      expect(world.erp.ledger).toHaveLength(2);
      expect(world.faults).toEqual([]);
      expect(recordsOf(world)).toHaveLength(7);
    },
  );
});

test("an ERP that can't be asked gets what was not answered again, recognises it, and confirmed is the last state", async () => {
  let requests = 0;
  const world = new PostingWorld({
    erp: {
      description: { canLookUp: false, canReadBack: false },
      refusesDuplicates: true,
      behaviour: () => {
        requests += 1;
        return requests === 1
          ? { kind: "lost-after" }
          : requests === 2
            ? { kind: "lost-before" }
            : { kind: "answer" };
      },
    },
  });
  queueCommands(world.commands, [journalCommand("a")]);
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "journal:a", "confirmed");
  await pass(world, 24 * HOUR_MS);
  expect(trailOf(world, "journal:a")).toEqual([
    "submitting",
    "unknown (unknown)",
    "planned (resent)",
    "submitting",
    "unknown (unknown)",
    "planned (resent)",
    "submitting",
    "confirmed (adopted)",
  ]);
  expect(requests).toBe(3);
  expect(store.document("journal:a")?.erp).toEqual({ id: "trib-journal:a", number: null });
});

test("a log that somebody has changed stops the connection for good, and says so", async () => {
  const world = new PostingWorld();
  queueCommands(world.commands, [journalCommand("a")]);
  const store = world.store();
  const runner = world.runner(store);
  runner.start();
  await until(world, store, "journal:a", "reconciled");
  await stopped(world, runner);
  const [message] = world.postings.messages.splice(1, 1);
  if (message === undefined) throw new Error("no message");
  const changed = Buffer.from(message.data).toString("utf8").replace('"attempt":1', '"attempt":2');
  world.postings.messages.splice(1, 0, { ...message, data: Buffer.from(changed) });
  const again = world.runner(world.store());
  again.start();
  await pass(world, MINUTE_MS);
  expect(again.snapshot()).toMatchObject({ phase: "failed", lastErrorCode: "posting-log-corrupt" });
});

test("a command that can't be read stops the connection, and nothing behind it is posted", async () => {
  const world = new PostingWorld();
  queueCommands(world.commands, [{ ...journalCommand("a"), connection: "other" }]);
  queueCommands(world.commands, [journalCommand("b")]);
  const runner = world.runner(world.store());
  runner.start();
  await pass(world, MINUTE_MS);
  expect(runner.snapshot()).toMatchObject({ phase: "failed", lastErrorCode: "posting-command-invalid" });
  expect(world.erp.requests).toBe(0);
});
