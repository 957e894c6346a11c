import { afterEach, describe, expect, it } from "vitest";
import { createDecoder } from "../../../src/ingest/wire/decoder.ts";
import { eventLine, messageLine } from "../../../src/pipeline/export-line.ts";
import { reportOf, type UsageReport } from "../../../src/pipeline/partition-report.ts";
import { CONTROL_LINE_TYPE, readLine } from "../../../src/pipeline/simulation-line.ts";
import { Simulation } from "../../../src/pipeline/simulation.ts";
import { openPartitionStore } from "../../../src/state/partition-store.ts";
import { BASE_MS, HASH_KEY, HOUR_MS, sha256, testCatalog } from "../../support/engine-fixture.ts";
import { batchMessage, manifestMessage } from "../../support/numbered-messages.ts";

const ACCOUNTS = ["alpha", "beta", "gamma.example", "delta"];
const CATALOG = testCatalog(ACCOUNTS);
const open: Simulation[] = [];

afterEach(() => {
  for (const simulation of open.splice(0)) simulation.close();
});

async function simulate(
  lines: readonly string[],
  options: { partitions?: number; until?: number; idleTimeoutMs?: number } = {},
): Promise<UsageReport> {
  const partitionCount = options.partitions ?? 4;
  const simulation = new Simulation({
    catalog: CATALOG,
    partitionCount,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
    hashKey: HASH_KEY,
    createDecoder,
    openStore: (partition) => openPartitionStore(":memory:", { partition, partitionCount }),
    sha256,
  });
  open.push(simulation);
  for (const line of lines) await simulation.feed(readLine(line));
  await simulation.finish(options.until);
  return reportOf(simulation.partitions());
}

function line(id: string, account: string, timeMs: number, overrides: Record<string, unknown> = {}): string {
  return JSON.stringify({
    specversion: "1.0",
    id,
    source: "test",
    type: "usage",
    subject: account,
    time: new Date(timeMs).toISOString(),
    region: "eu",
    data: { amount: 2, status: "ok", user: "u" },
    ...overrides,
  });
}

/** An event every 40 minutes for two days over all accounts and both regions, with repeats and disorder. */
function twoDays(): string[] {
  const lines: string[] = [];
  for (let i = 0; i < 400; i++) {
    const arrivalMs = BASE_MS + i * 7 * 60_000;
    const account = ACCOUNTS[i % ACCOUNTS.length] ?? "";
    const timeMs = arrivalMs - (i % 11) * 60_000 - (i % 50 === 7 ? 5 * HOUR_MS : 0);
    lines.push(
      line(`e${i}`, account, timeMs, {
        region: i % 3 === 0 ? "us" : "eu",
        arrival: new Date(arrivalMs).toISOString(),
        data: { amount: i / 8, status: i % 5 === 0 ? "failed" : "ok", user: `u${i % 13}` },
      }),
    );
    if (i % 17 === 0) lines.push(lines.at(-1) ?? "");
  }
  return lines;
}

