import Sqlite from "better-sqlite3";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../../src/model/errors.ts";
import type { PostingCommand, PostingRecord, TransitionRecord } from "../../../src/model/posting.ts";
import type { PostingStore } from "../../../src/model/posting-store.ts";
import { chainRecords, type UnchainedRecord } from "../../../src/sinks/posting/posting-chain.ts";
import {
  dumpOf,
  openPostingStore,
  POSTINGS_FILE,
  postingsFolder,
} from "../../../src/state/postings/posting-store.ts";
import {
  CONNECTION,
  customerCommand,
  invoiceCommand,
  journalCommand,
} from "../../support/posting/commands.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const CREATED = "2026-03-01T00:00:00Z";
const ARRIVAL_MS = Date.UTC(2026, 2, 1);
const AT = "2026-03-10T08:00:00.000Z";

function codeOfThrown(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return "nothing thrown";
}

function add(store: PostingStore, ...commands: PostingCommand[]): void {
  const sequence = store.position().commandSequence + 1;
  const message = {
    sequence,
    arrivalMs: ARRIVAL_MS + sequence,
    commands: commands.map((command) => ({ command, externalId: `trib-${command.key}` })),
  };
  store.addCommands([message], CREATED);
}

function transition(
  key: string,
  from: TransitionRecord["from"],
  to: TransitionRecord["to"],
  fields: Partial<TransitionRecord> = {},
): UnchainedRecord {
  return {
    schemaVersion: 1,
    kind: "transition",
    at: AT,
    epoch: 1,
    key,
    revision: 1,
    partition: 0,
    command: 1,
    from,
    to,
    attempt: 1,
    reason: null,
    code: null,
    message: null,
    erp: null,
    handle: null,
    notBefore: null,
    ...fields,
  };
}

function apply(store: PostingStore, ...unchained: UnchainedRecord[]): readonly PostingRecord[] {
  const { postingSequence, lastHash: previous } = store.position();
  const { records, lastHash } = chainRecords(unchained, previous);
  store.applyRecords({ sequence: postingSequence + 1, records, lastHash }, CREATED);
  return records;
}

function confirm(store: PostingStore, key: string): void {
  apply(store, transition(key, null, "submitting"), transition(key, "submitting", "confirmed"));
}

function readyKeys(store: PostingStore): string[] {
  return store.ready(Date.parse(AT), 100).map(({ key }) => key);
}

