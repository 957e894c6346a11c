import { describe, expect, test } from "vitest";
import { ErpFault } from "../../../src/sinks/erp/erp-sink.ts";
import { invoiceCommand } from "../../support/posting/commands.ts";
import { queueCommands } from "../../support/posting/memory-logs.ts";
import { NotifyingWorld } from "../../support/posting/notifying-world.ts";
import type { WorldOptions } from "../../support/posting/posting-world.ts";
import { SimProcess } from "../../support/posting/sim-process.ts";
import { HOUR_MS, MINUTE_MS, pass, recordsOf, stateOf, stopped, until } from "./runner-fixture.ts";

const DAY_MS = 24 * HOUR_MS;

function invoices(count: number, first = 1) {
  return Array.from({ length: count }, (_, index) =>
    invoiceCommand(String(first + index), { after: [], orderKey: `o${first + index}` }),
  );
}

async function posted(count: number, options: WorldOptions = {}) {
  const world = new NotifyingWorld({
    ...options,
    reconciliation: {
      paymentIntervalMs: 6 * HOUR_MS,
      scanIntervalMs: 1000 * DAY_MS,
      ...options.reconciliation,
    },
  });
  queueCommands(world.commands, invoices(count));
  const store = world.store();
  const process = new SimProcess(world.clock, 0);
  const runner = world.runner(store, process);
  runner.start();
  await until(world, store, `invoice:${count}`, "reconciled");
  await pass(world, MINUTE_MS);
  return { world, store, process, runner };
}

function pay(world: NotifyingWorld, index: number): { readonly id: string; readonly key: string } {
  const stored = world.erp.ledger[index];
  if (stored === undefined) throw new Error("nothing was posted");
  stored.paid = "paid";
  return { id: stored.erp.id, key: stored.command.key };
}

function dayOf(world: NotifyingWorld): string {
  return new Date(world.clock.nowMs()).toISOString().slice(0, 10);
}

function paid(world: NotifyingWorld): string[] {
  return recordsOf(world).flatMap((record) =>
    record.kind === "payment" && record.status === "paid" ? [record.key] : [],
  );
}

