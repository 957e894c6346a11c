import { spawn, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { PROJECT_ROOT } from "../support/project-files.ts";

const REQUESTS = 10_000;
/** Of a run that is not rate-limited by the test's own choice: some seconds here, more on a busy machine. */
const RUN_DEADLINE_MS = 180_000;

const counts = z.object({
  read: z.number(),
  accepted: z.number(),
  late: z.number(),
  duplicate: z.number(),
  conflicting: z.number(),
  rejected: z.number(),
  parked: z.number(),
  misrouted: z.number(),
});
const reportSchema = z.object({
  isBalanced: z.boolean(),
  isEqual: z.boolean(),
  accountKey: z.string(),
  crash: z.object({ processed: z.number(), committed: z.number(), published: z.number() }),
  sent: z.object({ expected: counts.extend({ undecodable: z.number() }) }),
  counts,
  messages: z.object({ undecodable: z.number() }),
  posting: z.object({
    invoices: z.number(),
    accruals: z.number(),
    requests: z.object({ lost: z.number(), refused: z.number() }).optional(),
    comparisons: z.array(
      z.object({ what: z.string(), books: z.string(), erps: z.record(z.string(), z.string()) }),
    ),
  }),
  aggregates: z.array(z.object({ account: z.string(), meter: z.string(), value: z.string() })),
});

let folder = "";
let demo: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-test-"));
});

