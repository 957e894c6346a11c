import { describe, expect, test } from "vitest";
import { ErpFault } from "../../../src/sinks/erp/erp-sink.ts";
import { invoiceCommand, journalCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { PostingWorld, type WorldOptions } from "../../support/posting/posting-world.ts";
import { HOUR_MS, MINUTE_MS, pass, recordsOf, stateOf, stopped, trailOf, until } from "./runner-fixture.ts";

function invoices(count: number, first = 1) {
  return Array.from({ length: count }, (_, index) =>
    invoiceCommand(String(first + index), { after: [], orderKey: `o${first + index}` }),
  );
}

async function posted(count: number, options: WorldOptions = {}) {
  const world = new PostingWorld({
    ...options,
    reconciliation: { paymentIntervalMs: HOUR_MS, scanIntervalMs: 6 * HOUR_MS, ...options.reconciliation },
  });
  queueCommands(world.commands, invoices(count));
  const store = world.store();
  const runner = world.runner(store);
  runner.start();
  await until(world, store, `invoice:${count}`, "reconciled");
  await pass(world, MINUTE_MS);
  return { world, store, runner };
}

function paymentsOf(world: PostingWorld): string[] {
  return recordsOf(world).flatMap((record) =>
    record.kind === "payment" ? [`${record.key} ${record.status} ${record.openAmount}`] : [],
  );
}

describe("payments", () => {
  test("are asked about in few requests, written when they change, told to the partition, and no more when paid", async () => {
    const { world, store } = await posted(25);
    expect(paymentsOf(world)).toHaveLength(25);
    const before = world.erp.requests;
    await pass(world, 10 * HOUR_MS);
    // 25 invoices are three requests of ten; the scan of a few documents is a handful more.
    expect(world.erp.requests - before).toBeLessThanOrEqual(11 * 3 + 12);
    expect(paymentsOf(world)).toHaveLength(25);
    for (const stored of world.erp.ledger.slice(0, 24)) stored.paid = "paid";
    await pass(world, 2 * HOUR_MS);
    expect(paymentsOf(world).slice(25)).toHaveLength(24);
    expect(world.told.get("0/invoice:1")?.payment).toEqual({ status: "paid", openAmount: "0.00" });
    expect(store.paymentsDue(world.clock.nowMs() + 100 * HOUR_MS, 100).map(({ key }) => key)).toEqual([
      world.erp.ledger[24]?.command.key,
    ]);
  });

  test("find what is no longer what was posted: changed, or gone", async () => {
    const { world, store } = await posted(3);
    const [first, second] = world.erp.ledger;
    if (first === undefined || second === undefined) throw new Error("nothing was posted");
    first.document = { ...first.document, total: "1.00" };
    world.erp.ledger.splice(world.erp.ledger.indexOf(second), 1);
    await pass(world, 90 * MINUTE_MS);
    expect(store.document(first.command.key)).toMatchObject({
      state: "conflict",
      reason: "read-back-different",
    });
    expect(stateOf(store, second.command.key)).toBe("reconciled");
    await pass(world, 60 * MINUTE_MS);
    expect(store.document(second.command.key)).toMatchObject({
      state: "conflict",
      reason: "read-back-missing",
    });
  });

  test("are asked about also while a backlog stands that never ends", async () => {
    const { world } = await posted(3, { quota: { maxConcurrent: 1 }, erp: { latencyMs: () => 20_000 } });
    const paid = world.erp.ledger[0];
    if (paid === undefined) throw new Error("nothing was posted");
    paid.paid = "paid";
    let next = 100;
    const timer = (): void => {
      queueCommands(world.commands, invoices(12, next));
      next += 12;
      if (next < 1_200) world.clock.schedule(2 * MINUTE_MS, timer);
    };
    timer();
    await world.clock.runUntil(
      () => world.told.get(`0/${paid.command.key}`)?.payment?.status === "paid",
      world.clock.nowMs() + 3 * HOUR_MS,
    );
    expect(world.told.get(`0/${paid.command.key}`)?.payment?.status).toBe("paid");
  });
});

describe("a scan", () => {
  test("writes down what nobody here knows, and a second document under a key, once each", async () => {
    const { world, store, runner } = await posted(5);
    queueCommands(world.commands, [journalCommand("a")]);
    await until(world, store, "journal:a", "reconciled");
    world.erp.enter(journalCommand("by-hand"), "trib-journal:by-hand");
    world.erp.enter(journalCommand("someone-else"), "other-journal");
    const known = world.erp.ledger.find(({ command }) => command.key === "journal:a");
    const second = world.erp.enter(journalCommand("a"));
    await pass(world, 30 * HOUR_MS);
    const strays = recordsOf(world).flatMap((record) => (record.kind === "stray" ? [record] : []));
    expect(strays).toMatchObject([
      { finding: "unknown-document", key: "trib-journal:by-hand" },
      { finding: "duplicate-document", key: "journal:a", erp: [known?.erp, second.erp] },
    ]);
    expect(runner.snapshot().strays).toBe(2);
    expect(store.strayCount()).toBe(2);
  });
});

describe("a partition without an owner", () => {
  test("gets its results when it has one, the last of each document, and holds up no other", async () => {
    let hasOwner = false;
    const world = new PostingWorld({ takesResult: (partition) => partition !== 1 || hasOwner });
    queueCommands(world.commands, [
      journalCommand("a", { partition: 1 }),
      journalCommand("b", { partition: 2 }),
    ]);
    const store = world.store();
    const runner = world.runner(store);
    runner.start();
    await pass(world, 5 * HOUR_MS);
    expect(world.told.get("2/journal:b")?.state).toBe("reconciled");
    expect(world.told.has("1/journal:a")).toBe(false);
    expect(runner.snapshot().resultsPending).toBe(1);
    // The cursor is the store's: another runner goes on from it.
    await stopped(world, runner);
    const results = world.results;
    hasOwner = true;
    world.runner(store).start();
    await pass(world, MINUTE_MS);
    expect(world.told.get("1/journal:a")?.state).toBe("reconciled");
    expect(world.results).toBe(results + 1);
  });
});

test("a result that a partition refuses holds up no other of it", async () => {
  const world = new PostingWorld({ takesResult: (_, key) => key !== "journal:a" });
  queueCommands(world.commands, [journalCommand("a"), journalCommand("b"), journalCommand("c")]);
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "journal:c", "reconciled");
  await pass(world, 5 * MINUTE_MS);
  expect([...world.told.values()].map(({ key, state }) => `${key} ${state}`).sort()).toEqual([
    "journal:b reconciled",
    "journal:c reconciled",
  ]);
  expect(store.resultsPending()).toBe(1);
});