describe("what an ERP tells of", () => {
  test("is read at once, and without it at the next poll", async () => {
    const { world, runner } = await posted(3);
    const [told, silent] = [pay(world, 0), pay(world, 1)];
    expect(runner.notice({ ids: [told.id], isAll: false })).toBe(true);
    await pass(world, MINUTE_MS);
    expect(paid(world)).toEqual([told.key]);
    expect(world.told.get(`0/${told.key}`)?.payment).toEqual({ status: "paid", openAmount: "0.00" });
    await pass(world, 6 * HOUR_MS);
    expect(paid(world)).toEqual([told.key, silent.key]);
  });

  test("is a hint: repeated, late, of strangers or of what hasn't changed, it costs requests and nothing else", async () => {
    const { world, store, runner } = await posted(3);
    const records = recordsOf(world).length;
    const { requests } = world.erp;
    runner.notice({ ids: ["nobody-knows", "9999"], isAll: false });
    await pass(world, MINUTE_MS);
    expect(world.erp.requests).toBe(requests);
    const ids = world.erp.ledger.map(({ erp }) => erp.id);
    for (let times = 0; times < 3; times++) runner.notice({ ids, isAll: false });
    await pass(world, MINUTE_MS);
    // All of them by one request, or by one more where the first was under way.
    expect(world.erp.requests - requests).toBeGreaterThanOrEqual(1);
    expect(world.erp.requests - requests).toBeLessThanOrEqual(2);
    expect(recordsOf(world)).toHaveLength(records);
    expect(stateOf(store, "invoice:1")).toBe("reconciled");
    // One that is settled is not asked about any more, whoever tells of it.
    const { id } = pay(world, 0);
    runner.notice({ ids: [id], isAll: false });
    await pass(world, MINUTE_MS);
    const after = world.erp.requests;
    runner.notice({ ids: [id], isAll: false });
    await pass(world, MINUTE_MS);
    expect(world.erp.requests).toBe(after);
  });

  test("is read within a minute or two while a backlog stands that never ends", async () => {
    const { world, runner } = await posted(2, {
      quota: { maxConcurrent: 1 },
      erp: { latencyMs: () => 20_000 },
    });
    let next = 100;
    const queue = (): void => {
      queueCommands(world.commands, invoices(12, next));
      next += 12;
      if (next < 400) world.clock.schedule(2 * MINUTE_MS, queue);
    };
    queue();
    await pass(world, 10 * MINUTE_MS);
    const { id, key } = pay(world, 0);
    runner.notice({ ids: [id], isAll: false });
    await pass(world, 2 * MINUTE_MS);
    expect(paid(world)).toEqual([key]);
  });

  test("is read once more where it came while the document was being read", async () => {
    const { world, runner } = await posted(1, {
      erp: { latencyMs: (operation) => (operation === "read-back" ? 10_000 : 300) },
    });
    const [stored] = world.erp.ledger;
    if (stored === undefined) throw new Error("nothing was posted");
    runner.notice({ ids: [stored.erp.id], isAll: false });
    // The ERP has looked at it, and its answer is on its way.
    await pass(world, 6_000);
    const { id, key } = pay(world, 0);
    runner.notice({ ids: [id], isAll: false });
    await pass(world, MINUTE_MS);
    expect(paid(world)).toEqual([key]);
  });

  test("survives the process that was told", async () => {
    const { world, store, process, runner } = await posted(2);
    const { id, key } = pay(world, 1);
    runner.notice({ ids: [id], isAll: false });
    process.kill();
    world.runner(store).start();
    await pass(world, 5 * MINUTE_MS);
    expect(paid(world)).toEqual([key]);
  });

  test("is nothing to a runner that has not the connection", async () => {
    const { world, store, runner } = await posted(1);
    const other = world.runner(world.store());
    expect(other.notice({ ids: ["1"], isAll: true })).toBe(false);
    await stopped(world, runner);
    expect(runner.notice({ ids: ["1"], isAll: true })).toBe(false);
    expect(stateOf(store, "invoice:1")).toBe("reconciled");
  });

  test("makes no document missing that only an index does not show yet", async () => {
    const { world, store, runner } = await posted(1);
    const [stored] = world.erp.ledger.splice(0, 1);
    if (stored === undefined) throw new Error("nothing was posted");
    for (let times = 0; times < 4; times++) {
      runner.notice({ ids: [stored.erp.id], isAll: false });
      await pass(world, MINUTE_MS);
    }
    expect(stateOf(store, "invoice:1")).toBe("reconciled");
    await pass(world, 7 * HOUR_MS);
    expect(store.document("invoice:1")).toMatchObject({ state: "conflict", reason: "read-back-missing" });
  });

  test("may be everything: each open invoice is looked at once, by few requests, and not more often than it is told of", async () => {
    const { world, runner } = await posted(25);
    await pass(world, 20 * MINUTE_MS);
    const { key } = pay(world, 24);
    const { requests } = world.erp;
    for (let times = 0; times < 5; times++) runner.notice({ ids: [], isAll: true });
    await pass(world, 2 * MINUTE_MS);
    expect(paid(world)).toEqual([key]);
    // Ten a request.
    expect(world.erp.requests - requests).toBe(3);
    const { key: another } = pay(world, 0);
    runner.notice({ ids: [], isAll: true });
    await pass(world, 2 * MINUTE_MS);
    expect(world.erp.requests - requests).toBe(3);
    await pass(world, 15 * MINUTE_MS);
    expect(paid(world)).toEqual([key, another]);
  });

  test("that could not be read is read when the ERP answers again", async () => {
    let isDown = false;
    const { world, runner } = await posted(1, {
      reconciliation: { subscribedPaymentIntervalMs: 5 * DAY_MS },
      erp: {
        behaviour: () =>
          isDown ? { kind: "fault", fault: new ErpFault("transient", "down") } : { kind: "answer" },
      },
    });
    isDown = true;
    const { id, key } = pay(world, 0);
    runner.notice({ ids: [id], isAll: false });
    await pass(world, 5 * MINUTE_MS);
    expect(paid(world)).toEqual([]);
    isDown = false;
    await pass(world, 5 * MINUTE_MS);
    expect(paid(world)).toEqual([key]);
  });
});

