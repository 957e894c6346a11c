import { expect, it } from "vitest";
import type { LogStep } from "../../support/engine-fixture.ts";
import { BASE_MS, HOUR_MS, runLogs, testCatalog } from "../../support/engine-fixture.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";

const OPEN = testCatalog(["a"]);
/** The same contract, ended two hours before usage that the first catalog has let in. */
const ENDED = testCatalog(["a"], [], { end: new Date(BASE_MS + HOUR_MS).toISOString() });

function usage(sequence: number, timeMs: number): LogStep {
  const event = {
    specversion: "1.0",
    id: `e${sequence}`,
    source: "test",
    type: "usage",
    subject: "a",
    time: new Date(timeMs).toISOString(),
    data: { amount: 2, status: "ok", user: "u" },
  };
  return {
    kind: "message",
    message: {
      sequence,
      subject: "usage.0.eu",
      contentType: "application/cloudevents+json",
      arrivalMs: timeMs,
      data: new TextEncoder().encode(JSON.stringify(event)),
    },
  };
}

it("goes on reporting usage whose contract was ended before it, unpriced and as an exception", async () => {
  const control = (appliesAfter: number) => ({ appliesAfter, decidedAt: "" });
  const { store, engine } = await runLogs(
    [
      { kind: "control", record: { kind: "catalog", version: OPEN.version, ...control(0) }, catalog: OPEN },
      usage(1, BASE_MS + HOUR_MS / 2),
      usage(2, BASE_MS + 3 * HOUR_MS),
      { kind: "control", record: { kind: "catalog", version: ENDED.version, ...control(2) }, catalog: ENDED },
      {
        kind: "control",
        record: {
          kind: "close",
          upToMs: BASE_MS + 100 * 24 * HOUR_MS,
          actor: "test",
          reason: "test",
          ...control(2),
        },
      },
    ],
    OPEN,
    { cut: () => true, commit: () => true, restart: () => true },
  );
  const report = reportOf([{ partition: 0, engine, store }]);
  expect(report.checks.filter((check) => !check.balanced)).toEqual([]);
  const late = store.exceptions().filter((exception) => exception.reason === "no-contract");
  expect(late.length).toBeGreaterThanOrEqual(7);
  const rated = store
    .outboxAfter("rated", 0, 1_000)
    .map((entry): Readonly<Record<string, unknown>> => JSON.parse(entry.body));
  const unpriced = rated.filter((aggregate) => aggregate["contract"] === "");
  expect(unpriced.map((aggregate) => aggregate["amount"])).toEqual(unpriced.map(() => null));
  expect(unpriced.some((aggregate) => aggregate["meter"] === "requests" && aggregate["value"] === "1")).toBe(
    true,
  );
  expect(
    rated.some((aggregate) => aggregate["contract"] === "contract-a" && aggregate["kind"] === "period"),
  ).toBe(true);
  store.close();
});