describe("decisions", () => {
  test("are records with what follows from them, once for each request", async () => {
    const world = new PostingWorld({
      erp: {
        behaviour: (operation, plan) =>
          operation === "submit" && plan?.command.key === "journal:a" && plan.command.revision === 1
            ? { kind: "fault", fault: new ErpFault("validation", "no such account") }
            : { kind: "answer" },
      },
    });
    queueCommands(world.commands, [journalCommand("a"), journalCommand("b")]);
    const store = world.store();
    const runner = world.runner(store);
    expect(await runner.decide(asked("cancel", "r0"))).toMatchObject({ status: "refused" });
    runner.start();
    await until(world, store, "journal:a", "rejected");
    await until(world, store, "journal:b", "reconciled");
    const deciding = Promise.all([
      runner.decide(asked("hold", "r1")),
      runner.decide({ ...asked("cancel", "r2"), key: "journal:x" }),
      runner.decide({ ...asked("cancel", "r3"), actor: "" }),
    ]);
    await pass(world, 1_000);
    expect((await deciding).map(({ status }) => status)).toEqual(["refused", "refused", "refused"]);
    const decided = runner.decide(asked("cancel", "r4"));
    await pass(world, 1_000);
    expect(await decided).toEqual({ status: "decided", isRepeated: false });
    const again = runner.decide(asked("cancel", "r4"));
    await pass(world, 1_000);
    expect(await again).toEqual({ status: "decided", isRepeated: true });
    expect(recordsOf(world).filter(({ kind }) => kind === "decision")).toMatchObject([
      { decision: "cancel", key: "journal:a", actor: "ada", reason: "why", request: "r4" },
    ]);
    expect(trailOf(world, "journal:a")).toEqual([
      "submitting",
      "rejected (validation)",
      "cancelled (operator)",
    ]);
    // A cancelled one comes back only by another command; what may have been sent is looked up first.
    queueCommands(world.commands, [journalCommand("a", { revision: 2 })]);
    await until(world, store, "journal:a", "reconciled");
    expect(trailOf(world, "journal:a").slice(3)).toEqual([
      "unknown (revision)",
      "planned (absent)",
      "submitting",
      "confirmed",
      "reconciled",
    ]);
  });
});

function asked(decision: "cancel" | "hold", request: string) {
  return { decision, key: "journal:a", actor: "ada", reason: "why", request } as const;
}

test("documents that are too many for one read-back's deadline are read back in smaller numbers, which grow again", async () => {
  const world = new PostingWorld();
  const sinkOf = world.erp.sinkOf.bind(world.erp);
  const sizes: number[] = [];
  let mostAtOnce = 3;
  world.erp.sinkOf = (process) => {
    const sink = sinkOf(process);
    return {
      ...sink,
      readBack: async (plans, context) => {
        sizes.push(plans.length);
        const found = await sink.readBack(plans, context);
        if (plans.length > mostAtOnce) throw new ErpFault("unknown", "No answer within the deadline.");
        return found;
      },
    };
  };
  queueCommands(world.commands, invoices(40));
  const store = world.store();
  world.runner(store).start();
  await until(world, store, "invoice:40", "reconciled");
  await pass(world, 30 * MINUTE_MS);
  expect(store.backlog().map(({ state }) => state)).toEqual(["reconciled"]);
  expect(sizes.slice(0, 2)).toEqual([10, 5]);
  expect(Math.max(...sizes.slice(-3))).toBeLessThanOrEqual(4);
  mostAtOnce = 10;
  sizes.length = 0;
  queueCommands(world.commands, invoices(40, 41));
  await until(world, store, "invoice:80", "reconciled");
  await pass(world, 30 * MINUTE_MS);
  expect(store.backlog().map(({ state }) => state)).toEqual(["reconciled"]);
  expect(Math.max(...sizes)).toBe(10);
});
