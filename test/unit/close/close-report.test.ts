import { describe, expect, it, test } from "vitest";
import type { z } from "zod";
import { closeReportSchema } from "../../../src/cli/schemas/close-schema.ts";
import { closeReport, type CloseReport } from "../../../src/pipeline/close/close-report.ts";
import type { CloseLineName } from "../../../src/pipeline/close/close-lines.ts";
import { isCalendarDay, monthDays, timedScope } from "../../../src/pipeline/close/close-scope.ts";
import { at, ClosingPartition, MARCH, NOW_MS, scopeOf } from "./close-fixture.ts";

type Mutable<Value> = { -readonly [Key in keyof Value]: Mutable<Value[Key]> };
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
// The compiler holds the schema to the type.
const agrees: Same<Mutable<z.output<typeof closeReportSchema>>, Mutable<CloseReport>> = true;

function lineOf(report: CloseReport, name: CloseLineName) {
  const found = report.lines.find(({ line }) => line === name);
  if (found === undefined) throw new Error(name);
  return found;
}

const openLines = (report: CloseReport): Record<string, unknown> =>
  Object.fromEntries(
    report.lines.filter(({ state }) => state === "open").map(({ line, open }) => [line, { ...open }]),
  );

/** A March with everything that can stand in the way of its close, billed on April 4. */
async function untidyMarch(): Promise<ClosingPartition> {
  const partition = new ClosingPartition()
    .use("acme", 100, "2026-03-10", { id: "first" })
    .use("abroad", 30, "2026-03-11")
    .use("other", 50, "2026-03-11")
    // Not the payload that came first under this id.
    .use("acme", 7, "2026-03-12", { id: "first" })
    .use("stranger", 1, "2026-03-13")
    .use("acme", 1, "2026-03-14", { type: "unheard" })
    .send("{", "2026-03-15")
    .send("[", "2026-03-15T00:30:00Z")
    .until("2026-04-04");
  return await partition.bill();
}

