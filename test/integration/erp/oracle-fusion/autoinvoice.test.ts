import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PostingCommand } from "../../../../src/model/posting.ts";
import type { BatchPollAnswer, PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import { batchContext, context, expectEqual, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  line,
  memo,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { Environment, expectNoWrongRequests } from "./environment-fixture.ts";

/** Invoices and memos that AutoInvoice imports, many at once: each is there once or has a reason of its own, whatever becomes of the others. */

/** Longer than any test. */
const NEVER_MS = 600_000;
const IMPORTED = { documents: { ...SETTINGS, importsInvoices: true } };

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start();
  await oracle.post(command(customer()));
  oracle.open(IMPORTED);
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
});

interface Sent {
  readonly plan: PlannedPosting;
  readonly handle: string;
}

async function sendAll(commands: readonly PostingCommand[], attempt = 1): Promise<readonly Sent[]> {
  const plans = commands.map((each) => oracle.sink.plan(each));
  const answers = await oracle.sink.submitBatch(plans, batchContext(plans, attempt));
  return plans.map((plan, index) => {
    const answer = answers[index];
    if (answer?.status !== "accepted") throw new Error(`${plan.externalId}: ${JSON.stringify(answer)}`);
    return { plan, handle: answer.handle };
  });
}

/** Polls until nothing is pending; jobs that are due with a poll have ended at the next. */
async function pollAll(sent: readonly Sent[]): Promise<readonly BatchPollAnswer[]> {
  for (let polls = 0; polls < 5; polls++) {
    const answers = await oracle.sink.pollBatch(sent, context());
    if (answers.every(({ status }) => status !== "pending")) return answers;
  }
  throw new Error("it is still pending");
}

function outcomes(answers: readonly BatchPollAnswer[]): readonly string[] {
  return answers.map((answer) =>
    answer.status === "failed" ? `${answer.fault.kind} ${answer.fault.code}` : answer.status,
  );
}

const withItem = (memo_line: string) => ({ ...REFERENCES, item: { "*": { memo_line } } });
const numbered = (count: number): readonly PostingCommand[] =>
  Array.from({ length: count }, (_, index) => command(invoice({ number: `N-${index + 1}` })));
const importDelay = (ms: number): void => {
  oracle.simulator.control({ do: "set-import-delay", ms });
};

describe("a batch", () => {
  it("is one import, and few requests", async () => {
    const { length: before } = oracle.simulator.ledger().requests;
    const commands = numbered(100);
    expect(oracle.sink.maxBatch).toBe(100);
    expect(oracle.sink.isBatchable(oracle.sink.plan(commands[0]!))).toBe(true);
    expect(oracle.sink.isBatchable(oracle.sink.plan(command(customer())))).toBe(false);
    const sent = await sendAll(commands);
    expect(new Set(sent.map(({ handle }) => oracle.sink.jobOf(handle))).size).toBe(1);
    expect(outcomes(await pollAll(sent))).toEqual(commands.map(() => "confirmed"));
    const { requests, jobs, transactions } = oracle.simulator.ledger();
    expect(jobs).toHaveLength(1);
    expect(transactions).toHaveLength(100);
    expect(requests.length - before).toBeLessThan(20);
    const plans = sent.map(({ plan }) => plan);
    const found = await oracle.sink.readBack(plans.slice(0, 20), context());
    expect(found.map(({ externalId }) => externalId)).toEqual(
      plans.slice(0, 20).map(({ externalId }) => externalId),
    );
    expectEqual(plans[99]!, await oracle.sink.readBack([plans[99]!], context()));
  });

  it("has lines, taxes and revenue accounts as they were planned", async () => {
    const document = invoice({ lines: [line({ dimensions: { region: "west" } })] });
    const { plan } = await oracle.post(command(document));
    await oracle.expectAsPlanned(plan);
    expect(oracle.simulator.find("N-1")).toMatchObject({
      isComplete: true,
      terms: "30 Net",
      internalNotes: plan.externalId,
      distributions: [{ combination: "01-000-4110-7100", amount: "120.50" }],
      lines: [{ quantity: "1", taxes: [{ rateCode: "CA-STATE", amount: "7.23" }] }],
    });
  });

  it("is an import for each business unit", async () => {
    const south = {
      business_unit: "South Operations",
      ledger_id: "300000002",
      ledger_currency: "EUR",
      set_id: "300000012",
    };
    const references = { ...REFERENCES, legal_entity: { ...REFERENCES.legal_entity, south } };
    oracle.open();
    const customers = customer({ legalEntity: "south" });
    await oracle.post(command(customers, { key: "customer:south:acme", references }));
    oracle.open(IMPORTED);
    const other = command(invoice({ legalEntity: "south", number: "S-1" }), { references });
    const sent = await sendAll([...numbered(2), other]);
    const [first, second, third] = sent.map(({ handle }) => oracle.sink.jobOf(handle));
    expect([first === second, first === third]).toEqual([true, false]);
    expect(outcomes(await pollAll(sent.slice(0, 2)))).toEqual(["confirmed", "confirmed"]);
    expect(outcomes(await pollAll(sent.slice(2)))).toEqual(["confirmed"]);
    expect(oracle.simulator.find("S-1")?.businessUnit).toBe("South Operations");
  });

  it("of several kinds, or of more than a batch holds, is refused", async () => {
    for (const commands of [[command(invoice()), memo()], numbered(101)]) {
      const plans = commands.map((each) => oracle.sink.plan(each));
      expect(await faultOf(oracle.sink.submitBatch(plans, batchContext(plans)))).toMatchObject({
        kind: "validation",
      });
    }
  });
});

