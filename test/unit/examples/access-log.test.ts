import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { z } from "zod";
import { contractsOf, readAccessLog, usageEvent } from "../../../examples/access-log/access-log.mjs";
import { disturb, type Delivery } from "../../../examples/access-log/disturbance.mjs";
import { accountToken, messagesOf, partitionOf } from "../../../examples/access-log/messages.mjs";
import { countLog } from "../../../scripts/demo/independent-count.mjs";
import { loadCatalog } from "../../../src/billing/catalog/load.ts";
import { durationMs } from "../../../src/model/duration.ts";
import * as model from "../../../src/model/partition.ts";
import { projectFiles, readProjectFile } from "../../support/project-files.ts";

const LOG = fileURLToPath(new URL("../../../examples/access-log/data/apache_access.log.gz", import.meta.url));
const KEY = "access-log example";
const CATALOG = "examples/access-log/catalog/";
const SEED = 1;

const requests = readAccessLog(LOG, KEY);
const events = requests.map((request) => ({
  account: request.account,
  region: request.region,
  event: usageEvent(request, 0),
}));

const sentEvent = z.object({
  id: z.string().optional(),
  time: z.string().optional(),
  subject: z.string(),
  data: z.object({ bytes: z.unknown().optional() }),
});
type SentEvent = z.output<typeof sentEvent>;

/** Events in the order in which they are published, by message. */
function sent(
  deliveries: readonly Delivery[],
  partitions?: number,
): { subject: string; events: SentEvent[] }[] {
  return [...messagesOf(deliveries, SEED, partitions)]
    .filter((message) => message.events > 0)
    .map(({ subject, body }) => ({ subject, events: z.array(sentEvent).parse([JSON.parse(body)].flat()) }));
}

it("reads every request of the log, with the sums of the independent count", () => {
  const counted = countLog(LOG, KEY);
  expect(requests).toHaveLength(10_000);
  expect(counted.requests).toBe(10_000);
  expect(counted.bytes).toBe(requests.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n));
  expect([...counted.accounts.keys()].sort()).toEqual([...new Set(requests.map((r) => r.account))].sort());
});

it("lets no client address out", () => {
  const text = JSON.stringify([events.map(({ event }) => event), contractsOf(requests, 0)]);
  expect(text).not.toMatch(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/);
});

it("has a catalog without faults, with the contracts that it writes", () => {
  const files = new Map(
    projectFiles(CATALOG.slice(0, -1)).map((path) => [path.slice(CATALOG.length), readProjectFile(path)]),
  );
  files.set("contracts/access-log.json", JSON.stringify(contractsOf(requests, requests[0]?.timeMs ?? 0)));
  const result = loadCatalog(files);
  expect(result.ok ? [] : result.faults).toEqual([]);
});

it("bills accounts with many requests by calendar months, the others from the 15th on", () => {
  const counted = countLog(LOG, KEY).accounts;
  const contracts = z
    .array(z.object({ account: z.string(), billing_anchor_day: z.number().optional() }))
    .parse(contractsOf(requests, 0, 50));
  expect(contracts).toHaveLength(counted.size);
  for (const { account, billing_anchor_day: day } of contracts)
    expect(day).toBe((counted.get(account)?.requests ?? 0) < 50 ? 15 : undefined);
  const byMonth = contracts.filter(({ billing_anchor_day: day }) => day === undefined);
  expect(byMonth.length).toBeGreaterThan(10);
  expect(byMonth.length).toBeLessThan(30);
});

it("places accounts as the server and the worker do", () => {
  for (const account of ["acme.com", "nobody*2", "Zoë > Co", requests[0]?.account ?? ""]) {
    expect(accountToken(account)).toBe(model.accountToken(account));
    expect(partitionOf(accountToken(account), 16)).toBe(model.partitionOf(account, 16));
  }
});

it("sends every event, and what it says beyond: repetitions, conflicts and faulty ones", () => {
  const { deliveries, expected } = disturb(events, SEED);
  const all = sent(deliveries).flatMap((message) => message.events);
  expect(all).toHaveLength(expected.read);
  const payloads = new Map<string, Set<string>>();
  const occurrences = new Map<string, number>();
  for (const event of all) {
    const id = event.id ?? "";
    if (!/^\d+$/.test(id)) continue;
    payloads.set(id, (payloads.get(id) ?? new Set()).add(JSON.stringify(event)));
    occurrences.set(id, (occurrences.get(id) ?? 0) + 1);
  }
  const valid = [...occurrences.values()].reduce((sum, count) => sum + count, 0);
  expect(occurrences.size).toBe(expected.accepted);
  expect([...payloads.values()].filter((texts) => texts.size > 1)).toHaveLength(expected.conflicting);
  expect(valid - occurrences.size).toBe(expected.duplicate + expected.conflicting);
  expect(all.length - valid).toBe(expected.rejected + expected.parked);
  expect(expected.duplicate).toBeGreaterThan(250);
});

it("sends the first payload of a conflict first", () => {
  const first = new Map<string, unknown>();
  for (const { events: batch } of sent(disturb(events, SEED).deliveries)) {
    for (const { id, data } of batch) if (id !== undefined && !first.has(id)) first.set(id, data.bytes);
  }
  for (const { line, bytes } of requests) expect(first.get(String(line))).toBe(bytes);
});

it("keeps the disorder within the catalog's, but for the late events that it announces", () => {
  const disorder = /^disorder: (\S+)$/m.exec(readProjectFile(`${CATALOG}settings.yaml`))?.[1] ?? "";
  const disorderMs = durationMs(disorder) ?? 0;
  expect(disorderMs).toBeGreaterThan(0);
  for (const partitions of [undefined, 4]) {
    const { deliveries, expected } = disturb(events, SEED);
    const latest = new Map<string, number>();
    const seen = new Set<string>();
    let late = 0;
    for (const { subject, events: batch } of sent(deliveries, partitions)) {
      const region = subject.split(".").at(-1) ?? "";
      for (const { id, time } of batch) {
        if (id === undefined || time === undefined || seen.has(id)) continue;
        seen.add(id);
        const timeMs = Date.parse(time);
        const before = latest.get(region) ?? timeMs;
        if (before - timeMs > disorderMs) late++;
        latest.set(region, Math.max(before, timeMs));
      }
    }
    expect(late).toBe(expected.late);
  }
});

it("sends the same for the same seed, something else for another", () => {
  const of = (seed: number): string => JSON.stringify(disturb(events, seed));
  expect(of(7)).toBe(of(7));
  expect(of(7)).not.toBe(of(8));
});

it("never mixes partitions in a message", () => {
  for (const { subject, events: batch } of sent(disturb(events, SEED).deliveries, 4)) {
    const partition = Number(subject.split(".")[1]);
    for (const event of batch) expect(model.partitionOf(event.subject, 4)).toBe(partition);
  }
});
