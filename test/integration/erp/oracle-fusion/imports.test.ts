import { afterEach, beforeEach, expect, it } from "vitest";
import { context, faultOf } from "../../../support/erp/sink-requests.ts";
import { command, journal, REFERENCES } from "../../../unit/erp/oracle-fusion/oracle-fixture.ts";
import { Environment, expectNoWrongRequests } from "./environment-fixture.ts";

/** Journals that Oracle imports by itself: waited for, never sent a second time while the first may still come. */

let oracle: Environment;
beforeEach(async () => {
  oracle = await Environment.start({ importDelayMs: 600_000 });
});
afterEach(async () => {
  expectNoWrongRequests(oracle);
  await oracle.close();
});

const wrongAccount = {
  ...REFERENCES,
  account: {
    "unbilled-receivable": { combination: "01-000-1220-0000" },
    revenue: { combination: "01-000-9999-0000" },
  },
};

it("is under way in every state that is no end, whatever it is called", async () => {
  const { plan, handle } = await oracle.beginJournal(command(journal()));
  for (const state of ["WAIT", "PAUSED", "BLOCKED", "HOLD", "", "COMPLETED", "SOMETHING_NEW"]) {
    oracle.simulator.control({ do: "job-state", state });
    expect([state, await oracle.sink.poll(plan, handle, context())]).toEqual([state, { status: "pending" }]);
  }
  // A job whose state Oracle doesn't tell: the batch is there all the same.
  oracle.simulator.control({ do: "job-state", state: "" });
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  oracle.simulator.ledger();
  expect(await oracle.sink.poll(plan, handle, context())).toMatchObject({ status: "confirmed" });
});

it("that is refused with a status of success brings nothing", async () => {
  oracle.simulator.fault({ kind: "import-refused" }, { times: 1, method: "POST" });
  expect(await faultOf(oracle.post(command(journal())))).toMatchObject({
    kind: "permission",
    code: "ReqstId -1",
  });
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  await oracle.expectAsPlanned((await oracle.post(command(journal()))).plan);
});

it("is not sent again while an import is under way that may be it", async () => {
  oracle.simulator.fault({ kind: "lost-after-commit" }, { times: 1, method: "POST" });
  expect(await faultOf(oracle.beginJournal(command(journal())))).toMatchObject({ kind: "unknown" });
  const plan = oracle.sink.plan(command(journal()));
  expect(await faultOf(oracle.sink.lookUp(plan, context()))).toMatchObject({
    kind: "transient",
    code: "import-running",
  });
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  await oracle.expectAsPlanned(plan);
  expect(oracle.simulator.ledger().batches).toHaveLength(1);
});

it("that came twice is found, since Oracle takes the same group twice", async () => {
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  oracle.simulator.fault({ kind: "duplicate-delivery" }, { times: 1, path: "/erpintegrations" });
  const { plan, handle } = await oracle.beginJournal(command(journal()));
  expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({ kind: "duplicate" });
  expect(await oracle.sink.lookUp(plan, context())).toHaveLength(2);
});

it("that ends with an error tells which line is wrong, and whose it is", async () => {
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  const cases = [
    [command(journal(), { references: wrongAccount }), "mapping", "EF04"],
    [
      command(journal(), { references: { ...REFERENCES, currency: { USD: { code: "CHF" } } } }),
      "mapping",
      "EC08",
    ],
  ] as const;
  for (const [posted, kind, code] of cases) {
    const { plan, handle } = await oracle.beginJournal(posted);
    expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({ kind, code });
  }
  // The period closes while the import waits.
  oracle.simulator.control({ do: "set-import-delay", ms: 600_000 });
  const { plan, handle } = await oracle.beginJournal(command(journal()));
  oracle.simulator.control({ do: "close-period", month: "2026-06" });
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({
    kind: "period-closed",
    code: "EP01",
  });
});

it("that did a part is never taken for the journal", async () => {
  oracle.simulator.control({ do: "set-import-delay", ms: 0 });
  oracle.simulator.fault({ kind: "import-partial" }, { times: 1, path: "/erpintegrations" });
  const { plan, handle } = await oracle.beginJournal(command(journal(), { references: wrongAccount }));
  expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({ kind: "duplicate" });
  const [found] = await oracle.sink.lookUp(plan, context());
  expect(found?.document.lines).toHaveLength(1);
});

it("that somebody cancels is sent again; one whose batch is not seen yet is looked for", async () => {
  const { plan, handle } = await oracle.beginJournal(command(journal()));
  for (const state of ["CANCELLED", "EXPIRED", "SUCCEEDED"]) {
    oracle.simulator.control({ do: "job-state", state });
    expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({
      kind: "version-conflict",
      code: state,
    });
  }
  oracle.simulator.control({ do: "job-state", state: "VALIDATION_FAILED" });
  expect(await faultOf(oracle.sink.poll(plan, handle, context()))).toMatchObject({ kind: "validation" });
});

it("of a ledger that Oracle doesn't show is not sent", async () => {
  for (const ledger_id of ["999", "not a number"]) {
    const north = { ...REFERENCES.legal_entity?.["north"], ledger_id };
    const posted = command(journal(), { references: { ...REFERENCES, legal_entity: { north } } });
    expect(await faultOf(oracle.beginJournal(posted))).toMatchObject({ kind: "mapping" });
  }
  expect(oracle.simulator.ledger().jobs).toEqual([]);
});
