import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlannedPosting } from "../../../../src/sinks/erp/erp-sink.ts";
import { batchContext, context, faultOf } from "../../../support/erp/sink-requests.ts";
import {
  command,
  customer,
  invoice,
  memo,
  REFERENCES,
  SETTINGS,
} from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { Environment, expectNoWrongRequests } from "./environment-fixture.ts";

/** What goes wrong with imports of invoices costs no document and makes none twice. */

const NEVER_MS = 600_000;
const IMPORTED = { documents: { ...SETTINGS, importsInvoices: true } };
const IMPORTS = "/erpintegrations";

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

const importDelay = (ms: number): void => {
  oracle.simulator.control({ do: "set-import-delay", ms });
};

/** Polls until it is no longer pending. */
async function settled(plan: PlannedPosting, handle: string) {
  for (let polls = 0; polls < 5; polls++) {
    const answer = await oracle.sink.poll(plan, handle, context());
    if (answer.status !== "pending") return answer;
  }
  throw new Error("it is still pending");
}

function numbers(): readonly string[] {
  return oracle.simulator.ledger().transactions.map(({ number }) => number);
}

describe("a lost answer", () => {
  it("is waited for while an import is under way that may have the document; one that is known has others", async () => {
    importDelay(NEVER_MS);
    await oracle.begin(oracle.sink.plan(command(invoice({ number: "N-2" }))));
    const plan = oracle.sink.plan(command(invoice()));
    expect(await oracle.sink.lookUp(plan, context())).toEqual([]);
    oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: IMPORTS });
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    expect(await faultOf(oracle.sink.lookUp(plan, context()))).toMatchObject({
      kind: "transient",
      code: "import-running",
    });
    importDelay(0);
    await oracle.expectAsPlanned(plan);
    expect(numbers()).toEqual(["N-2", "N-1"]);
  });

  it("of an import that has rejected the document: the table is cleaned before it is sent again", async () => {
    oracle.simulator.control({ do: "deactivate-memo-line", name: "Usage" });
    oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: IMPORTS });
    const plan = oracle.sink.plan(command(invoice()));
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    oracle.simulator.control({ do: "activate-memo-line", name: "Usage" });
    expect(await faultOf(oracle.sink.lookUp(plan, context()))).toMatchObject({
      kind: "transient",
      code: "interface-lines-left",
    });
    expect(await oracle.sink.lookUp(plan, context())).toEqual([]);
    expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
    await settled(plan, await oracle.begin(plan, 2));
    await oracle.expectAsPlanned(plan);
    expect(numbers()).toEqual(["N-1"]);
  });

  it("to a question about one document is only that one's, until several fail in a row", async () => {
    const customers = Array.from({ length: 8 }, (_, index) => `c${index}`);
    oracle.open();
    for (const each of customers)
      await oracle.post(command(customer({ customer: each }), { key: `customer:north:${each}` }));
    oracle.open(IMPORTED);
    const plans = customers.map((each) =>
      oracle.sink.plan(command(invoice({ customer: each, number: `N-${each}` }))),
    );
    const service = "/CustomerAccountService";
    const submit = async (times: number): Promise<readonly string[]> => {
      oracle.simulator.fault({ kind: "server-error", status: 503 }, { times, path: service });
      const answers = await oracle.sink.submitBatch(plans, batchContext(plans));
      return answers.map((answer) => (answer.status === "failed" ? answer.fault.kind : answer.status));
    };
    expect(await submit(1)).toEqual(["transient", ...plans.slice(1).map(() => "accepted")]);
    oracle.open(IMPORTED);
    const { length: before } = oracle.simulator.ledger().requests;
    expect(await submit(100)).toEqual(plans.map(() => "transient"));
    // A question about the period, and three about customers.
    expect(oracle.simulator.ledger().requests.length - before).toBe(4);
  });

  it("of the first of several files leaves the others unsent", async () => {
    const other = { ...REFERENCES.legal_entity?.["north"], transaction_source: "Manual" };
    const references = { ...REFERENCES, legal_entity: { north: other } };
    const plans = [command(invoice()), command(invoice({ number: "N-2" }), { references })].map((each) =>
      oracle.sink.plan(each),
    );
    oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: IMPORTS });
    const answers = await oracle.sink.submitBatch(plans, batchContext(plans));
    expect(answers.map((answer) => (answer.status === "failed" ? answer.fault.kind : answer.status))).toEqual(
      ["unknown", "transient"],
    );
    expect(oracle.simulator.ledger().jobs).toHaveLength(1);
  });
});