describe("a close report", () => {
  it("lists what is held, late, parked, conflicting, rejected and undelivered, each by amount and age", async () => {
    expect(agrees).toBe(true);
    const partition = await untidyMarch();
    const events = {
      "events-parked": { count: 2, amounts: {} },
      "events-conflicting": { count: 1, amounts: {} },
      "events-rejected": { count: 2, amounts: {} },
    };
    const billed = await partition.report(scopeOf());
    expect(openLines(billed)).toEqual({
      "documents-held": { count: 1, amounts: { EUR: "3.00" } },
      ...events,
    });
    // Late: March was billed. It is rated when the watermark goes on.
    partition.use("acme", 20, "2026-03-20", { arrival: "2026-04-05" });
    expect(openLines(await partition.report(scopeOf()))).toMatchObject({
      "usage-unrated": { count: 1, amounts: {} },
    });
    partition.until("2026-04-06");
    const report = await partition.report(scopeOf());
    expect(openLines(report)).toEqual({
      "documents-held": { count: 1, amounts: { EUR: "3.00" } },
      "late-usage": { count: 1, amounts: { EUR: "2.00" } },
      ...events,
    });
    expect(lineOf(report, "documents-held").items).toMatchObject([
      { id: "C-abroad:1", amount: "3.00", detail: expect.stringContaining("tax-rate-missing") },
    ]);
    expect(lineOf(report, "events-parked")).toMatchObject({
      oldestSince: "2026-03-13T00:00:00.000Z",
      oldestAgeSeconds: (NOW_MS - at("2026-03-13")) / 1000,
      items: [
        { detail: expect.stringContaining("stranger") },
        { detail: expect.stringContaining("unheard of account acme") },
      ],
    });
    expect(report).toMatchObject({ closable: false, ledgerBalanced: true, missingPartitions: [] });
    expect(closeReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it("is of one legal entity; what can't be told apart shows in all", async () => {
    const partition = await untidyMarch();
    const south = await partition.report(scopeOf("south"));
    // The stranger's event may be anyone's; the conflict is the north's.
    expect(openLines(south)).toEqual({
      "events-parked": { count: 1, amounts: {} },
      "events-rejected": { count: 2, amounts: {} },
    });
    expect(south.documents).toEqual({ count: 0, amounts: {} });
    const april = await partition.report(scopeOf("south", "2026-04-01", "2026-05-01"));
    expect(april.documents).toEqual({ count: 1, amounts: { EUR: "6.00" } });
    // Accrued in March, on the invoice in April.
    expect(south.accounts).toMatchObject([
      { account: "revenue", credits: "5.00", balance: "-5.00" },
      { account: "unbilled-receivable", debits: "5.00", balance: "5.00" },
    ]);
  });

  it("names the region that holds a period open, and what waits for it", async () => {
    const partition = new ClosingPartition().use("acme", 100, "2026-03-10").use("acme", 5, "2026-04-10");
    const silent = await partition.report(scopeOf());
    expect(lineOf(silent, "watermark-behind")).toMatchObject({
      state: "open",
      items: [{ id: "us", detail: "region us: has sent nothing", since: null }],
    });
    expect(lineOf(silent, "usage-unrated").all.count).toBe(1);
    partition.use("acme", 5, "2026-03-20", { region: "us" });
    const report = await partition.report(scopeOf());
    expect(lineOf(report, "periods-unbilled")).toMatchObject({
      open: { count: 1, amounts: { EUR: "12.00" } },
      items: [
        {
          id: "C-acme/2026-02-28T23:00",
          detail: expect.stringContaining("held by region us (is at 2026-03-19T23:49:59.999Z)"),
        },
      ],
    });
    expect(lineOf(report, "months-unaccounted").all.count).toBe(1);
    partition.use("acme", 5, "2026-04-01T12:00:00Z", { region: "us" });
    const inGrace = await partition.report(scopeOf());
    expect(lineOf(inGrace, "watermark-behind").state).toBe("zero");
    expect(lineOf(inGrace, "periods-unbilled")).toMatchObject({
      open: { count: 1, amounts: { EUR: "12.60" } },
      items: [{ detail: expect.stringContaining("in grace until 2026-04-02T22:00:00.000Z") }],
    });
    partition.decide({ kind: "idle", region: "us" }).decide({ kind: "idle", region: "eu" });
    const idle = await partition.report(scopeOf("north", "2026-04-01", "2026-05-01"));
    expect(lineOf(idle, "watermark-behind").items.map(({ id, detail }) => [id, detail.slice(0, 31)])).toEqual(
      [
        ["us", "region us: idle, all regions ar"],
        ["eu", "region eu: idle, all regions ar"],
      ],
    );
  });

  it("lists documents that wait for their number, and final ones until they are delivered", async () => {
    const partition = new ClosingPartition().use("acme", 100, "2026-03-10").until("2026-04-04");
    const { engine } = partition;
    partition.decide({
      kind: "billing-run",
      upToMs: at("2026-04-04"),
      issuedMs: at("2026-04-04"),
      maxContracts: 9,
    });
    partition.decide({
      kind: "billing-run",
      upToMs: at("2026-04-04"),
      issuedMs: at("2026-04-04"),
      maxContracts: 9,
    });
    expect(engine.invoices.book.hasFrozen).toBe(true);
    expect(openLines(await partition.report(scopeOf()))).toEqual({
      "documents-frozen": { count: 1, amounts: { EUR: "12.00" } },
    });
    await partition.bill();
    const april = scopeOf("north", "2026-04-01", "2026-05-01");
    expect(lineOf(await partition.report(april), "deliveries")).toMatchObject({
      open: { count: 1, amounts: { EUR: "12.00" } },
      items: [{ id: "C-acme:1" }],
    });
    partition.deliver();
    expect(lineOf(await partition.report(april), "deliveries").state).toBe("zero");
  });

  it("shows messages that were given up since the period began, and every check that differs", async () => {
    const partition = new ClosingPartition().until("2026-04-04").decide({
      kind: "gap-accepted",
      resumeAt: 4,
      lostMessages: 3,
      numberingOffset: 0,
      controlBefore: { sequence: 0, fingerprint: "" },
      usageCreatedAt: "",
      fingerprint: "",
      actor: "ops",
      reason: "disk",
    });
    expect(lineOf(await partition.report(scopeOf()), "gaps")).toMatchObject({
      open: { count: 3, amounts: {} },
      items: [{ detail: "messages given up by ops: disk" }],
    });
    const may = await partition.report(scopeOf("north", "2026-05-01", "2026-06-01"));
    expect(lineOf(may, "gaps").state).toBe("zero");
    partition.engine.journal.countMessages(1, 0, 0);
    expect(lineOf(await partition.report(scopeOf()), "checks").items).toMatchObject([
      { detail: expect.stringContaining("position = messages processed") },
    ]);
  });

  it("lists a final document whose record the tax service refuses, for its legal entity", async () => {
    const partition = new ClosingPartition().until("2026-04-04").decide({
      kind: "tax-commit-refused",
      document: "C-acme:1",
      transaction: { service: "tax", company: "north", code: "T-1", type: "SalesInvoice" },
      code: "conflict",
      message: "committed before",
      atMs: at("2026-03-30"),
    });
    expect(lineOf(await partition.report(scopeOf()), "exceptions")).toMatchObject({
      open: { count: 1, amounts: {} },
      items: [{ detail: "tax: tax-commit-refused of document C-acme:1" }],
    });
    expect(lineOf(await partition.report(scopeOf("south")), "exceptions").state).toBe("zero");
  });

  it("lists the oldest items only, and counts all", async () => {
    const partition = new ClosingPartition();
    for (let day = 1; day <= 9; day++) partition.use(`stranger-${day}`, 1, `2026-03-0${day}`);
    const part = await partition.part(scopeOf(), 2);
    expect(part.lines.find(({ line }) => line === "events-parked")).toMatchObject({
      all: { count: 9 },
      items: [{ id: "1/0" }, { id: "2/0" }],
    });
  });

  it("knows nothing of a partition that is not there", async () => {
    const part = await new ClosingPartition().until("2026-04-04").part(scopeOf());
    expect(closeReport(scopeOf(), [part], 1, NOW_MS).closable).toBe(true);
    expect(closeReport(scopeOf(), [part], 3, NOW_MS)).toMatchObject({
      missingPartitions: [1, 2],
      closable: false,
    });
  });
});

describe("an explanation", () => {
  const explain = (partition: ClosingPartition, line: CloseLineName, item: string | null, figures: object) =>
    partition.request("close-explanation", { ...MARCH, line, item, figures });

  it("of a line covers what it came to; what is added or changes is open", async () => {
    const partition = await untidyMarch();
    partition.use("acme", 20, "2026-03-20", { arrival: "2026-04-05" }).until("2026-04-06");
    const figures = { count: 1, amounts: { EUR: "2.00" } };
    expect(explain(partition, "late-usage", null, figures)).toBeUndefined();
    const explained = await partition.report(scopeOf());
    expect(lineOf(explained, "late-usage")).toMatchObject({
      state: "explained",
      all: figures,
      open: { count: 0, amounts: {} },
      explanations: [{ partition: 0, actor: "Ann", reason: "because" }],
    });
    partition.use("acme", 1, "2026-03-21", { arrival: "2026-04-06" }).until("2026-04-07");
    expect(lineOf(await partition.report(scopeOf()), "late-usage")).toMatchObject({
      state: "open",
      open: { count: 1, amounts: { EUR: "2.10" } },
      explanations: [],
    });
    // Of one period and legal entity only.
    const april = await partition.report(scopeOf("north", "2026-03-02", "2026-04-01"));
    expect(lineOf(april, "late-usage").state).toBe("open");
  });

  it("of an item covers it for good, and the line's covers the rest", async () => {
    const partition = new ClosingPartition()
      .use("stranger", 1, "2026-03-13")
      .use("another", 1, "2026-03-14")
      .until("2026-04-04");
    const one = { count: 1, amounts: {} };
    expect(explain(partition, "events-parked", "1/0", one)).toBeUndefined();
    expect(lineOf(await partition.report(scopeOf()), "events-parked")).toMatchObject({
      state: "open",
      open: one,
      items: [{ explanation: { actor: "Ann" } }, { explanation: null }],
    });
    explain(partition, "events-parked", null, one);
    const report = await partition.report(scopeOf());
    expect(lineOf(report, "events-parked").state).toBe("explained");
    expect(report.closable).toBe(true);
  });

  it("is refused for a legal entity that there is not", async () => {
    const partition = await untidyMarch();
    expect(
      partition.request("close-explanation", {
        ...MARCH,
        legalEntity: "nobody",
        line: "gaps",
        item: null,
        figures: { count: 0, amounts: {} },
      }),
    ).toBe("legal-entity-unknown");
  });
});

test.each([
  ["2026-02-28", true],
  ["2026-02-29", false],
  ["2024-02-29", true],
  ["2026-13-01", false],
  ["2026-3-1", false],
])("%s is a calendar day: %s", (text, is) => {
  expect(isCalendarDay(text)).toBe(is);
});

test("a month is its days in the legal entity's zone", () => {
  expect(monthDays("2026-12")).toEqual({ from: "2026-12-01", to: "2027-01-01" });
  expect(monthDays("2026-13")).toBeUndefined();
  const { fromMs, toMs } = timedScope({ key: "x", time_zone: "Europe/Berlin" }, "2026-03-01", "2026-04-01");
  // The clocks go forward within it.
  expect([fromMs, toMs]).toEqual([at("2026-02-28T23:00:00Z"), at("2026-03-31T22:00:00Z")]);
});
