import type { LineFigures } from "../../model/control.ts";
import { minorUnitsOfText } from "../../billing/rating/money.ts";
import { CLOSE_LINE_NAMES, CLOSE_LINES, type CloseLineName } from "./close-lines.ts";
import type { TimedScope } from "./close-scope.ts";
import { FiguresSum, moneyText, type GivenExplanation, type ListedItem } from "./line-part.ts";
import type { AccountPart, PartitionClose } from "./partition-close.ts";

export type LineState = "zero" | "explained" | "open";

export interface CloseReportLine {
  readonly line: CloseLineName;
  readonly about: string;
  readonly state: LineState;
  readonly all: LineFigures;
  readonly open: LineFigures;
  readonly oldestSince: string | null;
  readonly oldestAgeSeconds: number | null;
  readonly explanations: readonly (GivenExplanation & { readonly partition: number })[];
  /** The oldest of each partition. */
  readonly items: readonly (ListedItem & { readonly partition: number })[];
}

export interface CloseReportAccount extends Omit<AccountPart, "account"> {
  readonly account: string;
}

/** What stands between a period and its sign-off. Amounts are decimal strings by currency, never added across currencies. */
export interface CloseReport {
  readonly legalEntity: string;
  /** Calendar days [from, to) of the time zone. */
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  /** Where each partition stood. */
  readonly partitions: readonly {
    readonly partition: number;
    readonly usageSequence: number;
    readonly controlSequence: number;
    readonly watermark: string | null;
    readonly signedOff: PartitionClose["signedOff"];
  }[];
  /** Partitions whose state was not there to be read: nothing can be said about them. */
  readonly missingPartitions: readonly number[];
  readonly lines: readonly CloseReportLine[];
  readonly documents: LineFigures;
  readonly unbilled: Readonly<Record<string, string>>;
  readonly accounts: readonly CloseReportAccount[];
  /** Debits equal credits in every currency. */
  readonly ledgerBalanced: boolean;
  /** Every partition was read and every line is zero or explained. */
  readonly closable: boolean;
}

/** @param nowMs for the ages */
export function closeReport(
  scope: TimedScope,
  parts: readonly PartitionClose[],
  partitionCount: number,
  nowMs: number,
): CloseReport {
  const present = new Set(parts.map(({ partition }) => partition));
  const missingPartitions = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
    (partition) => !present.has(partition),
  );
  const lines = CLOSE_LINE_NAMES.map((line, index) => reportLine(line, index, parts, nowMs));
  const accounts = mergedAccounts(parts);
  return {
    legalEntity: scope.legalEntity,
    from: scope.from,
    to: scope.to,
    timeZone: scope.timeZone,
    partitions: parts.map(({ partition, usageSequence, controlSequence, watermark, signedOff }) => ({
      partition,
      usageSequence,
      controlSequence,
      watermark,
      signedOff,
    })),
    missingPartitions,
    lines,
    documents: added(parts.map(({ documents }) => documents)),
    unbilled: added(parts.map(({ unbilled }) => unbilled)).amounts,
    accounts: accounts.map(({ currency, debits, credits, balance, account }) => ({
      account,
      currency,
      debits: moneyText(debits, currency),
      credits: moneyText(credits, currency),
      balance: moneyText(balance, currency),
    })),
    ledgerBalanced: isBalanced(accounts),
    closable: missingPartitions.length === 0 && lines.every(({ state }) => state !== "open"),
  };
}

function reportLine(
  line: CloseLineName,
  index: number,
  parts: readonly PartitionClose[],
  nowMs: number,
): CloseReportLine {
  const found = parts.flatMap(({ partition, lines }) => {
    const linePart = lines[index];
    return linePart === undefined ? [] : [{ partition, ...linePart }];
  });
  const all = added(found.map((part) => part.all));
  const open = added(found.map((part) => part.open));
  const sinces = found.flatMap(({ oldestSince }) => (oldestSince === null ? [] : [oldestSince])).sort();
  const [oldestSince = null] = sinces;
  return {
    line,
    about: CLOSE_LINES[line],
    // A count of nothing with an amount would be a fault: it counts as open too.
    state: isNothing(open) ? (isNothing(all) ? "zero" : "explained") : "open",
    all,
    open,
    oldestSince,
    oldestAgeSeconds:
      oldestSince === null ? null : Math.max(0, Math.floor((nowMs - Date.parse(oldestSince)) / 1000)),
    explanations: found.flatMap(({ partition, explanation }) =>
      explanation === null ? [] : [{ partition, ...explanation }],
    ),
    items: found.flatMap(({ partition, items }) => items.map((item) => ({ partition, ...item }))),
  };
}

function isNothing({ count, amounts }: LineFigures): boolean {
  return count === 0 && Object.keys(amounts).length === 0;
}

function added(all: readonly LineFigures[]): LineFigures {
  const sum = new FiguresSum();
  for (const { count, amounts } of all) {
    sum.add(count);
    for (const [currency, amount] of Object.entries(amounts))
      sum.add(0, { currency, minorUnits: minorUnitsOfText(amount) });
  }
  return sum.figures();
}

interface AccountSum {
  readonly account: string;
  readonly currency: string;
  debits: bigint;
  credits: bigint;
  balance: bigint;
}

function mergedAccounts(parts: readonly PartitionClose[]): AccountSum[] {
  const sums = new Map<string, AccountSum>();
  for (const { accounts } of parts)
    for (const { account, currency, debits, credits, balance } of accounts) {
      const key = `${currency} ${account}`;
      const sum = sums.get(key) ?? { account, currency, debits: 0n, credits: 0n, balance: 0n };
      sums.set(key, sum);
      sum.debits += BigInt(debits);
      sum.credits += BigInt(credits);
      sum.balance += BigInt(balance);
    }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

function isBalanced(accounts: readonly AccountSum[]): boolean {
  const differences = new Map<string, bigint>();
  for (const { currency, balance } of accounts)
    differences.set(currency, (differences.get(currency) ?? 0n) + balance);
  return [...differences.values()].every((difference) => difference === 0n);
}
