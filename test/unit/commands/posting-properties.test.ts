import { fc } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import type { CompiledCatalog } from "../../../src/billing/catalog/compiled.ts";
import { canonicalHash } from "../../../src/billing/posting/posting-command.ts";
import type { PostingCommand, PostingResult, PostingState } from "../../../src/model/posting.ts";
import { storedDocuments } from "../../../src/operators/invoice/billing-book.ts";
import type { PartitionEngine } from "../../../src/pipeline/partition-engine.ts";
import { reportOf } from "../../../src/pipeline/partition-report.ts";
import { dumpState } from "../../../src/state/dump-state.ts";
import {
  BILLING_ACCOUNTS,
  billingCatalog,
  billingLogs,
  type LogPlace,
  replay,
  type TimedCorrection,
  type TimedEvent,
} from "../invoices/billing-fixture.ts";
import {
  bookedByErp,
  byClass,
  documentsOf,
  expectAddsUp,
  expectBalances,
  subledger,
} from "./posted-books.ts";
import { commandsOf, MAPPING, postingFiles } from "./posting-fixture.ts";

const START_MS = Date.parse("2026-01-31T23:00:00Z");
/** Until all contracts have ended, all that may come late has been billed and its month is over. */
const END_MS = Date.parse("2026-08-05T00:00:00Z");
const DAY_HOURS = 24;
/** More runs on demand: `POSTING_PROPERTY_RUNS=2000 npx vitest run test/unit/commands`. */
const RUNS = Number(process.env["POSTING_PROPERTY_RUNS"] ?? 12);
const TIMEOUT_MS = Math.max(120_000, RUNS * 2_000);

const event = fc.record<TimedEvent>({
  account: fc.constantFrom(...BILLING_ACCOUNTS),
  atHours: fc.integer({ min: 0, max: 88 * DAY_HOURS }),
  lagHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 34 * DAY_HOURS }) },
  ),
  thousandths: fc.oneof(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: -60_000, max: 0 })),
});
const correction = fc.record<TimedCorrection>({
  atHours: fc.integer({ min: 40 * DAY_HOURS, max: 100 * DAY_HOURS }),
  action: fc.constantFrom("credit", "credit-lines", "void", "reissue"),
  which: fc.integer({ min: 0, max: 20 }),
});
const events = fc.array(event, { minLength: 3, maxLength: 40 });
const corrections = fc.array(correction, { maxLength: 3 });
const dice = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 400, maxLength: 400 });

/** The mapping lacks half of the tables; it names another item; it is complete. */
const CATALOGS: readonly CompiledCatalog[] = [
  billingCatalog(postingFiles(MAPPING.filter(({ table }) => table !== "tax" && table !== "account"))),
  billingCatalog(
    postingFiles(
      MAPPING.map((row) =>
        row.key === "api" && row.table === "item" ? { ...row, values: { id: "99" } } : row,
      ),
    ),
  ),
  billingCatalog(postingFiles()),
];
const STATES: readonly PostingState[] = [
  "accepted",
  "unknown",
  "confirmed",
  "parked",
  "rejected",
  "reconciled",
];

/** A runner that answers as the dice say, sometimes the same twice or late, and catalogs that come and go. */
class Script {
  readonly #dice: readonly number[];
  #rolls = 0;
  #posting = 0;

  constructor(dice: readonly number[]) {
    this.#dice = dice;
  }

