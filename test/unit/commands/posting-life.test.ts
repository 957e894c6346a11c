import { describe, expect, it } from "vitest";
import { agingOf } from "../../../src/pipeline/posting-report.ts";
import { billedJanuary, postedCatalog, PostedPartition, ROWS } from "./posted-partition.ts";

const keysOf = (commands: readonly { readonly key: string }[]) => commands.map(({ key }) => key);
const without = (...keys: string[]) => ROWS.filter(({ key }) => !keys.includes(key));

describe("commands of a partition", () => {
  it("come in the order customer, its documents, journals of the month behind its grace", async () => {
    const partition = await billedJanuary();
    const commands = await partition.commands();
    expect(keysOf(commands)).toEqual([
      "customer:default:customer",
      "invoice:default:INV-000001",
      "invoice:default:INV-000002",
      "journal:default:2026-01:EUR:0:1",
      "journal:default:2026-01:EUR:0:2",
    ]);
    const [customer, first, second, accrual, release] = commands;
    expect(customer).toMatchObject({
      kind: "customer",
      revision: 1,
      partition: 0,
      orderKey: "customer:default:customer",
      after: [],
      document: { name: "Customer", currency: "EUR", paymentDays: 30, address: { country: "DE" } },
      references: { currency: { EUR: { id: "1" } }, terms: { "30": { id: "5" } } },
    });
    expect(first).toMatchObject({
      orderKey: "customer:default:customer",
      after: ["customer:default:customer"],
      document: {
        total: "310.00",
        net: "310.00",
        tax: "0.00",
        issueDate: "2026-01-01",
        dueDate: "2026-01-31",
      },
      references: { item: { support: { id: "88" } } },
    });
    expect(second).toMatchObject({
      document: {
        lines: [
          { item: "api", net: "5.00", quantity: "50" },
          { item: "support", net: "310.00" },
        ],
      },
    });
    // Usage of January is on the invoice of February the 3rd: accrued for January, taken back on the next day.
    expect(accrual).toMatchObject({
      orderKey: "journal:default:2026-01:EUR:0:1",
      document: {
        memo: "Unbilled revenue 2026-01",
        date: "2026-01-31",
        reversalDate: "2026-02-01",
        reverses: null,
        lines: [
          { account: "unbilled-receivable", debit: "5.00", credit: null },
          { account: "revenue", debit: null, credit: "5.00" },
        ],
      },
      references: { account: { revenue: { id: "54" } } },
    });
    expect(release).toMatchObject({
      document: { memo: "Fees earned 2026-01", date: "2026-01-31", reversalDate: null },
    });
  });

  it("make a customer known again when its data changes, before its next document", async () => {
    const partition = await billedJanuary();
    await partition.commands();
    const moved = { id: "customer", name: "Customer", country: "DE", city: "Bonn", email: "ap@example.com" };
    await partition.take(postedCatalog(ROWS, { "customers/all.json": moved }));
    expect(await partition.commands()).toEqual([]);
    await partition.use(10, "2026-02-10");
    await partition.until("2026-03-04");
    const commands = await partition.commands();
    expect(commands[0]).toMatchObject({
      key: "customer:default:customer",
      revision: 2,
      document: { address: { city: "Bonn" }, email: "ap@example.com" },
    });
    expect(keysOf(commands).filter((key) => key.startsWith("customer"))).toHaveLength(1);
  });

  it("wait where the mapping lacks something, name all of it at once, and go by themselves with the next catalog", async () => {
    const partition = await billedJanuary(postedCatalog(without("support", "EUR", "revenue")));
    expect(await partition.commands()).toEqual([]);
    expect(partition.posting("invoice:default:INV-000001")).toMatchObject({
      state: "waiting",
      reason: "mapping-missing",
      missing: ["item support", "currency EUR"],
      revision: 1,
    });
    const exceptions = partition.store.exceptions();
    expect(exceptions.map(({ stage, reason }) => `${stage} ${reason}`)).toEqual(
      exceptions.map(() => "posting mapping-missing"),
    );
    expect(exceptions).toHaveLength(5);
    // Still half of it: no further exception, nothing is queued but what is complete.
    await partition.take(postedCatalog(without("support", "revenue")));
    expect(keysOf(await partition.commands())).toEqual(["customer:default:customer"]);
    expect(partition.store.exceptions()).toHaveLength(5);
    await partition.take(postedCatalog());
    const commands = await partition.commands();
    expect(keysOf(commands)).toEqual([
      "invoice:default:INV-000001",
      "invoice:default:INV-000002",
      "journal:default:2026-01:EUR:0:1",
      "journal:default:2026-01:EUR:0:2",
    ]);
    expect(commands.map(({ revision }) => revision)).toEqual([1, 1, 1, 1]);
  });

  it("are queued again when the mapping changes that the ERP could not use, and not otherwise", async () => {
    const partition = await billedJanuary();
    const [, before] = await partition.commands();
    await partition.result("invoice:default:INV-000001", {
      state: "parked",
      reason: "mapping",
      code: "INVALID",
    });
    await partition.take(
      postedCatalog([...ROWS.filter(({ key }) => key !== "api"), { ...ROWS[0]!, values: { id: "86" } }]),
    );
    expect(keysOf(await partition.commands())).toEqual([]);
    const changed = ROWS.map((row) => (row.key === "support" ? { ...row, values: { id: "99" } } : row));
    await partition.take(postedCatalog(changed));
    const [again, ...others] = await partition.commands();
    expect(others).toEqual([]);
    expect(again).toMatchObject({
      key: "invoice:default:INV-000001",
      revision: 2,
      contentHash: before?.contentHash,
    });
    expect(again?.document).toEqual(before?.document);
    expect(again?.references.item).toEqual({ support: { id: "99" } });
    // What an operator has to look at is not queued by itself.
    await partition.result("invoice:default:INV-000001", {
      revision: 2,
      state: "rejected",
      reason: "validation",
    });
    await partition.take(postedCatalog());
    expect(await partition.commands()).toEqual([]);
  });

  it("follow effective dates of the mapping", async () => {
    const dated = [
      ...ROWS.filter(({ key }) => key !== "api"),
      { ...ROWS[0]!, to: "2026-03-01" },
      { ...ROWS[0]!, values: { id: "90" }, from: "2026-03-01" },
    ];
    const partition = await billedJanuary(postedCatalog(dated));
    await partition.use(10, "2026-02-10");
    await partition.until("2026-03-04");
    const items = (await partition.commands()).flatMap(({ references, kind }) =>
      kind === "invoice" && references.item?.["api"] !== undefined ? [references.item["api"]["id"]] : [],
    );
    expect(items).toEqual(["87", "90"]);
  });

  it("name the invoice that a memo gives back of, where the ERP has it", async () => {
    const partition = await billedJanuary();
    await partition.commands();
    await partition.commit();
    await partition.decide({
      kind: "credit-note",
      document: "C:2",
      ordinal: 2,
      issuedMs: Date.parse("2026-02-10"),
      lines: null,
      actor: "Ann",
      reason: "goodwill",
      request: "credit-it-1",
      previous: "",
    });
    const [memo] = await partition.commands();
    expect(memo).toMatchObject({
      key: "credit-memo:default:INV-000003",
      after: ["customer:default:customer", "invoice:default:INV-000002"],
      document: {
        kind: "credit-memo",
        total: "315.00",
        corrects: { key: "invoice:default:INV-000002", number: "INV-000002" },
      },
    });
  });

  it("leave out what is of days or legal entities that the connection does not take, and balance", async () => {
    const partition = await billedJanuary(
      postedCatalog(ROWS, {
        "erp/all.json": {
          key: "erp",
          adapter: "reversing",
          from: "2026-02-01",
          kinds: ["customer", "invoice", "credit-memo"],
        },
      }),
    );
    expect(keysOf(await partition.commands())).toEqual([
      "customer:default:customer",
      "invoice:default:INV-000002",
    ]);
    const { checks } = await reportChecks(partition);
    expect(checks).toEqual([["invoiced = posted + open", "315.00", "315.00"]]);
  });

  it("wait visibly for an adapter that is not there, and journals for a way to be reversed", async () => {
    const partition = await billedJanuary(
      postedCatalog([], { "erp/all.json": { key: "erp", adapter: "unheard-of" } }),
    );
    expect(await partition.commands()).toEqual([]);
    expect(partition.posting("invoice:default:INV-000001")).toMatchObject({
      state: "waiting",
      reason: "adapter-unknown",
    });
    expect([...partition.engine.postings.book.sums.blocks()]).not.toEqual([]);
    expect(partition.engine.postings.nextJournalMs).toBe(Infinity);
  });
});