describe("what AutoInvoice rejects", () => {
  it.each(["SUCCEEDED", "WARNING"] as const)(
    "is one document's fault, whether the job ends as %s: the others are there, and its lines are gone before it is sent again",
    async (state) => {
      oracle.simulator.control({ do: "rejections-end-as", state });
      const wrong = invoice({ number: "N-9", lines: [line(), line({ line: 2, item: "other" })] });
      const document = { ...wrong, net: "241.00", tax: "14.46", total: "255.46" };
      const references = { ...REFERENCES, item: { ...REFERENCES.item, "*": { memo_line: "None" } } };
      const sent = await sendAll([...numbered(2), command(document, { references })]);
      // The table is cleaned by a job of its own.
      const first = await oracle.sink.pollBatch(sent, context());
      expect(outcomes(first)).toEqual(["confirmed", "confirmed", "pending"]);
      expect(outcomes(await pollAll(sent))).toEqual([
        "confirmed",
        "confirmed",
        "mapping autoinvoice-rejected",
      ]);
      const { message } = await faultOf(oracle.sink.poll(sent[2]!.plan, sent[2]!.handle, context()));
      expect(message).toContain("valid memo line name. [None]");
      expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
      await oracle.expectAsPlanned((await oracle.post(command(document), 2)).plan);
      expect(oracle.simulator.ledger().transactions).toHaveLength(3);
    },
  );

  it("stays unsaid while its lines are in the table, and they are asked away once", async () => {
    const [sent] = await sendAll([command(invoice(), { references: withItem("None") })]);
    oracle.simulator.ledger();
    importDelay(NEVER_MS);
    for (let polls = 0; polls < 3; polls++)
      expect(await oracle.sink.poll(sent!.plan, sent!.handle, context())).toEqual({ status: "pending" });
    const { jobs } = oracle.simulator.ledger();
    expect(jobs.map(({ does }) => does)).toEqual(["invoices", "removal"]);
    importDelay(0);
    expect(await faultOf(oracle.sink.poll(sent!.plan, sent!.handle, context()))).toMatchObject({
      kind: "mapping",
    });
  });

  it("is set right elsewhere meanwhile: then it is there", async () => {
    oracle.simulator.control({ do: "deactivate-memo-line", name: "Usage" });
    const [sent] = await sendAll([command(invoice())]);
    oracle.simulator.ledger();
    oracle.simulator.control({ do: "activate-memo-line", name: "Usage" });
    // Another import takes what is left in the table.
    expect(outcomes(await pollAll(await sendAll([command(invoice({ number: "N-2" }))])))).toEqual([
      "confirmed",
    ]);
    expect(outcomes(await pollAll([sent!]))).toEqual(["confirmed"]);
    expect(oracle.simulator.ledger().transactions).toHaveLength(2);
  });

  it("is rejected as a whole: what a source's other rule would make of a part is a conflict", async () => {
    oracle.simulator.fault({ kind: "import-partial" }, { times: 1, path: "/erpintegrations" });
    const document = invoice({ lines: [line(), line({ line: 2, item: "other" })] });
    const references = { ...REFERENCES, item: { ...REFERENCES.item, "*": { memo_line: "None" } } };
    const whole = { ...document, net: "241.00", tax: "14.46", total: "255.46" };
    const [sent] = await sendAll([command(whole, { references })]);
    expect(outcomes(await pollAll([sent!]))).toEqual(["duplicate null"]);
    const [found] = await oracle.sink.lookUp(sent!.plan, context());
    expect(found?.document.lines).toHaveLength(1);
  });

  it.each([
    ["customer account", { customer: { acme: { account_number: "none" } } }, "mapping"],
    ["currency", { currency: { USD: { code: "XXX" } } }, "mapping"],
    ["tax", { tax: { "ca-state": { regime: "US SALES TAX", rate_code: "NONE" } } }, "mapping"],
    ["account", { item: { "*": { memo_line: "Usage", combination: "01-000-9999-0000" } } }, "mapping"],
    ["terms", { terms: { "30": { name: "None" } } }, "mapping"],
  ])("has the reason that the report names: %s", async (_, table, kind) => {
    const sent = await sendAll([command(invoice(), { references: { ...REFERENCES, ...table } })]);
    expect(outcomes(await pollAll(sent))).toEqual([`${kind} autoinvoice-rejected`]);
  });

  it("for the source numbers transactions by itself", async () => {
    oracle.simulator.control({ do: "automatic-numbers", source: "Tributary", isOn: true });
    expect(outcomes(await pollAll(await sendAll(numbered(2))))).toEqual([
      "mapping autoinvoice-rejected",
      "mapping autoinvoice-rejected",
    ]);
  });
});