describe("simulate", () => {
  it("counts each event once and balances", async () => {
    const report = await simulate(twoDays());
    expect(report.counts).toMatchObject({ read: 424, accepted: 400, duplicate: 24, rejected: 0, parked: 0 });
    expect(report.balanced).toBe(true);
    const sums = report.aggregates.filter((row) => row.meter === "sum");
    const total = sums.reduce((sum, row) => sum + BigInt(Math.round(Number(row.value) * 1000)), 0n);
    // Σ i/8 for i < 400, at three decimal places.
    expect(total).toBe(BigInt((399 * 400) / 2) * 125n);
  });

  it("gives the same aggregates and outcomes for any number of partitions", async () => {
    const one = await simulate(twoDays(), { partitions: 1, until: BASE_MS + 100 * HOUR_MS });
    const many = await simulate(twoDays(), { partitions: 16, until: BASE_MS + 100 * HOUR_MS });
    expect(many.aggregates.filter((row) => row.events > 0)).toEqual(
      one.aggregates.filter((row) => row.events > 0),
    );
    expect({ ...many.counts, late: 0 }).toEqual({ ...one.counts, late: 0 });
    expect(many.unbilled).toEqual(one.unbilled);
  });

  it("rates nothing while a declared region has not reported, and lets an idle one go", async () => {
    const events = [0, 1, 2, 3].map((hour) => line(`e${hour}`, "alpha", BASE_MS + hour * HOUR_MS));
    const waiting = await simulate(events, { idleTimeoutMs: 10 * HOUR_MS });
    expect(waiting.unbilled).toEqual([]);
    const idle = await simulate(events, { idleTimeoutMs: 30 * 60_000 });
    // Two or three complete hours: 2 units at 0.10 EUR each with the tier's entry fee, a request and a user each.
    expect(idle.unbilled).toHaveLength(1);
    expect(Number(idle.unbilled[0]?.amount)).toBeGreaterThan(1);
  });

  it("completes what ends by --until", async () => {
    const report = await simulate([line("a", "alpha", BASE_MS)], { until: BASE_MS + 2 * HOUR_MS });
    // 2 × 0.10 + 1 (tier entered), 0.013 rounded, 1 user × 2, and a level of 2 for two hours × 0.01.
    expect(report.unbilled).toEqual([{ account: "alpha", currency: "EUR", amount: "3.25" }]);
  });

  it("tells why an event was not accepted", async () => {
    const report = await simulate([
      line("a", "alpha", BASE_MS),
      line("a", "alpha", BASE_MS, { data: { amount: 3, status: "ok", user: "u" } }),
      line("b", "nobody", BASE_MS),
      line("c", "alpha", BASE_MS, { type: "unheard-of" }),
      line("d", "alpha", BASE_MS, { data: { amount: "many", status: "ok", user: "u" } }),
      line("e", "alpha", BASE_MS - 11 * 24 * HOUR_MS, { arrival: new Date(BASE_MS).toISOString() }),
      "5",
      "{broken",
    ]);
    expect(report.counts).toEqual({
      read: 7,
      accepted: 1,
      duplicate: 0,
      conflicting: 1,
      rejected: 3,
      parked: 2,
      misrouted: 0,
      late: 0,
    });
    expect(report.messages).toEqual({ messages: 8, undecodable: 1, probes: 0 });
    expect(report.exceptions.map((row) => row.reason)).toEqual([
      "other-payload",
      "unknown-account",
      "unknown-meter",
    ]);
  });

  it("applies control lines at their place instead of finding idle regions itself", async () => {
    const control = (record: object): string =>
      JSON.stringify({ specversion: "1.0", type: CONTROL_LINE_TYPE, partition: "0", data: record });
    const events = [0, 1, 2, 3].map((hour) => line(`e${hour}`, "alpha", BASE_MS + hour * HOUR_MS));
    const idle = control({ kind: "idle", region: "us", appliesAfter: 0, decidedAt: "" });
    const head = control({ kind: "acquired", worker: "w", appliesAfter: 0, decidedAt: "" });
    const held = await simulate([head, ...events], { partitions: 1, idleTimeoutMs: 1 });
    expect(held.unbilled).toEqual([]);
    const released = await simulate([head, ...events, idle], { partitions: 1, idleTimeoutMs: 1 });
    expect(released.unbilled).toHaveLength(1);
  });

  it("reads back what export writes of an event, digit for digit", () => {
    const text = `{ "specversion":"1.0","id":"a","data":{"amount":12345678901234567890.10} }`;
    const exported = eventLine(text, 3, "eu", BASE_MS);
    expect(exported).toContain(`"amount":12345678901234567890.10`);
    expect(readLine(exported)).toMatchObject({
      kind: "event",
      region: "eu",
      partition: 3,
      arrivalMs: BASE_MS,
    });
    expect(readLine(eventLine("7", 0, "us", BASE_MS))).toMatchObject({ account: "", region: "us" });
    expect(readLine(eventLine("{}", 0, "us", BASE_MS))).toMatchObject({ partition: 0 });
  });

  it("decides about numbered messages of an export whole", async () => {
    const place = { sequence: 1, arrivalMs: BASE_MS, region: "eu" };
    const batch = (sequence: number, amount: number): string =>
      messageLine(
        batchMessage(place, { producer: "p", epoch: 1, sequence }, [
          { source: "s", type: "usage", account: "alpha", timeMs: BASE_MS, data: { amount, user: "u" } },
        ]),
        0,
        "eu",
      );
    const manifest = messageLine(
      manifestMessage(
        place,
        { producer: "p", epoch: 1, sequence: 4 },
        { completeUpToMs: BASE_MS + 2 * HOUR_MS },
      ),
      0,
      "eu",
    );
    const other = messageLine(
      manifestMessage(
        { ...place, region: "us" },
        { producer: "p", epoch: 1, sequence: 5 },
        { completeUpToMs: BASE_MS + 2 * HOUR_MS },
      ),
      0,
      "us",
    );
    const lines = [batch(1, 2), batch(2, 3), batch(1, 2), batch(2, 4), manifest, other];
    const report = await simulate(lines, { partitions: 1 });
    expect(report.counts).toMatchObject({ read: 4, accepted: 2, duplicate: 1, conflicting: 1 });
    expect(report.producers).toMatchObject([{ lastSequence: 5, missingBatches: 1, firstMissing: 3 }]);
    // The manifests have completed the window.
    expect(report.unbilled).toHaveLength(1);
    await expect(simulate([batch(1, 2).replace('"partition":"0"', '"partition":"7"')])).rejects.toMatchObject(
      {
        code: "usage-invalid",
      },
    );
  });
});