afterEach(async () => {
  if (demo?.exitCode === null && demo.signalCode === null) {
    const ended = new Promise((resolve) => demo?.once("close", resolve));
    demo.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** The demo with a temporary folder of its own, so that what it leaves behind can be seen. */
function startDemo(args: readonly string[]): Run {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, "scripts/demo.mjs"), ...args], {
    env: { ...process.env, TMPDIR: folder, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  demo = child;
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return { output: () => output, ended: new Promise((resolve) => child.once("close", resolve)) };
}

/** Requests and bytes by account, from the log's fields as they stand between blanks and quotation marks. */
function countBySplitting(accountKey: string): Map<string, { requests: bigint; bytes: bigint }> {
  const log = gunzipSync(readFileSync(join(PROJECT_ROOT, "examples/access-log/data/apache_access.log.gz")));
  const usage = new Map<string, { requests: bigint; bytes: bigint }>();
  for (const line of log.toString("latin1").split("\n")) {
    if (line === "") continue;
    const address = line.split(" ", 1)[0] ?? "";
    const [, sizeText = ""] = (line.split('"')[2] ?? "").trim().split(" ");
    const account = createHmac("sha256", accountKey).update(address, "latin1").digest("hex").slice(0, 16);
    const { requests, bytes } = usage.get(account) ?? { requests: 0n, bytes: 0n };
    usage.set(account, {
      requests: requests + 1n,
      bytes: bytes + (sizeText === "-" ? 0n : BigInt(sizeText)),
    });
  }
  return usage;
}

function sumOf(report: z.output<typeof reportSchema>, account: string, meter: string): bigint {
  return report.aggregates
    .filter((aggregate) => aggregate.account === account && aggregate.meter === meter)
    .reduce((sum, { value }) => sum + BigInt(value), 0n);
}

it("survives the crash of its worker with every request and byte counted once", async () => {
  const reportFile = join(folder, "report.json");
  const run = startDemo(["--report", reportFile]);
  const code = await run.ended;
  expect({ code, output: run.output() }).toMatchObject({ code: 0 });
  expect(run.output()).toContain("Killed the worker with SIGKILL");
  expect(run.output()).toContain("Every event is accounted for");

  const report = reportSchema.parse(JSON.parse(readFileSync(reportFile, "utf8")));
  expect(report).toMatchObject({ isBalanced: true, isEqual: true });

  // The crash fell in the middle: something was committed, and more than half was still to come.
  expect(report.crash.committed).toBeGreaterThan(0);
  expect(report.crash.processed).toBeLessThan(report.sent.expected.read);
  expect(report.crash.committed).toBeLessThan(report.sent.expected.read * 0.9);

  const { undecodable, ...expected } = report.sent.expected;
  expect(report.counts).toEqual(expected);
  expect(report.messages.undecodable).toBe(undecodable);
  expect(expected).toMatchObject({ accepted: REQUESTS, late: 8, conflicting: 3, rejected: 5, parked: 3 });
  expect(expected.duplicate).toBeGreaterThan(250);

  const counted = countBySplitting(report.accountKey);
  const accounts = [...new Set(report.aggregates.map(({ account }) => account))];
  expect(accounts.sort()).toEqual([...counted.keys()].sort());
  const found = new Map(
    accounts.map((account) => [
      account,
      { requests: sumOf(report, account, "requests"), bytes: sumOf(report, account, "egress") },
    ]),
  );
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(counted));
  expect([...counted.values()].reduce((sum, { requests }) => sum + requests, 0n)).toBe(BigInt(REQUESTS));

  const { posting } = report;
  expect(posting.invoices).toBeGreaterThan(0);
  expect(posting.accruals).toBeGreaterThan(0);
  // What was to go wrong did.
  expect(posting.requests?.lost).toBeGreaterThan(0);
  expect(posting.requests?.refused).toBeGreaterThan(0);
  for (const { what, books, erps } of posting.comparisons)
    expect({ what, ...erps }).toEqual({ what, netsuite: books, file: books });
  const amounts = new Map(posting.comparisons.map(({ what, books }) => [what, books]));
  expect(amounts.get("invoices")).toBe(String(posting.invoices));
  expect(Number(amounts.get("  their value, EUR"))).toBeGreaterThan(0);
  expect(Number(amounts.get("accrued by journals, EUR"))).toBeGreaterThan(0);
  expect(amounts.get("gap, EUR")).toBe("0.00");

  expect(readdirSync(folder)).toEqual(["report.json"]);
});

it("says which ERPs there are when it is given another", async () => {
  const run = startDemo(["--erp", "netsuite,abacus"]);
  expect({ code: await run.ended, output: run.output() }).toMatchObject({
    code: 2,
    output: expect.stringContaining("--erp must be none or some of netsuite,sap,bc,fo,oracle,file"),
  });
});

it("bills without an ERP, keeps running when asked to, and ends everything on Ctrl-C", async () => {
  const reportFile = join(folder, "report.json");
  const run = startDemo(["--keep", "--erp", "none", "--rate", "100000", "--report", reportFile]);
  await expect
    .poll(run.output, { timeout: RUN_DEADLINE_MS / 2 })
    .toMatch(/Everything keeps running[^]*explain --config/);
  const { posting } = reportSchema.parse(JSON.parse(readFileSync(reportFile, "utf8")));
  expect(posting).toMatchObject({ comparisons: [] });
  expect(posting.invoices).toBeGreaterThan(0);
  expect(run.output()).not.toContain("simulated ERPs");
  const status = /status {4}(\S+)/.exec(run.output())?.[1] ?? "";
  const broker = /broker {4}nats:\/\/\S+ \(process (\d+)\)/.exec(run.output())?.[1];
  const answer = z.object({ state: z.string() }).parse(await (await fetch(status)).json());
  expect(answer.state).toBe("running");
  expect(isRunning(Number(broker))).toBe(true);

  demo?.kill("SIGINT");
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 0 });
  await expect(fetch(status)).rejects.toThrow("fetch failed");
  expect(isRunning(Number(broker))).toBe(false);
  expect(readdirSync(folder)).toEqual(["report.json"]);
});

it("cleans up when it is interrupted half-way", async () => {
  const run = startDemo(["--rate", "200"]);
  await expect.poll(run.output, { timeout: RUN_DEADLINE_MS / 2 }).toContain("The producer sends");
  const worker = Number(/The worker runs \(process (\d+)\)/.exec(run.output())?.[1]);
  expect(isRunning(worker)).toBe(true);
  demo?.kill("SIGINT");
  expect({ code: await run.ended, output: run.output() }).toMatchObject({ code: 130 });
  expect(isRunning(worker)).toBe(false);
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
