import { describe, expect, it } from "vitest";
import { minorUnitsOfText } from "../../../src/billing/rating/money.ts";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { journalOf, type JournalRow } from "../../../src/pipeline/billing-report.ts";
import { readLine } from "../../../src/pipeline/simulation-line.ts";
import { Simulation } from "../../../src/pipeline/simulation.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { HASH_KEY, HOUR_MS, sha256 } from "../../support/engine-fixture.ts";
import { at, closeCatalog, ClosingPartition, MARCH, scopeOf, signOffOf } from "./close-fixture.ts";

const APRIL = { legalEntity: "north", from: "2026-04-01", to: "2026-05-01" };

async function signOff(partition: ClosingPartition, scope = MARCH, override = false) {
  const part = await partition.part(scopeOf(scope.legalEntity, scope.from, scope.to));
  return partition.request("period-signed-off", signOffOf(part, override, scope));
}

/** Balance of an account over the entries of some days, minor units, debits positive. */
function balanceOf(journal: readonly JournalRow[], account: string, from: string, to: string): bigint {
  let balance = 0n;
  for (const { date, lines } of journal)
    for (const line of lines)
      if (line.account === account && date >= from && date < to)
        balance += minorUnitsOfText(line.debit) - minorUnitsOfText(line.credit);
  return balance;
}

describe("a sign-off", () => {
  it("is refused while lines are open, unless they are overridden; what was open stands in it", async () => {
    const partition = new ClosingPartition().use("abroad", 30, "2026-03-11").until("2026-04-04");
    await partition.bill();
    expect(await signOff(partition)).toBe("lines-open");
    expect(await signOff(partition, MARCH, true)).toBeUndefined();
    expect(partition.engine.invoices.book.closed.entries()).toMatchObject([
      { ...MARCH, override: true, actor: "Ann" },
    ]);
    const record = signOffOf(await partition.part(scopeOf()), true);
    expect(record.open).toEqual([{ line: "documents-held", count: 1, amounts: { EUR: "3.00" } }]);
  });

  it("is refused for periods that follow no other, that were closed, or are not over", async () => {
    const partition = new ClosingPartition().until("2026-12-31");
    expect(await signOff(partition)).toBeUndefined();
    expect(await signOff(partition)).toBe("period-closed");
    expect(await signOff(partition, { ...MARCH, from: "2026-02-01", to: "2026-03-01" })).toBe(
      "period-closed",
    );
    expect(await signOff(partition, { ...APRIL, from: "2026-05-01", to: "2026-06-01" })).toBe("period-gap");
    expect(await signOff(partition, APRIL)).toBeUndefined();
    // The owners of these tests live at the beginning of 2027.
    expect(await signOff(partition, { ...MARCH, from: "2026-05-01", to: "2027-02-01" })).toBe(
      "in-the-future",
    );
    expect(await signOff(partition, { ...MARCH, from: "2026-06-01", to: "2026-05-01" })).toBe(
      "request-invalid",
    );
    // Each legal entity has its own.
    expect(await signOff(partition, { ...MARCH, legalEntity: "south" })).toBeUndefined();
  });

  it("is refused when something was booked since the report", async () => {
    const partition = new ClosingPartition().use("acme", 100, "2026-03-11").until("2026-04-04");
    const scope = scopeOf();
    const early = signOffOf(await partition.part(scope), true);
    await partition.bill();
    expect(partition.request("period-signed-off", early)).toBe("books-moved");
    const sound = signOffOf(await partition.part(scope));
    // Usage alone moves no books.
    partition.use("acme", 1, "2026-04-05");
    expect(partition.request("period-signed-off", sound)).toBeUndefined();
  });

  it("lets what is booked for its days later go to the first open day, and nothing else", async () => {
    const partition = new ClosingPartition()
      .use("acme", 100, "2026-03-11")
      .use("other", 40, "2026-03-11")
      .until("2026-03-31");
    await partition.bill();
    // Closed before the grace is over: the month's accrual is not booked yet.
    expect(await signOff(partition, MARCH, true)).toBeUndefined();
    partition.until("2026-04-04");
    await partition.bill();
    const journal = await partition.journal();
    const north = journal.filter(({ legalEntity }) => legalEntity === "north");
    expect(north.map(({ date, memo }) => [date, memo])).toEqual([
      ["2026-04-01", "Unbilled revenue (of 2026-03-31, closed)"],
      ["2026-04-01", "Unbilled revenue, reversed"],
      ["2026-04-03", expect.stringMatching(/^Invoice /)],
    ]);
    expect(balanceOf(north, "revenue", MARCH.from, MARCH.to)).toBe(0n);
    expect(balanceOf(north, "revenue", APRIL.from, APRIL.to)).toBe(-1000n);
    // A simulation of the exported logs books the same.
    const simulation = new Simulation({
      catalog: closeCatalog(),
      partitionCount: 1,
      idleTimeoutMs: HOUR_MS,
      hashKey: HASH_KEY,
      createDecoder,
      openStore: (number) => openPartitionStore(":memory:", { partition: number, partitionCount: 1 }),
      sha256,
    });
    for (const line of partition.lines) await simulation.feed(readLine(line));
    await simulation.finish(undefined);
    expect(journalOf(simulation.partitions())).toEqual(journal);
    simulation.close();
    // Of the legal entity that is open, March has its accrual.
    const south = journal.filter(({ legalEntity }) => legalEntity === "south");
    expect(balanceOf(south, "revenue", MARCH.from, MARCH.to)).toBe(-400n);
    expect(balanceOf(south, "revenue", APRIL.from, APRIL.to)).toBe(0n);
  });

  it("books a document of a closed month on the first open day; the document keeps its date", async () => {
    const partition = new ClosingPartition().use("acme", 100, "2026-03-11").until("2026-04-04");
    for (let run = 0; run < 2; run++)
      partition.decide({
        kind: "billing-run",
        upToMs: at("2026-04-04"),
        issuedMs: at("2026-04-04"),
        maxContracts: 9,
      });
    partition.until("2026-05-04");
    expect(await signOff(partition, APRIL, true)).toBeUndefined();
    await partition.bill();
    const journal = await partition.journal();
    expect(journal.find(({ document }) => document === "C-acme:1")).toMatchObject({
      date: "2026-05-01",
      memo: expect.stringMatching(/^Invoice .* \(of 2026-04-04, closed\)$/),
    });
    const april = await partition.report(scopeOf("north", APRIL.from, APRIL.to));
    expect(april.documents.count).toBe(1);
  });
});
