import { expect, it } from "vitest";
import { accruedValue } from "../../../src/pipeline/accrued-value.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog, type LogStep } from "../../support/engine-fixture.ts";

const CATALOG = testCatalog(["a", "b"]);
const WHOLE = { cut: () => false, commit: () => false, restart: () => false };

function message(sequence: number, account: string, region: string, timeMs: number): LogStep {
  const text = JSON.stringify({
    specversion: "1.0",
    id: `e${sequence}`,
    source: "test",
    type: "usage",
    subject: account,
    time: new Date(timeMs).toISOString(),
    data: { amount: 2, status: "ok", user: `u${sequence}` },
  });
  return {
    kind: "message",
    message: {
      sequence,
      subject: `usage.0.${region}`,
      contentType: "application/cloudevents+json",
      arrivalMs: timeMs,
      data: new TextEncoder().encode(text),
    },
  };
}

const CATALOG_STEP: LogStep = {
  kind: "control",
  record: { kind: "catalog", version: CATALOG.version, appliesAfter: 0, decidedAt: "" },
  catalog: CATALOG,
};
/** Two hours of usage of both accounts in both regions; the last hour is open. */
const STEPS: readonly LogStep[] = [
  CATALOG_STEP,
  message(1, "a", "eu", BASE_MS + 1_000),
  message(2, "b", "us", BASE_MS + 2_000),
  message(3, "a", "us", BASE_MS + 90 * 60_000),
  message(4, "b", "eu", BASE_MS + 91 * 60_000),
];

it("adds the open hours to what is rated, as the hours' completion will", async () => {
  const open = await runLogs(STEPS, CATALOG, WHOLE);
  const source = { partition: 0, engine: open.engine, store: open.store };
  const before = reportOf([source]).unbilled;
  const accrued = accruedValue([source]);
  expect(accrued.map(({ account, currency, rated }) => ({ account, currency, amount: rated }))).toEqual(
    before,
  );

  const close: LogStep = {
    kind: "control",
    record: {
      kind: "close",
      upToMs: BASE_MS + 2 * HOUR_MS,
      actor: "test",
      reason: "test",
      appliesAfter: 4,
      decidedAt: "",
    },
  };
  const closed = await runLogs([...STEPS, close], CATALOG, WHOLE);
  const after = reportOf([{ partition: 0, engine: closed.engine, store: closed.store }]).unbilled;
  expect(accrued.map(({ account, currency, accrued: amount }) => ({ account, currency, amount }))).toEqual(
    after,
  );
  expect(after).not.toEqual(before);
  open.store.close();
  closed.store.close();
});

it("is the rated value where no hour is open, and nothing where nothing came", async () => {
  const none = await runLogs([CATALOG_STEP], CATALOG, WHOLE);
  expect(accruedValue([{ partition: 0, engine: none.engine, store: none.store }])).toEqual([]);
  none.store.close();
});
