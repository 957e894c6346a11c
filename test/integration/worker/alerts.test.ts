import { afterEach, expect, test } from "vitest";
import { publishAll } from "../../../src/ingest/jetstream/producer.ts";
import { unplacedUsageSubject } from "../../../src/ingest/jetstream/names.ts";
import { accountToken } from "../../../src/model/partition.ts";
import { Bench } from "../../support/worker/bench.ts";
import { readAlerts, readRated } from "../../support/worker/results.ts";
import { REQUEST } from "../../support/worker/usage-catalog.ts";
import { encodeEvents, type UsageEvent } from "../../support/worker/usage-event.ts";
import { waitUntil } from "../../support/wait-until.ts";

const ACCOUNT = "acme.com";
let bench: Bench;

afterEach(async () => {
  await bench.close();
});

/** Requests cost 0.013 each; the first 61 come to 0.79, the 62nd to 0.81. */
async function request(from: number, to: number): Promise<void> {
  const messages = Array.from({ length: to - from + 1 }, (_, i) => {
    const event: UsageEvent = {
      id: `request-${from + i}`,
      source: "test",
      type: REQUEST,
      account: ACCOUNT,
      timeMs: Date.now(),
      data: { status: "200", "size.bytes": { decimal: "0" }, latency: { decimal: "1" }, user: "u" },
    };
    return {
      subject: unplacedUsageSubject(accountToken(ACCOUNT), "eu"),
      ...encodeEvents([event], "single"),
    };
  });
  await publishAll(bench.connection, messages);
}

async function alerts(): Promise<readonly (readonly [percent: number, counted: string])[]> {
  const bodies = [...(await readAlerts(bench.connection)).values()].flat().map(({ body }) => body);
  return bodies.map((body) => [body.percent, body.kind === "commitment" ? body.counted : body.left]);
}

test("a level of a commitment is told while its hour is open, and once, through crashes", async () => {
  bench = await Bench.start(2);
  const { workspace, connection } = bench;
  workspace.writeCatalog({
    ...bench.catalog(),
    contractFields: { commitments: [{ key: "minimum", amount: "1", prices: ["requests"] }] },
  });
  const first = workspace.start();
  await first.ready();
  await request(1, 61);
  await waitUntil("61 requests are counted", async () => (await first.status())?.totals["accepted"] === 61);
  expect(await alerts()).toEqual([]);
  await request(62, 62);
  await waitUntil("the alert is there", async () => (await alerts()).length > 0);
  expect(await alerts()).toEqual([[80, "0.81"]]);
  // Nothing of the hour has been rated yet; its value shows all the same.
  expect([...(await readRated(connection)).values()].flat()).toEqual([]);
  let shown = "";
  await waitUntil("the accrued value is there", async () => {
    shown =
      /^tributary_accrued_value\{currency="EUR"\} (?<amount>.*)$/mu.exec(await first.metrics())?.groups?.[
        "amount"
      ] ?? "0";
    return shown !== "0";
  });
  // Requests 0.81, one user 2.00.
  expect(shown).toBe("2.81");
  expect(await first.metrics()).toMatch(/^tributary_accrued_value_age_seconds\{partition="1"\} \d/mu);
  expect(await first.metrics()).toContain('tributary_alerts_total{kind="commitment"} 1');
  await first.kill();

  // 100 % with the 77th: the worker dies when it has published it and not noted it down.
  const second = workspace.start({ failpoint: { point: "after-publish-before-cursor", visit: 1 } });
  await second.ready();
  await request(63, 80);
  await second.crashed();
  const third = workspace.start();
  await third.ready();
  await waitUntil("all are counted", async () => (await third.status())?.totals["accepted"] === 80);
  await third.drain();
  expect(await alerts()).toEqual([
    [80, "0.81"],
    [100, "1.00"],
  ]);

  // A lost state is rebuilt from the logs: the targets have what it publishes again.
  workspace.removeState();
  const rebuilt = workspace.start();
  await rebuilt.ready();
  await waitUntil("all are counted again", async () => (await rebuilt.status())?.totals["accepted"] === 80);
  await rebuilt.drain();
  expect(await alerts()).toHaveLength(2);
});