it("a poll tells what it knows where one of its questions fails", async () => {
  const plans = Array.from({ length: 25 }, (_, index) =>
    oracle.sink.plan(command(invoice({ number: `N-${index + 1}` }))),
  );
  const answers = await oracle.sink.submitBatch(plans, batchContext(plans));
  const accepted = plans.map((plan, index) => {
    const answer = answers[index];
    return { plan, handle: answer?.status === "accepted" ? answer.handle : "" };
  });
  const down = { kind: "server-error", status: 503 } as const;
  oracle.simulator.fault(down, { times: 1, path: "/receivablesInvoices" });
  const polled = await oracle.sink.pollBatch(accepted, context());
  expect(polled.map((answer) => (answer.status === "failed" ? answer.fault.kind : answer.status))).toEqual(
    plans.map((_, index) => (index < 20 ? "transient" : "confirmed")),
  );
});

describe("a file that comes twice", () => {
  it("one after the other: the second is rejected, and its lines are taken away", async () => {
    importDelay(NEVER_MS);
    oracle.simulator.fault({ kind: "duplicate-delivery" }, { times: 1, path: IMPORTS });
    const plan = oracle.sink.plan(command(invoice()));
    const handle = await oracle.begin(plan);
    oracle.simulator.control({ do: "finish-imports" });
    expect(oracle.simulator.ledger().interfaceLines.length).toBeGreaterThan(0);
    expect(await settled(plan, handle)).toMatchObject({ status: "confirmed" });
    oracle.simulator.control({ do: "finish-imports" });
    expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
    expect(numbers()).toEqual(["N-1"]);
  });

  it("at once: both are rejected, and it is sent again", async () => {
    oracle.simulator.fault({ kind: "duplicate-delivery" }, { times: 1, path: IMPORTS });
    const plan = oracle.sink.plan(command(invoice()));
    const handle = await oracle.begin(plan);
    expect(await faultOf(settled(plan, handle))).toMatchObject({
      kind: "version-conflict",
      code: "interface-lines-twice",
    });
    expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
    expect(await oracle.sink.lookUp(plan, context())).toEqual([]);
    await settled(plan, await oracle.begin(plan, 2));
    await oracle.expectAsPlanned(plan);
    expect(numbers()).toEqual(["N-1"]);
  });

  it("by somebody who did not look: there is one still, and both are answered with it", async () => {
    const plan = oracle.sink.plan(command(invoice()));
    const first = await settled(plan, await oracle.begin(plan));
    expect(await settled(plan, await oracle.begin(plan))).toEqual(first);
    expect(oracle.simulator.ledger().interfaceLines).toEqual([]);
    expect(numbers()).toEqual(["N-1"]);
  });
});

describe("a closed period", () => {
  it("is seen before anything is sent, where the mapping names the ledger", async () => {
    oracle.simulator.control({ do: "close-period", month: "2026-06", application: "222" });
    expect(await faultOf(oracle.post(command(invoice())))).toMatchObject({ kind: "period-closed" });
    expect(oracle.simulator.ledger().jobs).toEqual([]);
    oracle.simulator.control({ do: "open-period", month: "2026-06" });
    await oracle.expectAsPlanned((await oracle.post(command(invoice()), 2)).plan);
  });

  it("that closes while the import waits keeps the document out", async () => {
    importDelay(NEVER_MS);
    const plan = oracle.sink.plan(command(invoice()));
    const handle = await oracle.begin(plan);
    oracle.simulator.control({ do: "close-period", month: "2026-06" });
    importDelay(0);
    expect(await faultOf(settled(plan, handle))).toMatchObject({
      kind: "period-closed",
      code: "autoinvoice-rejected",
    });
    expect(numbers()).toEqual([]);
  });

  it("by the source's other rule it is booked on another day: a conflict, never taken for right", async () => {
    importDelay(NEVER_MS);
    const plan = oracle.sink.plan(command(invoice()));
    const handle = await oracle.begin(plan);
    oracle.simulator.control({ do: "close-period", month: "2026-06" });
    oracle.simulator.control({ do: "period-rule", rule: "Adjust" });
    importDelay(0);
    expect(await faultOf(settled(plan, handle))).toMatchObject({ kind: "duplicate" });
    const [found] = await oracle.sink.lookUp(plan, context());
    expect(found?.document.date).toBe("2026-07-01");
  });
});

describe("another document", () => {
  it("of the same number is nobody's to overwrite", async () => {
    oracle.open();
    await oracle.post(command(invoice({ memo: "made by hand" })));
    oracle.simulator.control({ do: "rename-reference", number: "N-1", crossReference: "somebody-else" });
    oracle.open(IMPORTED);
    const plan = oracle.sink.plan(command(invoice()));
    const handle = await oracle.begin(plan);
    expect(await faultOf(settled(plan, handle))).toMatchObject({ kind: "duplicate" });
    const [found] = await oracle.sink.lookUp(plan, context());
    expect(found?.document.legalEntity).toContain("somebody-else");
    expect(numbers()).toEqual(["N-1"]);
  });

  it("that a tax rule has made of ours is a conflict", async () => {
    oracle.simulator.control({ do: "automatic-tax", rateCode: "CA-STATE" });
    const { lines } = invoice();
    const untaxed = invoice({
      lines: lines.map((each) => ({ ...each, tax: "0", taxes: [] })),
      tax: "0",
      total: "120.50",
    });
    const plan = oracle.sink.plan(command(untaxed));
    const handle = await oracle.begin(plan);
    expect(await faultOf(settled(plan, handle))).toMatchObject({ kind: "duplicate" });
  });
});