describe("a store", () => {
  const open = (): PostingStore => openPostingStore(":memory:", CONNECTION);

  test("chooses the first of each order key that waits for nothing", () => {
    const store = open();
    add(store, invoiceCommand("1"), customerCommand("c1"), invoiceCommand("2"), journalCommand("j"));
    // The invoice waits for what is behind it, and so holds it not back.
    expect(readyKeys(store)).toEqual(["customer:de:c1", "journal:j"]);
    confirm(store, "customer:de:c1");
    expect(readyKeys(store)).toEqual(["invoice:1", "journal:j"]);
    apply(
      store,
      transition("invoice:1", null, "submitting"),
      transition("invoice:1", "submitting", "rejected"),
    );
    expect(readyKeys(store)).toEqual(["invoice:2", "journal:j"]);
  });

  test("keeps a document back until what it names is confirmed, also where that is of another order key", () => {
    const store = open();
    add(store, journalCommand("a"), journalCommand("b", { after: ["journal:a"], orderKey: "o" }));
    add(store, journalCommand("c", { orderKey: "o" }));
    expect(readyKeys(store)).toEqual(["journal:a"]);
    apply(store, transition("journal:a", null, "submitting"));
    expect(readyKeys(store)).toEqual([]);
    apply(store, transition("journal:a", "submitting", "confirmed"));
    expect(readyKeys(store)).toEqual(["journal:b"]);
  });

  test("keeps sums by state and currency exactly, and since when", () => {
    const store = open();
    add(
      store,
      invoiceCommand("1", { total: "0.1" }),
      invoiceCommand("2", { total: "0.20" }),
      journalCommand("j"),
    );
    apply(store, transition("invoice:1", null, "parked", { at: "2026-03-09T00:00:00.000Z" }));
    apply(store, transition("invoice:2", null, "parked"));
    expect(store.backlog()).toEqual([
      { state: "parked", kind: "invoice", currency: "EUR", documents: 2, amount: "0.3" },
      { state: "planned", kind: "journal", currency: "EUR", documents: 1, amount: "50" },
    ]);
    expect(store.oldestSinceMs("parked")).toBe(Date.UTC(2026, 2, 9));
    expect(store.oldestSinceMs("planned")).toBe(ARRIVAL_MS + 1);
    expect(store.oldestSinceMs("held")).toBeUndefined();
  });

  test("takes a newer command up only by a record, and keeps no body that no request needs", () => {
    const store = open();
    add(store, journalCommand("j"));
    add(store, journalCommand("j", { revision: 2, total: "60.00" }));
    expect(store.command("journal:j").revision).toBe(1);
    expect(store.newerCommands(10)).toMatchObject([{ newer: { revision: 2 } }]);
    apply(store, transition("journal:j", null, "planned", { revision: 2, command: 2, attempt: 0 }));
    expect(store.newerCommands(10)).toEqual([]);
    expect(store.document("journal:j")).toMatchObject({ revision: 2, amount: "60" });
    expect(store.command("journal:j").revision).toBe(2);
    apply(
      store,
      transition("journal:j", "planned", "submitting", { revision: 2, command: 2 }),
      transition("journal:j", "submitting", "confirmed", { revision: 2, command: 2 }),
      transition("journal:j", "confirmed", "reconciled", { revision: 2, command: 2 }),
    );
    expect(codeOfThrown(() => store.command("journal:j"))).toBe("internal-fault");
  });

  test("of an ERP that can't be read back keeps no command of what is confirmed", () => {
    const store = openPostingStore(":memory:", CONNECTION, { isReadBack: false });
    add(store, invoiceCommand("1"), customerCommand("c1"));
    confirm(store, "invoice:1");
    expect(codeOfThrown(() => store.command("invoice:1"))).toBe("internal-fault");
    expect(store.command("customer:de:c1").revision).toBe(1);
  });

  test("counts faults in a row, and forgets them where it went well or somebody decided", () => {
    const store = open();
    add(store, journalCommand("j"));
    const faults = (): string => {
      const document = store.document("journal:j");
      return `${document?.lastFault} ${document?.faultCount}`;
    };
    const fail = (from: "planned" | null, reason: string): void => {
      apply(
        store,
        transition("journal:j", from, "submitting"),
        transition("journal:j", "submitting", "planned", { reason }),
      );
    };
    fail(null, "transient");
    fail("planned", "transient");
    expect(faults()).toBe("transient 2");
    fail("planned", "throttle");
    expect(faults()).toBe("throttle 1");
    apply(store, transition("journal:j", "planned", "planned", { reason: "operator" }));
    expect(faults()).toBe("null 0");
  });

  test("gives results in the order of the log, the last of each document, until they are taken", () => {
    const store = open();
    add(store, journalCommand("a"), journalCommand("b"));
    confirm(store, "journal:a");
    confirm(store, "journal:b");
    expect(store.results(0, 10).map(({ key, state, posting }) => [key, state, posting])).toEqual([
      ["journal:a", "confirmed", 1],
      ["journal:b", "confirmed", 2],
    ]);
    apply(store, transition("journal:a", "confirmed", "reconciled"));
    store.resultsTaken(0, [{ key: "journal:a", posting: 1 }]);
    expect(store.results(0, 10).map(({ key, state, posting }) => [key, state, posting])).toEqual([
      ["journal:b", "confirmed", 2],
      ["journal:a", "reconciled", 3],
    ]);
    store.resultsTaken(0, [{ key: "journal:a", posting: 3 }]);
    expect(store.resultsPending()).toBe(1);
    expect(store.resultPartitions()).toEqual([0]);
  });

  test("refuses records that don't fit, whole", () => {
    const store = open();
    add(store, journalCommand("j"));
    const before = dumpOf(store);
    const good = transition("journal:j", null, "submitting");
    const bad: UnchainedRecord[] = [
      transition("journal:x", null, "submitting"),
      transition("journal:j", "parked", "planned"),
      transition("journal:j", "submitting", "confirmed", { command: 9 }),
    ];
    for (const record of bad) {
      expect(codeOfThrown(() => apply(store, good, record))).toBe("posting-log-corrupt");
      expect(dumpOf(store)).toBe(before);
    }
    expect(store.position().postingSequence).toBe(0);
  });
});