async function reportChecks(partition: PostedPartition) {
  const { reportOf } = await import("../../../src/pipeline/partition-report.ts");
  await partition.commit();
  const { checks } = reportOf([{ partition: 0, engine: partition.engine, store: partition.store }]);
  return {
    checks: checks
      .filter(({ check }) => check === "invoiced = posted + open")
      .map(({ check, left, right }) => [check, left, right]),
  };
}

describe("results of a runner", () => {
  it("are taken once and in the order of its log; unknown keys and revisions are refused by name", async () => {
    const partition = await billedJanuary();
    const late = partition.resultOf("invoice:default:INV-000001", { state: "unknown" });
    expect(
      await partition.result("invoice:default:INV-000001", {
        state: "reconciled",
        erp: { id: "9001", number: "77" },
      }),
    ).toBeUndefined();
    expect(partition.posting("invoice:default:INV-000001")).toMatchObject({
      state: "reconciled",
      erp: { id: "9001", number: "77" },
    });
    expect(await partition.request("posting-result", { results: [late] })).toMatch(/^results-known/);
    // Beside one that is news it still says nothing.
    const news = partition.resultOf("invoice:default:INV-000002", { state: "unknown" });
    expect(await partition.request("posting-result", { results: [late, news] })).toBeUndefined();
    expect(partition.posting("invoice:default:INV-000001").state).toBe("reconciled");
    expect(partition.posting("invoice:default:INV-000002").state).toBe("unknown");
    expect(await partition.result("invoice:default:INV-000009", {})).toMatch(
      /^posting-unknown: invoice:default:INV-000009/,
    );
    expect(await partition.result("invoice:default:INV-000002", { revision: 2 })).toMatch(
      /no revision 2, the last is 1/,
    );
    expect(
      await partition.result("invoice:default:INV-000002", {
        payment: { status: "open", openAmount: "1.005" },
      }),
    ).toMatch(/1.005 of invoice:default:INV-000002 is no amount of EUR/);
    expect(await partition.request("posting-result", { results: [{ ...late, extra: 1 }] })).toMatch(
      /^request-invalid/,
    );
    expect(partition.posting("invoice:default:INV-000002").state).toBe("unknown");
  });

  it("of a document prove its customer", async () => {
    const partition = await billedJanuary();
    await partition.result("invoice:default:INV-000001", {});
    expect(partition.posting("customer:default:customer")).toMatchObject({
      state: "confirmed",
      reason: "by-document",
    });
  });

  it("are not remembered as requests of people", async () => {
    const partition = await billedJanuary();
    await partition.result("invoice:default:INV-000001", {});
    expect(partition.engine.requests.last).toBeUndefined();
  });

  it("let an operator queue a document once more, where nothing is under way", async () => {
    const partition = await billedJanuary(postedCatalog(without("revenue")));
    await partition.commands();
    const redrive = (key: string) => partition.request("posting-redrive", { connection: "erp", key });
    expect(await redrive("invoice:default:INV-000001")).toMatch(/^posting-under-way/);
    expect(await redrive("invoice:default:INV-000099")).toMatch(/^posting-unknown/);
    expect(await redrive("journal:default:2026-01:EUR:0:1")).toMatch(/^posting-waits.*account revenue/);
    await partition.result("invoice:default:INV-000001", {
      state: "rejected",
      reason: "validation",
      code: "E9",
    });
    expect(await redrive("invoice:default:INV-000001")).toBeUndefined();
    expect(await partition.commands()).toMatchObject([{ key: "invoice:default:INV-000001", revision: 2 }]);
    // A record that comes when the command is under way changes nothing, however it got into the log.
    const head = { actor: "Ann", reason: "again", request: "again-and-again", previous: "" };
    await partition.decide({
      kind: "posting-redrive",
      ...head,
      connection: "erp",
      key: "invoice:default:INV-000001",
    });
    expect(await partition.commands()).toEqual([]);
    // What the former revision was told of says nothing any more, but that the ERP has it.
    await partition.result("invoice:default:INV-000001", { revision: 1, state: "conflict" });
    expect(partition.posting("invoice:default:INV-000001").state).toBe("planned");
    await partition.result("invoice:default:INV-000001", { revision: 1, state: "confirmed" });
    expect(partition.posting("invoice:default:INV-000001").state).toBe("confirmed");
    expect(await redrive("invoice:default:INV-000001")).toMatch(/^posting-done/);
  });
});

