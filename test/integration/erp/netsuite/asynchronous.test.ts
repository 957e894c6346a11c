import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BatchPollAnswer, PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";

import { batchContext, context, faultOf } from "../../../support/erp/sink-requests.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { command, customer, invoice, memo } from "../../../unit/erp/netsuite/netsuite-fixture.ts";
import { Bookkeeping } from "./account-fixture.ts";

/** Longer than any test: nothing is done by itself. */
const HOUR_MS = 60 * 60_000;

let books: Bookkeeping;

beforeEach(async () => {
  books = await Bookkeeping.start();
});
afterEach(async () => {
  await books.close();
});

describe("asynchronous posting", () => {
  beforeEach(async () => {
    books.open();
    await books.post(command(customer()));
    books.open({ isAsynchronous: true });
  });

  async function settled(plan: PlannedPosting, handle: string): Promise<string> {
    let id = "";
    await waitUntil("the document is there", async () => {
      const answer = await books.sink.poll(plan, handle, context());
      if (answer.status === "confirmed") ({ id } = answer.erp);
      return answer.status === "confirmed";
    });
    return id;
  }

  it("is polled until it is done", async () => {
    books.simulator.control({ do: "set-async-delay", ms: HOUR_MS });
    const plan = books.sink.plan(command(invoice()));
    const handle = await books.begin(plan);
    expect(await books.sink.poll(plan, handle, context())).toEqual({ status: "pending" });
    books.simulator.control({ do: "run-jobs" });
    const id = await settled(plan, handle);
    expect(books.simulator.find("invoice", plan.externalId)).toMatchObject({ id, commits: 1 });
    await books.expectAsPlanned(plan);
  });

  it("adopts the first job where the answer about it was lost", async () => {
    books.simulator.control({ do: "set-async-delay", ms: 300 });
    const plan = books.sink.plan(command(invoice()));
    books.simulator.fault({ kind: "lost-after-commit" });
    expect(await faultOf(books.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    const handle = await books.begin(plan, 2);
    await settled(plan, handle);
    expect(books.simulator.find("invoice", plan.externalId)?.commits).toBe(1);
  });

  it("begins another job where the first one failed for good", async () => {
    books.simulator.control({ do: "close-period", period: "Jun 2026" });
    const plan = books.sink.plan(command(invoice()));
    const first = await books.begin(plan);
    expect(await faultOf(settled(plan, first))).toMatchObject({ kind: "period-closed" });
    books.simulator.control({ do: "open-period", period: "Jun 2026" });
    const second = await books.begin(plan, 2);
    expect(second).not.toBe(first);
    await settled(plan, second);
  });

  it("looks in the books where NetSuite has forgotten a job, and has the document looked up where it isn't there", async () => {
    const plan = books.sink.plan(command(invoice()));
    const handles = ["999999", "999999/3", "no handle"];
    for (const handle of handles)
      expect(await faultOf(books.sink.poll(plan, handle, context()))).toMatchObject({
        kind: "version-conflict",
        code: "job-without-document",
      });
    const id = await settled(plan, await books.begin(plan));
    expect(await books.sink.poll(plan, "999998", context())).toMatchObject({
      status: "confirmed",
      erp: { id },
    });
  });

  it("sends many documents in one request, and knows which of them failed", async () => {
    const plans = Array.from({ length: 100 }, (_, index) =>
      books.sink.plan(command(invoice({ number: `N-${index}` }))),
    );
    expect(books.sink.maxBatch).toBe(100);
    expect(plans.every((plan) => books.sink.isBatchable(plan))).toBe(true);
    expect(books.sink.isBatchable(books.sink.plan(command(customer())))).toBe(false);
    expect(books.sink.isBatchable(books.sink.plan(memo()))).toBe(false);
    books.simulator.fault({ kind: "failing-items", places: [17] });
    const answers = await books.sink.submitBatch(plans, batchContext(plans));
    const accepted = plans.map((plan, index) => {
      const answer = answers[index];
      if (answer?.status !== "accepted") throw new Error("it was not accepted");
      return { plan, handle: answer.handle };
    });
    expect(new Set(accepted.map(({ handle }) => books.sink.jobOf(handle))).size).toBe(1);
    let polled: readonly BatchPollAnswer[] = [];
    await waitUntil("the job is done", async () => {
      polled = await books.sink.pollBatch(accepted, context());
      return polled.every(({ status }) => status !== "pending");
    });
    const outcomes = polled.map((answer, index) => {
      if (answer.status === "failed") return answer.fault.kind;
      const found = books.simulator.find("invoice", accepted[index]?.plan.externalId ?? "");
      return answer.status === "confirmed" && answer.erp.id === found?.id;
    });
    expect(outcomes.map((outcome, index) => (outcome === true ? [] : [index, outcome])).flat()).toEqual([
      17,
      "version-conflict",
    ]);
    const { requests } = books.simulator.ledger();
    expect(
      requests.filter(({ method, path }) => method === "POST" && path.endsWith("/invoice")),
    ).toHaveLength(1);
    // One document of a batch asks for all of them: far fewer requests than documents.
    expect(requests.length).toBeLessThan(20);
  });

  it("asks about no other document of a job where a question fails, and loses none", async () => {
    const plans = ["A", "B", "C"].map((number) => books.sink.plan(command(invoice({ number }))));
    const answers = await books.sink.submitBatch(plans, batchContext(plans));
    const accepted = plans.map((plan, index) => {
      const answer = answers[index];
      return { plan, handle: answer?.status === "accepted" ? answer.handle : "" };
    });
    books.simulator.fault({ kind: "server-error", status: 503 }, { times: 1, path: "/job/" });
    const before = books.simulator.ledger().requests.length;
    const failed = await books.sink.pollBatch(accepted, context());
    expect(failed.map((answer) => (answer.status === "failed" ? answer.fault.kind : answer.status))).toEqual([
      "transient",
      "transient",
      "transient",
    ]);
    expect(books.simulator.ledger().requests.length).toBe(before + 1);
    for (const { plan, handle } of accepted) await settled(plan, handle);
    expect(books.sink.jobOf(await books.begin(plans[0]!))).toBe(null);
  });

  it("never adds lines to a document that is there already", async () => {
    const plan = books.sink.plan(command(invoice()));
    const [first] = await books.sink.submitBatch([plan], batchContext([plan]));
    if (first?.status !== "accepted") throw new Error("it was not accepted");
    await settled(plan, first.handle);
    const changed = books.sink.plan(command(invoice(), { revision: 2 }));
    const [second] = await books.sink.submitBatch([changed], batchContext([changed]));
    if (second?.status !== "accepted") throw new Error("it was not accepted");
    expect(await settled(changed, second.handle)).not.toBe("");
    await books.expectAsPlanned(plan);
  });
});