describe("subscriptions", () => {
  test("are made at the start and renewed before they end, by one request an hour", async () => {
    const { world, runner } = await posted(1);
    expect(world).toMatchObject({ created: 1, isSubscribed: true });
    expect(runner.snapshot().subscriptionEndsAtMs).toBe(world.endsAtMs);
    const { looks } = world;
    for (let day = 0; day < 10; day++) {
      await pass(world, DAY_MS);
      expect(world.isSubscribed).toBe(true);
    }
    expect(world.created).toBe(1);
    expect(world.renewed).toBeGreaterThanOrEqual(9);
    expect(world.looks - looks).toBeLessThanOrEqual(10 * 24 + 1);
    expect(world.subscribed).toHaveLength(1);
  });

  test("are taken over by the next runner, made anew where nobody renewed them, and kept by the one that has the lease", async () => {
    const { world, store, process } = await posted(1);
    const standby = world.runner(world.store());
    standby.start();
    await pass(world, HOUR_MS);
    const { looks } = world;
    expect(looks).toBeLessThanOrEqual(3);
    expect(standby.snapshot().subscriptionEndsAtMs).toBeUndefined();
    process.kill();
    await pass(world, HOUR_MS);
    expect(standby.phase).toBe("posting");
    expect(standby.snapshot().subscriptionEndsAtMs).toBe(world.endsAtMs);
    expect(world.created).toBe(1);
    await stopped(world, standby);
    await pass(world, 4 * DAY_MS);
    expect(world.isSubscribed).toBe(false);
    world.runner(store).start();
    await pass(world, MINUTE_MS);
    expect(world).toMatchObject({ created: 2, isSubscribed: true });
  });

  test("that can't be had are told of and tried again, ever less often; polls go on", async () => {
    const world = new NotifyingWorld({ reconciliation: { paymentIntervalMs: HOUR_MS } });
    world.fault = new ErpFault("validation", "The address does not answer.");
    queueCommands(world.commands, [invoiceCommand("1", { after: [] })]);
    const store = world.store();
    const runner = world.runner(store);
    runner.start();
    await until(world, store, "invoice:1", "reconciled");
    const { key } = pay(world, 0);
    await pass(world, 10 * HOUR_MS);
    expect(paid(world)).toEqual([key]);
    expect(world.subscriptionFaults[0]).toMatchObject({
      code: "subscription-failed",
      message: "The address does not answer.",
    });
    expect(world.looks).toBeGreaterThan(8);
    expect(world.looks).toBeLessThan(20);
    expect(runner.snapshot()).toMatchObject({ phase: "posting", subscriptionEndsAtMs: undefined });
    world.fault = undefined;
    await pass(world, HOUR_MS);
    expect(world.isSubscribed).toBe(true);
    expect(world.subscribed).toHaveLength(1);
  });

  test("are ended where they are not wanted, once", async () => {
    const world = new NotifyingWorld();
    world.endsAtMs = world.clock.nowMs() + DAY_MS;
    world.isWanted = false;
    const runner = world.runner(world.store());
    runner.start();
    await pass(world, DAY_MS / 2);
    expect(world).toMatchObject({ isSubscribed: false, looks: 1, created: 0 });
    expect(runner.snapshot().subscriptionEndsAtMs).toBeUndefined();
  });

  test("count against the quota", async () => {
    const perDay = 50;
    const { world, runner } = await posted(1, { quota: { perDay } });
    const used = (): number => Math.round((runner.snapshot().gate?.utilization ?? 0) * perDay);
    const before = { looks: world.looks, used: used(), day: dayOf(world) };
    await pass(world, 5 * HOUR_MS);
    expect(dayOf(world)).toBe(before.day);
    expect(world.looks - before.looks).toBe(5);
    expect(used() - before.used).toBe(5);
  });
});

describe("polls of payments while subscriptions are alive", () => {
  const intervals = { paymentIntervalMs: HOUR_MS, subscribedPaymentIntervalMs: 24 * HOUR_MS };

  test("are rarer behind one look at all, and as often as ever when the subscriptions are gone", async () => {
    const { world } = await posted(10, { reconciliation: intervals });
    // The covering look.
    await pass(world, HOUR_MS);
    const { requests } = world.erp;
    await pass(world, 20 * HOUR_MS);
    expect(world.erp.requests - requests).toBe(0);
    await pass(world, 6 * HOUR_MS);
    expect(world.erp.requests - requests).toBe(1);
    // The ERP has ended them and does not say so; nor can they be had again.
    world.endsAtMs = undefined;
    world.fault = new ErpFault("validation", "no");
    await pass(world, 4 * HOUR_MS);
    const { key } = pay(world, 3);
    const before = world.erp.requests;
    await pass(world, 4 * HOUR_MS);
    expect(paid(world)).toEqual([key]);
    expect(world.erp.requests - before).toBeGreaterThanOrEqual(4);
  });

  test("begin with a look at all where a subscription had to be made anew", async () => {
    const { world } = await posted(10, { reconciliation: intervals });
    await pass(world, 2 * HOUR_MS);
    // Gone, and with it what would have been told.
    world.endsAtMs = undefined;
    const { key } = pay(world, 5);
    await pass(world, 2 * HOUR_MS);
    expect(world.created).toBe(2);
    expect(paid(world)).toEqual([key]);
  });
});