describe("payments", () => {
  it("are published when they change, aged by days past due, and dunned by the days that the log says", async () => {
    const partition = await billedJanuary();
    const open = (openAmount: string) => ({ payment: { status: "open" as const, openAmount } });
    await partition.result("invoice:default:INV-000001", open("310"));
    await partition.result("invoice:default:INV-000001", open("310.00"));
    await partition.result("invoice:default:INV-000002", {
      payment: { status: "partly-paid", openAmount: "15" },
    });
    const sources = [{ partition: 0, engine: partition.engine, store: partition.store }];
    // Due on January the 31st and March the 5th.
    expect(agingOf(sources, "2026-03-04")).toMatchObject([
      {
        invoices: 2,
        open: "325.00",
        buckets: { current: "15.00", "1-30": "0.00", "31-60": "310.00" },
        dunning: {},
      },
    ]);
    expect(agingOf(sources, "2026-05-02")[0]?.buckets).toMatchObject({
      "31-60": "15.00",
      "over-90": "310.00",
    });
    await partition.day("2026-01-31");
    await partition.day("2026-02-01");
    await partition.day("2026-02-02");
    await partition.day("2026-03-10");
    expect(agingOf(sources, "2026-03-10")[0]?.dunning).toEqual({ final: "310.00", reminder: "15.00" });
    await partition.result("invoice:default:INV-000001", { payment: { status: "paid", openAmount: "0" } });
    expect(agingOf(sources, "2026-03-10")[0]).toMatchObject({ invoices: 1, open: "15.00" });
    expect(await partition.alerts()).toMatchObject([
      {
        kind: "payment",
        key: "invoice:default:INV-000001",
        status: "open",
        openAmount: "310.00",
        total: "310.00",
      },
      { kind: "payment", key: "invoice:default:INV-000002", status: "partly-paid", openAmount: "15.00" },
      { kind: "dunning", key: "invoice:default:INV-000001", stage: "reminder", daysPastDue: 1 },
      { kind: "dunning", key: "invoice:default:INV-000001", stage: "final", daysPastDue: 38 },
      { kind: "dunning", key: "invoice:default:INV-000002", stage: "reminder", daysPastDue: 5 },
      { kind: "payment", key: "invoice:default:INV-000001", status: "paid", openAmount: "0.00" },
      { kind: "dunning", key: "invoice:default:INV-000001", stage: null },
    ]);
  });
});