  readonly decideMore = async ({ engine, decide, isLast }: LogPlace): Promise<void> => {
    if (isLast) {
      const last = CATALOGS[2];
      if (last !== undefined) await decide({ kind: "catalog", version: last.version }, last);
      return;
    }
    const roll = this.#roll();
    const catalog = CATALOGS[roll % CATALOGS.length];
    if (roll < 2 && catalog !== undefined && engine.catalog?.version !== catalog.version)
      await decide({ kind: "catalog", version: catalog.version }, catalog);
    const results = this.#results(engine);
    if (results.length > 0) {
      const head = { actor: "runner", reason: "posting", request: `posting-${this.#posting}`, previous: "" };
      await decide({ kind: "posting-result", ...head, results });
    }
    if (this.#roll() === 9) await decide({ kind: "dunning-run", day: "2026-05-01" });
    const stuck = [...engine.postings.book.entries()].find(({ state }) => state === "rejected");
    if (stuck !== undefined && this.#roll() > 6) {
      const { connection, key } = stuck;
      const number = engine.postings.book.numberOf(connection, key) ?? -1;
      const head = { actor: "Ann", reason: "again", request: `again-${this.#rolls}`, previous: "" };
      if (number >= 0) await decide({ kind: "posting-redrive", ...head, connection, key });
    }
  };

  #results(engine: PartitionEngine): PostingResult[] {
    const results: PostingResult[] = [];
    for (const posting of engine.postings.book.entries()) {
      const { connection, key, revision, state, amount = 0n, references } = posting;
      if (state === "waiting" || state === "reconciled" || references === "" || this.#roll() < 7) continue;
      const next = STATES[this.#roll() % STATES.length] ?? "confirmed";
      const hasIt = next === "confirmed" || next === "reconciled";
      this.#posting += 1;
      const open = (amount < 0n ? 0n : amount) / BigInt(1 + (this.#roll() % 3));
      results.push({
        connection,
        key,
        revision: Math.max(1, revision - (this.#roll() === 0 ? 1 : 0)),
        state: next,
        reason: next === "parked" ? "mapping" : null,
        code: next === "rejected" ? "E1" : null,
        message: null,
        erp: hasIt ? { id: `id-${key}`, number: null } : null,
        payment: hasIt ? { status: open === 0n ? "paid" : "open", openAmount: cents(open) } : null,
        posting: this.#posting,
      });
    }
    return results;
  }

  #roll(): number {
    this.#rolls += 1;
    return this.#dice[this.#rolls % this.#dice.length] ?? 0;
  }
}

function cents(minorUnits: bigint): string {
  return `${minorUnits / 100n}.${String(minorUnits % 100n).padStart(2, "0")}`;
}

async function run(
  list: readonly TimedEvent[],
  corrected: readonly TimedCorrection[],
  numbers: readonly number[],
) {
  const first = CATALOGS[(numbers[0] ?? 0) % CATALOGS.length];
  if (first === undefined) throw new Error("no catalog");
  return await billingLogs(list, START_MS, END_MS, {
    catalog: first,
    corrections: corrected,
    decideMore: new Script(numbers).decideMore,
  });
}

describe("commands to ERPs", () => {
  it(
    "documents and journals that are queued come to the subledger, whatever mappings, results and corrections came",
    async () => {
      const seen = new Set<string>();
      await fc.assert(
        fc.asyncProperty(events, corrections, dice, async (list, corrected, numbers) => {
          const { steps, catalog } = await run(list, corrected, numbers);
          const { store, engine } = await replay(steps, catalog, undefined);
          const commands = commandsOf(store);
          for (const { state } of engine.postings.book.entries()) seen.add(state);
          if (commands.some(({ revision }) => revision > 1)) seen.add("queued again");
          if (store.exceptions().some(({ stage }) => stage === "posting")) seen.add("waited");
          for (const { document, contentHash } of commands) {
            expect(contentHash).toBe(canonicalHash(document));
            if (document.kind === "journal") expectBalances(document);
            else if (document.kind !== "customer") expectAddsUp(document);
          }
          // Of one key: the same contents under revisions that grow by one.
          const revisions = new Map<string, PostingCommand>();
          for (const command of commands) {
            const name = `${command.connection} ${command.key}`;
            const before = revisions.get(name);
            expect(command.revision).toBe((before?.revision ?? 0) + 1);
            expect(command.contentHash).toBe(before?.contentHash ?? command.contentHash);
            revisions.set(name, command);
          }
          const books = subledger(store);
          expect(byClass(bookedByErp(commands, "detail"), true)).toEqual(byClass(books, true));
          expect(byClass(bookedByErp(commands, "summary"), false)).toEqual(byClass(books, false));
          const numbersOf = documentsOf(commands, "detail").flatMap(({ document }) =>
            document.kind === "invoice" || document.kind === "credit-memo" ? [document.number] : [],
          );
          const finalNumbers = [...storedDocuments(store)].map(({ number }) => number ?? "");
          expect(numbersOf).toHaveLength(finalNumbers.length);
          expect(new Set(numbersOf)).toEqual(new Set(finalNumbers));
          const { checks } = reportOf([{ partition: 0, engine, store }]);
          expect(checks.filter(({ balanced }) => !balanced)).toEqual([]);
          store.close();
        }),
        { numRuns: RUNS },
      );
      // What the property is about has happened.
      for (const what of ["reconciled", "rejected", "planned", "queued again", "waited"])
        expect(seen).toContain(what);
    },
    TIMEOUT_MS,
  );

  it(
    "the same logs give the same state and commands, byte for byte, wherever runs, checkpoints and restarts fall",
    async () => {
      await fc.assert(
        fc.asyncProperty(events, corrections, dice, async (list, corrected, numbers) => {
          const { steps, catalog } = await run(list, corrected, numbers);
          const whole = await replay(steps, catalog, undefined);
          const cut = await replay(steps, catalog, numbers);
          expect(dumpState(cut.store)).toBe(dumpState(whole.store));
          expect(cut.engine.postings.book.counts()).toEqual(whole.engine.postings.book.counts());
          whole.store.close();
          cut.store.close();
        }),
        { numRuns: RUNS },
      );
    },
    TIMEOUT_MS,
  );
});