describe("a memo", () => {
  beforeEach(async () => {
    await oracle.post(command(invoice()));
  });

  it("is imported on account and applied to its invoice, once", async () => {
    const { plan } = await oracle.post(memo());
    await oracle.expectAsPlanned(plan);
    expect(oracle.simulator.find("C-1")).toMatchObject({
      isMemo: true,
      applications: [{ invoiceNumber: "N-1", amount: "127.73" }],
    });
    expect(oracle.simulator.find("N-1")?.balance).toBe("0");
  });

  it("whose application's answer was lost is applied once", async () => {
    oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: "/CreditMemoService" });
    const plan = oracle.sink.plan(memo());
    const handle = await oracle.begin(plan);
    expect(await faultOf(settled(plan, handle))).toMatchObject({ kind: "unknown" });
    expect(await settled(plan, handle)).toMatchObject({ status: "confirmed" });
    expect(oracle.simulator.find("C-1")?.applications).toHaveLength(1);
  });

  it("whose import's answer was lost is applied where it is looked for", async () => {
    oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, path: IMPORTS });
    const plan = oracle.sink.plan(memo());
    expect(await faultOf(oracle.sink.submit(plan, context()))).toMatchObject({ kind: "unknown" });
    await oracle.expectAsPlanned(plan);
    expect(oracle.simulator.find("C-1")?.applications).toHaveLength(1);
  });

  it("stays on account where the connection says so", async () => {
    oracle.open({ documents: { ...IMPORTED.documents, appliesCreditMemos: false } });
    await oracle.expectAsPlanned((await oracle.post(memo())).plan);
    expect(oracle.simulator.find("C-1")?.applications).toEqual([]);
  });

  it("of an invoice that isn't there is not sent", async () => {
    const corrects = { key: "invoice:north:N-7", number: "N-7" };
    const posted = { ...memo({ corrects }), after: [corrects.key] };
    expect(await faultOf(oracle.post(posted))).toMatchObject({
      kind: "validation",
      code: "corrected-invoice-missing",
    });
  });

  it("of a batch is applied by a later poll where there are many", async () => {
    const commands = Array.from({ length: 25 }, (_, index) => memo({ number: `C-${index + 1}` }));
    const plans = commands.map((each) => oracle.sink.plan(each));
    const answers = await oracle.sink.submitBatch(plans, batchContext(plans));
    const accepted = plans.map((plan, index) => {
      const answer = answers[index];
      return { plan, handle: answer?.status === "accepted" ? answer.handle : "" };
    });
    const count = async (): Promise<number> =>
      (await oracle.sink.pollBatch(accepted, context())).filter(({ status }) => status === "confirmed")
        .length;
    expect(await count()).toBe(20);
    // What is confirmed isn't asked about again.
    const rest = await oracle.sink.pollBatch(accepted.slice(20), context());
    expect(rest.map(({ status }) => status)).toEqual(rest.map(() => "confirmed"));
  });
});

describe("the setting", () => {
  it("may change while documents are under way, and finds what was made before it did", async () => {
    importDelay(NEVER_MS);
    const handle = await oracle.begin(oracle.sink.plan(command(invoice())));
    oracle.open();
    const plan = oracle.sink.plan(command(invoice()));
    expect(await oracle.sink.poll(plan, handle, context())).toEqual({ status: "pending" });
    importDelay(0);
    expect(await settled(plan, handle)).toMatchObject({ status: "confirmed" });
    await oracle.expectAsPlanned(plan);
    const single = (await oracle.post(command(invoice({ number: "N-2" })))).plan;
    oracle.open(IMPORTED);
    await oracle.expectAsPlanned(oracle.sink.plan(single.command));
    const scanned: string[] = [];
    for await (const page of oracle.sink.scan("2026-01-01", context()))
      scanned.push(...page.map(({ externalId }) => externalId));
    expect(scanned.sort()).toEqual([
      "umr-customer:north:acme",
      "umr-invoice:north:N-1",
      "umr-invoice:north:N-2",
    ]);
  });

  it("asks for what it needs: the scheduler and the interface table", async () => {
    expect(await oracle.sink.check(["invoice"], context(), REFERENCES)).toEqual([]);
    oracle.simulator.control({ do: "revoke-permission", path: "/autoInvoiceInterfaceLines" });
    oracle.simulator.control({ do: "revoke-permission", path: "/ess/rest" });
    const findings = await oracle.sink.check(["invoice"], context(), REFERENCES);
    expect(findings.map(({ problem }) => problem)).toEqual(["permission", "permission"]);
    expect(findings[1]?.message).toContain("Manage AutoInvoice Lines");
    expect(await oracle.sink.check(["customer"], context())).toEqual([]);
  });
});
