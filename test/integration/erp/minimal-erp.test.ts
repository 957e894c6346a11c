import { afterEach, beforeEach, expect, test } from "vitest";
import { tinybooksAdapter } from "../../../examples/minimal-erp/adapter.ts";
import { systemClock } from "../../../src/model/clock.ts";
import { ErpFault, type ErpSink, type PlannedPosting } from "../../../src/sinks/erp/erp-sink.ts";
import { compareDocuments } from "../../../src/sinks/posting/compare-documents.ts";
import { journalCommand } from "../../support/posting/commands.ts";
import { Tinybooks, type BooksFault } from "../../simulators/tinybooks/books.ts";

/** The worked example of docs/erp/adding-one.md does what every adapter has to do. */

const TOKEN = "token-of-the-books";
const ACCOUNTS = { unbilled: { id: "1200" }, revenue: { id: "4000" } };
const PREFIX = "trib-";

let books: Tinybooks;
let sink: ErpSink;
let requests: string[];

beforeEach(async () => {
  books = await Tinybooks.start(TOKEN, ["1200", "4000"]);
  requests = [];
  sink = await opened({ token: TOKEN });
});
afterEach(async () => {
  await sink.close();
  await books.close();
});

async function opened(settings: Readonly<Record<string, unknown>>): Promise<ErpSink> {
  const faults: string[] = [];
  const prepared = tinybooksAdapter.prepare(
    { adapter: "tinybooks", url: books.url, deadline: "2s", ...settings },
    (_setting, value) => value,
    (setting, message) => faults.push(`${setting} ${message}`),
  );
  if (prepared === undefined) throw new Error(faults.join(", "));
  const makeSink = await prepared();
  return makeSink({
    prefix: PREFIX,
    clock: systemClock,
    random: () => 0.5,
    onRequest: (operation, outcome) => requests.push(`${operation} ${outcome}`),
  });
}

function journal(id: string, total = "50.00", references = { account: ACCOUNTS }): PlannedPosting {
  return sink.plan(journalCommand(id, { total, references }));
}

const context = () => ({ signal: new AbortController().signal, attempt: 1 });

async function faultOf(request: Promise<unknown>): Promise<Pick<ErpFault, "kind" | "code" | "retryAfterMs">> {
  const outcome = await request.then(
    () => undefined,
    (fault: unknown) => fault,
  );
  if (!(outcome instanceof ErpFault)) throw new Error("there was no fault");
  expect(outcome.message).not.toContain(TOKEN);
  const { kind, code, retryAfterMs } = outcome;
  return { kind, code, retryAfterMs };
}

test("a document that is sent twice is there once, and is read back as it was planned", async () => {
  const plan = journal("a", "1234567890123456.78");
  expect(await sink.lookUp(plan, context())).toEqual([]);
  const first = await sink.submit(plan, context());
  expect(await sink.submit(plan, context())).toEqual(first);
  expect(books.vouchers.size).toBe(1);
  expect(books.vouchers.get(`${PREFIX}journal:a`)?.lines).toEqual([
    { account: "1200", amount: "1234567890123456.78" },
    { account: "4000", amount: "-1234567890123456.78" },
  ]);
  const other = journal("b");
  await sink.submit(other, context());
  const looked = await sink.lookUp(plan, context());
  const read = await sink.readBack([plan, other, journal("c")], context());
  expect(looked).toEqual(read.slice(0, 1));
  expect(read.map(({ externalId }) => externalId)).toEqual([plan.externalId, other.externalId]);
  expect(
    read.map(({ document }, index) => compareDocuments([plan, other][index]!.expected, document)),
  ).toEqual([[], []]);
  expect(new Set(requests)).toEqual(
    new Set(["look-up answered", "submit-journal answered", "read-back answered"]),
  );
});

test.each<readonly [BooksFault, string, number]>([
  ["lost-after", "unknown", 1],
  ["lost-before", "unknown", 0],
  ["server-error", "unknown", 0],
  ["too-many", "throttle", 0],
])("%s of a write is told as %s, and a look says what there is", async (fault, kind, there) => {
  books.faults.push(fault);
  const plan = journal("a");
  expect(await faultOf(sink.submit(plan, context()))).toMatchObject({
    kind,
    retryAfterMs: kind === "throttle" ? 7_000 : undefined,
  });
  expect(await sink.lookUp(plan, context())).toHaveLength(there);
});

test("refusals are told apart by their code", async () => {
  await sink.submit(journal("a"), context());
  expect(await faultOf(sink.submit(journal("a", "51.00"), context()))).toMatchObject({
    kind: "duplicate",
    code: "other-voucher",
  });
  books.closedMonths.add("2026-02");
  expect(await faultOf(sink.submit(journal("b"), context()))).toMatchObject({ kind: "period-closed" });
  books.accounts.delete("4000");
  expect(await faultOf(sink.submit(journal("b"), context()))).toMatchObject({ kind: "mapping" });
  expect(await sink.check(["journal"], context())).toEqual([]);
  await sink.close();
  sink = await opened({ token: "another" });
  expect(await faultOf(sink.submit(journal("b"), context()))).toMatchObject({ kind: "authentication" });
  expect(await sink.check(["journal"], context())).toMatchObject([{ problem: "credentials" }]);
});

test("what can't be reached was not sent; what can't be said in its words is not planned", async () => {
  await books.close();
  expect(await faultOf(sink.submit(journal("a"), context()))).toMatchObject({ kind: "transient" });
  const told = (plan: () => unknown): string => {
    try {
      plan();
    } catch (fault) {
      return fault instanceof ErpFault ? fault.kind : "another fault";
    }
    return "planned";
  };
  const { unbilled } = ACCOUNTS;
  expect(told(() => sink.plan(journalCommand("a", { references: { account: { unbilled } } })))).toBe(
    "mapping",
  );
  expect(told(() => journal("a", "-1"))).toBe("validation");
  await expect(opened({})).rejects.toThrow("token or token_file is required");
  books = await Tinybooks.start(TOKEN, []);
});

test("a scan finds what has the connection's prefix, a page at a time", async () => {
  for (let n = 0; n < 120; n++) await sink.submit(journal(`j${n}`), context());
  const stranger = journalCommand("x", { references: { account: ACCOUNTS } });
  const foreign = { ...sink.plan(stranger), externalId: "theirs" };
  await sink.submit(foreign, context());
  const pages: number[] = [];
  const found = new Set<string>();
  for await (const page of sink.scan("2026-01-01", context())) {
    pages.push(page.length);
    for (const { externalId } of page) found.add(externalId);
  }
  expect(pages).toEqual([100, 20]);
  expect(found.size).toBe(120);
});
