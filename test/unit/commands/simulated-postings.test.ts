import { expect, test } from "vitest";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import type { PostingCommand } from "../../../src/model/posting.ts";
import { readLine } from "../../../src/pipeline/simulation-line.ts";
import { Simulation } from "../../../src/pipeline/simulation.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { HASH_KEY, HOUR_MS, sha256 } from "../../support/engine-fixture.ts";
import { TEST_ERPS } from "../../support/test-erps.ts";
import { arrivalsOf, BILLING_ACCOUNTS, billingCatalog } from "../invoices/billing-fixture.ts";
import { bookedByErp, byClass, subledger } from "./posted-books.ts";
import { postingFiles } from "./posting-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
const END_MS = Date.parse("2026-08-05T00:00:00Z");
const PARTITIONS = 3;

test("a simulation shows the commands of all its partitions: they come to their subledgers", async () => {
  const simulation = new Simulation({
    catalog: billingCatalog(postingFiles()),
    partitionCount: PARTITIONS,
    idleTimeoutMs: HOUR_MS,
    hashKey: HASH_KEY,
    createDecoder,
    openStore: (partition) => openPartitionStore(":memory:", { partition, partitionCount: PARTITIONS }),
    sha256,
    erpDescriptions: TEST_ERPS,
  });
  try {
    const events = BILLING_ACCOUNTS.flatMap((account, index) =>
      [30, 500, 900, 1_700].map((atHours) => ({
        account,
        atHours: atHours + index,
        lagHours: 0,
        thousandths: 12_345 * (index + 1),
      })),
    );
    for (const { id, arrivalMs, account, type, time, data } of arrivalsOf(events, START_MS)) {
      const arrival = new Date(arrivalMs).toISOString();
      const event = { specversion: "1.0", id, source: "test", type, subject: account, time, data };
      await simulation.feed(readLine(JSON.stringify({ ...event, region: "eu", arrival })));
    }
    await simulation.finish(END_MS);
    const commands = simulation.commands().map((body): PostingCommand => JSON.parse(body));
    const sources = simulation.partitions();
    expect(new Set(commands.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    for (const { partition, store, engine } of sources) {
      const own = commands.filter((command) => command.partition === partition);
      expect(byClass(bookedByErp(own, "detail"), true)).toEqual(byClass(subledger(store), true));
      expect(byClass(bookedByErp(own, "summary"), false)).toEqual(byClass(subledger(store), false));
      expect([...engine.postings.book.sums.blocks()]).toEqual([]);
    }
  } finally {
    simulation.close();
  }
});
