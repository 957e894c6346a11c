import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refuseCount } from "../../../src/cli/repartition/refuse-change.ts";
import { AccountShare } from "../../../src/operators/split/account-share.ts";
import { partOfState } from "../../../src/operators/split/split-state.ts";
import { differencesOf, RepartitionSums } from "../../../src/pipeline/repartition/balance.ts";
import { divide, goOn, openRun } from "../../support/divided-run.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { postingFiles } from "../commands/posting-fixture.ts";
import { billingCatalog, BILLING_ACCOUNTS, billingLogs } from "../invoices/billing-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-08-01T00:00:00Z");

test("a part that is missing, and one that is there twice, show in every group of figures", async () => {
  const folder = temporaryFolder();
  const list = BILLING_ACCOUNTS.map((account, index) => {
    return { account, atHours: 24 * (index + 1), lagHours: 0, thousandths: 70_000 };
  });
  const { steps, catalog } = await billingLogs(list, START_MS, END_MS, {
    catalog: billingCatalog(postingFiles()),
  });
  mkdirSync(join(folder, "whole"));
  const whole = openRun(join(folder, "whole"), { partition: 0, partitionCount: 1 }, catalog, false);
  whole.engine.bind("usage", "control");
  await goOn(
    whole,
    steps.map((step) => ({ step, watermarkMs: 0 })),
    true,
  );
  const before = new RepartitionSums();
  before.add(whole);
  const parts = await divide(whole, 2, folder, catalog);
  const namesOfDifferences = (indices: readonly number[]): string[] => {
    const sums = new RepartitionSums();
    for (const index of indices) sums.add(parts[index]!);
    expect(sums.failed).toEqual([]);
    return differencesOf(before.compare(sums)).map(({ name }) => name);
  };
  expect(namesOfDifferences([0, 1])).toEqual([]);
  for (const wrong of [[0], [1], [0, 1, 1], [0, 0, 1]])
    expect(namesOfDifferences(wrong)).toEqual(
      expect.arrayContaining([
        "accepted readings (sum)",
        "accepted quantity (sum)",
        "ledger debits (default EUR)",
        "ledger entries (default EUR receivable)",
        "documents (default EUR)",
        "invoiced (detail default EUR)",
        "rows: documents",
        "rows: journal",
      ]),
    );
  for (const { store } of parts) store.close();
});

test("a state that holds what nobody knows how to divide is refused", () => {
  const catalog = billingCatalog();
  const share = new AccountShare({ partition: 1, partitionCount: 2, formerPartition: 0, catalog });
  const source = { rows: () => [], parked: () => [], spaces: () => ["cells", "something-new"] };
  expect(() => partOfState(source, share)).toThrow(/something-new/);
});

test("only a multiple of the present count can follow", () => {
  for (const [former, next] of [
    [1, 2],
    [2, 4],
    [4, 12],
  ] as const)
    expect(() => {
      refuseCount(former, next);
    }).not.toThrow();
  for (const [former, next] of [
    [2, 3],
    [4, 2],
    [2, 2],
    [16, 24],
  ] as const)
    expect(() => {
      refuseCount(former, next);
    }).toThrow(/can't follow/);
});