describe("an import as a whole", () => {
  it("is under way in every state that is no end, whatever it is called", async () => {
    importDelay(NEVER_MS);
    const [sent] = await sendAll([command(invoice())]);
    for (const state of ["WAIT", "PAUSED", "BLOCKED", "HOLD", "", "COMPLETED", "SOMETHING_NEW"]) {
      oracle.simulator.control({ do: "job-state", state });
      expect([state, await oracle.sink.poll(sent!.plan, sent!.handle, context())]).toEqual([
        state,
        { status: "pending" },
      ]);
    }
    oracle.simulator.control({ do: "job-state", state: "COMPLETED" });
    oracle.simulator.control({ do: "finish-imports" });
    expect(await oracle.sink.poll(sent!.plan, sent!.handle, context())).toMatchObject({
      status: "confirmed",
    });
  });

  it("that can't begin tells why, and leaves nothing behind", async () => {
    oracle.simulator.control({ do: "remove-context", name: "TRIBUTARY" });
    expect(outcomes(await pollAll(await sendAll(numbered(2))))).toEqual([
      "validation autoinvoice-setup",
      "validation autoinvoice-setup",
    ]);
    expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
    oracle.open({ documents: { ...IMPORTED.documents, transactionSource: "None" } });
    expect(outcomes(await pollAll(await sendAll(numbered(1))))).toEqual(["mapping autoinvoice-setup"]);
  });

  it("that somebody cancels, or that shows nothing yet, has its documents looked up", async () => {
    importDelay(NEVER_MS);
    const [sent] = await sendAll([command(invoice())]);
    for (const state of ["CANCELLED", "EXPIRED", "SUCCEEDED", "ERROR"]) {
      oracle.simulator.control({ do: "job-state", state });
      expect(await faultOf(oracle.sink.poll(sent!.plan, sent!.handle, context()))).toMatchObject({
        kind: "version-conflict",
        code: state,
      });
    }
    oracle.simulator.control({ do: "job-state" });
    importDelay(0);
    oracle.simulator.control({ do: "set-lag", ms: NEVER_MS });
    expect(outcomes(await pollAll([sent!]))).toEqual(["version-conflict SUCCEEDED"]);
    oracle.simulator.control({ do: "set-lag", ms: 0 });
    await oracle.expectAsPlanned(sent!.plan);
  });

  it("that is refused with a status of success brings nothing", async () => {
    oracle.simulator.fault({ kind: "import-refused" }, { times: 1, path: "/erpintegrations" });
    const plans = numbered(2).map((each) => oracle.sink.plan(each));
    expect(await faultOf(oracle.sink.submitBatch(plans, batchContext(plans)))).toMatchObject({
      kind: "permission",
      code: "ReqstId -1",
    });
    expect(oracle.simulator.ledger().jobs).toEqual([]);
  });

  it("is asked about under no handle of another kind", async () => {
    const plan = oracle.sink.plan(command(invoice()));
    for (const handle of ["", "123", "abc/1"])
      expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({
        kind: "version-conflict",
        code: "import-unknown",
      });
    expect(["123", "123/7"].map((handle) => oracle.sink.jobOf(handle))).toEqual([null, "123"]);
  });
});