describe("a file", () => {
  test("keeps all of it over a restart; lost, it is the same again but for cursors and hints", () => {
    const folder = postingsFolder(temporaryFolder(), CONNECTION);
    const store = openPostingStore(folder, CONNECTION);
    const fill = (target: PostingStore): void => {
      add(target, customerCommand("c1"), invoiceCommand("1"), journalCommand("j"));
      confirm(target, "customer:de:c1");
      apply(target, transition("invoice:1", null, "parked", { reason: "mapping" }));
    };
    fill(store);
    store.defer(["customer:de:c1"], ARRIVAL_MS + 0.5);
    store.setBudget({ day: "2026-03-10", requests: 20 });
    const dump = dumpOf(store);
    const results = store.results(0, 10);
    store.close();
    const again = openPostingStore(folder, CONNECTION);
    expect(dumpOf(again)).toBe(dump);
    expect(again.results(0, 10)).toEqual(results);
    expect(again.budget()).toEqual({ day: "2026-03-10", requests: 20 });
    expect(again.document("customer:de:c1")?.dueMs).toBe(ARRIVAL_MS + 1);
    again.close();
    const other = openPostingStore(":memory:", CONNECTION);
    fill(other);
    expect(dumpOf(other)).toBe(dump);
  });

  test("of the first version is the same behind its indexes: documents by the ERP's id, and open invoices in the order of the log", () => {
    const folder = temporaryFolder();
    const store = openPostingStore(folder, CONNECTION);
    add(store, invoiceCommand("2", { after: [] }), invoiceCommand("1", { after: [] }), journalCommand("j"));
    for (const [key, id] of [
      ["invoice:1", "41"],
      ["invoice:2", "42"],
      ["journal:j", "42"],
    ] as const) {
      confirm(store, key);
      apply(store, transition(key, "confirmed", "reconciled", { erp: { id, number: null } }));
    }
    const dump = dumpOf(store);
    store.close();
    const former = new Sqlite(join(folder, POSTINGS_FILE));
    former.exec("DROP INDEX documents_of_erp_id; DROP INDEX documents_open_payment");
    former.pragma("user_version = 1");
    former.close();
    const again = openPostingStore(folder, CONNECTION);
    expect(dumpOf(again)).toBe(dump);
    const keys = (documents: readonly { readonly key: string }[]): string[] =>
      documents.map(({ key }) => key);
    expect(keys(again.documentsOfErpId("42"))).toEqual(["invoice:2", "journal:j"]);
    expect(keys(again.documentsOfErpId("43"))).toEqual([]);
    again.deferPayments(["invoice:2"], ARRIVAL_MS * 2);
    const [first] = again.openPayments(-1, 1);
    expect(first?.key).toBe("invoice:2");
    expect(keys(again.openPayments(first?.position ?? 0, 10))).toEqual(["invoice:1"]);
    again.close();
  });

  test("belongs to one connection and one process; others, newer and damaged ones are refused", () => {
    const folder = temporaryFolder();
    const store = openPostingStore(folder, CONNECTION);
    expect(codeOfThrown(() => openPostingStore(folder, CONNECTION))).toBe("state-locked");
    add(store, journalCommand("j"));
    store.close();
    expect(codeOfThrown(() => openPostingStore(folder, "other"))).toBe("state-mismatch");
    const database = new Sqlite(join(folder, POSTINGS_FILE));
    database.exec("UPDATE commands SET body = replace(body, '50.00', '51.00')");
    database.close();
    const damaged = openPostingStore(folder, CONNECTION);
    expect(codeOfThrown(() => damaged.command("journal:j"))).toBe("state-corrupt");
    damaged.close();
    const newer = new Sqlite(join(folder, POSTINGS_FILE));
    newer.pragma("user_version = 99");
    newer.close();
    expect(codeOfThrown(() => openPostingStore(folder, CONNECTION))).toBe("state-schema-newer");
    const text = join(folder, "text");
    mkdirSync(text);
    writeFileSync(join(text, POSTINGS_FILE), "no database ".repeat(1_000));
    expect(codeOfThrown(() => openPostingStore(text, CONNECTION))).toBe("state-corrupt");
  });
});
