import { scaled } from "../exact-numbers.ts";
import { type Environment, isCombination, isEnterable, periodOf } from "./environment.ts";
import type { Item } from "./lists.ts";
import type { Batch, Job, JournalLine } from "./store.ts";
import type { Books } from "./transaction-rules.ts";
import { timeOf } from "./transactions.ts";

/** Journal import: rows of GL_INTERFACE to batches. One that is wrong keeps the whole group out, unless a part is imported. */

export const JOURNAL_FILE = "GlInterface.csv";
/** Positions of columns, from 0. */
const STATUS_LEDGER = 1;
const DATE = 2;
const SOURCE = 3;
const CATEGORY = 4;
const CURRENCY = 5;
const ACTUAL = 7;
const FIRST_SEGMENT = 8;
const SEGMENTS = 30;
const DEBIT = 38;
const CREDIT = 39;
const BATCH_NAME = 42;
const BATCH_DESCRIPTION = 43;
const LINE_DESCRIPTION = 51;
const GROUP = 66;
const MAX_BATCH_NAME = 50;

export function importJournal(job: Job, books: Books): NonNullable<Job["ended"]> {
  const { environment, store, nowMs } = books;
  const [, source = "", ledgerId = "", groupId = ""] = job.parameters;
  const rows = (job.files[JOURNAL_FILE] ?? []).filter(
    (row) => row[GROUP] === groupId && row[SOURCE] === source,
  );
  if (rows.length === 0) return { state: "ERROR", log: "No rows were found for the source and group." };
  const errors = rows.map((row) => errorOf(row, ledgerId, environment));
  const bad = errors.filter((error) => error !== undefined);
  const right = rows.filter((_, index) => errors[index] === undefined);
  const lines = (bad.length === 0 || job.isPartial ? right : []).map(lineOf);
  const log = bad.length === 0 ? "" : `Journal Import Execution Report\n${bad.join("\n")}\n`;
  if (bad.length > 0 && (!job.isPartial || lines.length === 0)) return { state: "ERROR", log };
  if (bad.length === 0 && !isBalanced(lines))
    return { state: "ERROR", log: "WU01 The journal is unbalanced\n" };
  const [first] = right;
  const batch: Batch = {
    kind: "batch",
    id: store.nextId(),
    name: `${(first?.[BATCH_NAME] ?? "").slice(0, MAX_BATCH_NAME)} ${source} ${job.id} A`,
    description: first?.[BATCH_DESCRIPTION] ?? "",
    ledgerId,
    currency: first?.[CURRENCY] ?? "",
    date: (first?.[DATE] ?? "").replaceAll("/", "-"),
    groupId,
    lines,
    createdMs: nowMs(),
    changedMs: nowMs(),
  };
  store.put(batch);
  return { state: bad.length === 0 ? "SUCCEEDED" : "WARNING", log };
}

function lineOf(row: readonly string[]): JournalLine {
  return {
    combination: segmentsOf(row).join("-"),
    debit: row[DEBIT] === "" ? null : (row[DEBIT] ?? null),
    credit: row[CREDIT] === "" ? null : (row[CREDIT] ?? null),
    description: row[LINE_DESCRIPTION] ?? "",
  };
}

function segmentsOf(row: readonly string[]): readonly string[] {
  return row.slice(FIRST_SEGMENT, FIRST_SEGMENT + SEGMENTS).filter((segment) => segment !== "");
}

function errorOf(row: readonly string[], ledgerId: string, environment: Environment): string | undefined {
  const date = (row[DATE] ?? "").replaceAll("/", "-");
  const period = periodOf(environment, "101", ledgerId, date);
  if (row[STATUS_LEDGER] !== ledgerId || !/^\d{4}\/\d{2}\/\d{2}$/.test(row[DATE] ?? ""))
    return "EM01 Invalid ledger or date";
  if (period === undefined || !isEnterable(period))
    return "EP01 This date is not in any open or future enterable period";
  if (!environment.journalSources.includes(row[SOURCE] ?? "")) return "ES01 Invalid journal source";
  if (!environment.journalCategories.includes(row[CATEGORY] ?? "")) return "EM02 Invalid journal category";
  const digits = environment.currencies[row[CURRENCY] ?? ""];
  if (digits === undefined) return "EC08 Invalid currency code";
  if (row[ACTUAL] !== "A") return "EB01 Invalid balance type";
  if (!isCombination(environment, segmentsOf(row).join("-")))
    return `EF04 Invalid account ${segmentsOf(row).join("-")}`;
  const amounts = [row[DEBIT] ?? "", row[CREDIT] ?? ""].filter((amount) => amount !== "");
  if (amounts.length !== 1 || !amounts.every(isAmount)) return "WU02 A line must have a debit or a credit";
  if ((amounts[0]?.split(".")[1] ?? "").replace(/0+$/, "").length > digits)
    return "EC10 Amount has too many decimals";
  return undefined;
}

function isBalanced(lines: readonly JournalLine[]): boolean {
  return (
    lines.reduce((sum, { debit, credit }) => sum + scaled(debit ?? "0") - scaled(credit ?? "0"), 0n) === 0n
  );
}

export const BATCH_ATTRIBUTES = [
  "JeBatchId",
  "BatchName",
  "BatchDescription",
  "Status",
  "LastUpdateDate",
] as const;

export function batchItem(batch: Batch): Item {
  const amount = (text: string | null): unknown => (text === null ? null : { $number: text });
  return {
    attributes: {
      JeBatchId: { $number: batch.id },
      BatchName: batch.name,
      BatchDescription: batch.description,
      Status: "U",
      LastUpdateDate: timeOf(batch.changedMs),
    },
    children: {
      journalHeaders: [
        {
          attributes: { CurrencyCode: batch.currency, DefaultEffectiveDate: batch.date },
          children: {
            journalLines: batch.lines.map((line, index) => ({
              attributes: {
                JeLineNumber: { $number: String(index + 1) },
                AccountCombination: line.combination,
                EnteredDr: amount(line.debit),
                EnteredCr: amount(line.credit),
                Description: line.description,
              },
              children: {},
            })),
          },
        },
      ],
    },
  };
}

function isAmount(text: string): boolean {
  try {
    return scaled(text) >= 0n;
  } catch {
    return false;
  }
}
