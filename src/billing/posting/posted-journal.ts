import type { PostedJournal, PostedJournalLine } from "../../model/posting.ts";
import { LEDGER_ACCOUNTS } from "../ledger/journal-entry.ts";
import { currencyExponent } from "../rating/currencies.ts";
import { formatMinorUnits } from "../rating/money.ts";
import { type BlockLine, dayAfter, dimensionsText, type JournalBlock } from "./journal-block.ts";
import { monthOf } from "./mapping-keys.ts";

/** Lines of one journal: a tenth of what ERPs take, and a command of it is far below a message's limit. */
export const MAX_JOURNAL_LINES = 500;

/** A journal to be posted, before it has its key. */
export interface PlannedJournal {
  readonly journal: Omit<PostedJournal, "reverses">;
  /** Accounting month of its date, YYYY-MM: a part of its key. */
  readonly month: string;
  /** Place, in the list that it stands in, of the journal that it takes back; undefined for others. */
  readonly reverses: number | undefined;
}

interface JournalHead {
  readonly connection: string;
  readonly legalEntity: string;
  readonly currency: string;
  readonly purpose: JournalBlock["purpose"];
  readonly date: string;
}

/**
 * Puts journals together from blocks of one connection: one a legal entity, currency, purpose and date, or several where it
 * would have too many lines. An accrual whose blocks are taken back whole on the next day is one journal with a reversal
 * date where the ERP reverses by itself, else two of which one names the other.
 */
export function journalsOf(
  blocks: readonly JournalBlock[],
  reversesJournals: boolean,
): readonly PlannedJournal[] {
  const planned: PlannedJournal[] = [];
  const { pairs, others } = pairAccruals(blocks);
  for (const group of groupsOf(pairs.map(({ accrual }) => accrual)))
    for (const packed of packs(group.blocks)) {
      const reversalDate = dayAfter(group.head.date);
      const lines = summed(packed);
      if (lines.length === 0) continue;
      planned.push(plannedJournal(group.head, lines, reversesJournals ? reversalDate : null, undefined));
      if (reversesJournals) continue;
      const head: JournalHead = { ...group.head, purpose: "accrual-reversal", date: reversalDate };
      const negated = lines.map((line) => ({ ...line, amount: -line.amount }));
      planned.push(plannedJournal(head, negated, null, planned.length - 1));
    }
  for (const group of groupsOf(others))
    for (const packed of packs(group.blocks)) {
      const lines = summed(packed);
      if (lines.length > 0) planned.push(plannedJournal(group.head, lines, null, undefined));
    }
  return planned;
}

interface AccrualPair {
  readonly accrual: JournalBlock;
}

/** Finds the accruals that are taken back whole on the next day. */
function pairAccruals(blocks: readonly JournalBlock[]): {
  readonly pairs: readonly AccrualPair[];
  readonly others: readonly JournalBlock[];
} {
  const nameOf = ({ legalEntity, currency, dimensions }: JournalBlock, date: string): string =>
    [legalEntity, currency, date, dimensionsText(dimensions)].join("\u0000");
  const reversals = new Map<string, JournalBlock>();
  for (const block of blocks)
    if (block.purpose === "accrual-reversal") reversals.set(nameOf(block, block.date), block);
  const pairs: AccrualPair[] = [];
  const paired = new Set<JournalBlock>();
  for (const accrual of blocks) {
    if (accrual.purpose !== "accrual") continue;
    const reversal = reversals.get(nameOf(accrual, dayAfter(accrual.date)));
    if (reversal === undefined || !isMirror(accrual, reversal)) continue;
    pairs.push({ accrual });
    paired.add(accrual).add(reversal);
  }
  return { pairs, others: blocks.filter((block) => !paired.has(block)) };
}

function isMirror(a: JournalBlock, b: JournalBlock): boolean {
  const keys = new Set([...a.lines.keys(), ...b.lines.keys()]);
  return [...keys].every((key) => (a.lines.get(key)?.amount ?? 0n) + (b.lines.get(key)?.amount ?? 0n) === 0n);
}

interface JournalGroup {
  readonly head: JournalHead;
  readonly blocks: JournalBlock[];
}

/** Blocks of one journal, in the order of their names. */
function groupsOf(blocks: readonly JournalBlock[]): readonly JournalGroup[] {
  const groups = new Map<string, JournalGroup>();
  for (const block of blocks) {
    const { connection, legalEntity, currency, purpose, date } = block;
    const name = [legalEntity, currency, date, purpose].join("\u0000");
    const known = groups.get(name);
    if (known !== undefined) known.blocks.push(block);
    else groups.set(name, { head: { connection, legalEntity, currency, purpose, date }, blocks: [block] });
  }
  for (const { blocks: list } of groups.values())
    list.sort((a, b) => (dimensionsText(a.dimensions) < dimensionsText(b.dimensions) ? -1 : 1));
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}

/** Blocks that go into one journal together: each balances by itself. One block that is larger goes alone. */
function* packs(blocks: readonly JournalBlock[]): Generator<readonly JournalBlock[]> {
  let packed: JournalBlock[] = [];
  let lines = 0;
  for (const block of blocks) {
    if (packed.length > 0 && lines + block.lines.size > MAX_JOURNAL_LINES) {
      yield packed;
      packed = [];
      lines = 0;
    }
    packed.push(block);
    lines += block.lines.size;
  }
  if (packed.length > 0) yield packed;
}

/** Lines of blocks with equal ones added up, by account and dimensions; those of 0 left out. */
function summed(blocks: readonly JournalBlock[]): readonly BlockLine[] {
  const sums = new Map<string, BlockLine>();
  for (const { lines } of blocks)
    for (const [key, line] of lines) {
      const known = sums.get(key);
      if (known === undefined) sums.set(key, { ...line });
      else known.amount += line.amount;
    }
  const placeOf = ({ account, dimensions }: BlockLine): string =>
    `${String(LEDGER_ACCOUNTS.indexOf(account)).padStart(2, "0")} ${dimensionsText(dimensions)}`;
  return [...sums.values()]
    .filter(({ amount }) => amount !== 0n)
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

const MEMOS: Readonly<Record<JournalBlock["purpose"], string>> = {
  accrual: "Unbilled revenue",
  "accrual-reversal": "Unbilled revenue, reversed",
  release: "Fees earned",
  credits: "Prepaid credits",
  documents: "Invoices and credit memos",
};

function plannedJournal(
  head: JournalHead,
  lines: readonly BlockLine[],
  reversalDate: string | null,
  reverses: number | undefined,
): PlannedJournal {
  const { legalEntity, currency, date, purpose } = head;
  const memo = `${MEMOS[purpose]} ${monthOf(date)}`;
  const exponent = currencyExponent(currency) ?? 0;
  return {
    journal: {
      kind: "journal",
      legalEntity,
      currency,
      date,
      reversalDate,
      lines: lines.map(({ account, dimensions, amount }, index): PostedJournalLine => ({
        line: index + 1,
        account,
        debit: amount > 0n ? formatMinorUnits(amount, exponent) : null,
        credit: amount < 0n ? formatMinorUnits(-amount, exponent) : null,
        dimensions,
        memo,
      })),
      memo,
    },
    month: monthOf(date),
    reverses,
  };
}

/** Idempotency key of a journal. */
export function journalKey(
  { legalEntity, currency }: Pick<PostedJournal, "legalEntity" | "currency">,
  month: string,
  partition: number,
  ordinal: number,
): string {
  return `journal:${legalEntity}:${month}:${currency}:${partition}:${ordinal}`;
}
