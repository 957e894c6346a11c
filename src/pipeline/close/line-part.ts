import type { CloseScope, LineFigures } from "../../model/control.ts";
import { currencyExponent } from "../../billing/rating/currencies.ts";
import { formatMinorUnits } from "../../billing/rating/money.ts";
import type { CloseExplanations, Explanation } from "../../operators/close/explanations.ts";
import type { CloseLineName } from "./close-lines.ts";

/** Something that a line lists. */
export interface CloseItem {
  /** Unique among the line's items in the partition, and the same whenever the report is made. */
  readonly id: string;
  /** Since when it is open: milliseconds since the epoch, undefined where that can't be told. */
  readonly sinceMs: number | undefined;
  /** What it comes to, where that can be told. */
  readonly amount: { readonly currency: string; readonly minorUnits: bigint } | undefined;
  /** What it is, for people. */
  readonly detail: string;
  /** How many things it stands for, where it isn't one. */
  readonly count?: number;
}

export interface ListedItem {
  readonly id: string;
  readonly since: string | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly count: number;
  readonly detail: string;
  readonly explanation: GivenExplanation | null;
}

export type GivenExplanation = Pick<Explanation, "actor" | "reason" | "decidedAt">;

/** A line of one partition. */
export interface LinePart {
  readonly line: CloseLineName;
  readonly all: LineFigures;
  /** What no explanation covers. */
  readonly open: LineFigures;
  /** RFC 3339; null where nothing is there or it can't be told. */
  readonly oldestSince: string | null;
  /** The explanation of all that no item's explanation covers, where it covers what is there now. */
  readonly explanation: GivenExplanation | null;
  /** The oldest ones, as many as were asked for. */
  readonly items: readonly ListedItem[];
}

/** Adds up counts, and amounts by currency. */
export class FiguresSum {
  #count = 0;
  readonly #amounts = new Map<string, bigint>();

  add(count: number, amount?: CloseItem["amount"]): void {
    this.#count += count;
    if (amount === undefined) return;
    const { currency, minorUnits } = amount;
    this.#amounts.set(currency, (this.#amounts.get(currency) ?? 0n) + minorUnits);
  }

  figures(): LineFigures {
    const amounts = [...this.#amounts]
      .filter(([, minorUnits]) => minorUnits !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, minorUnits]) => [currency, moneyText(minorUnits, currency)] as const);
    return { count: this.#count, amounts: Object.fromEntries(amounts) };
  }
}

export function moneyText(minorUnits: bigint, currency: string): string {
  return formatMinorUnits(minorUnits, currencyExponent(currency) ?? 0);
}

const NO_FIGURES: LineFigures = { count: 0, amounts: {} };

/** Puts a line together from its items: all of them count, the oldest are listed. */
export function linePart(
  line: CloseLineName,
  items: Iterable<CloseItem>,
  scope: CloseScope,
  explanations: Pick<CloseExplanations, "find">,
  listedItems: number,
): LinePart {
  const all = new FiguresSum();
  const unexplained = new FiguresSum();
  const listed: { readonly item: CloseItem; readonly explanation: Explanation | undefined }[] = [];
  let oldestMs = Infinity;
  for (const item of items) {
    const explanation = explanations.find(scope, line, item.id);
    all.add(item.count ?? 1, item.amount);
    if (explanation === undefined) unexplained.add(item.count ?? 1, item.amount);
    oldestMs = Math.min(oldestMs, item.sinceMs ?? Infinity);
    listed.push({ item, explanation });
    // Twice as many are kept before the younger half goes: a line may have a million items.
    if (listed.length >= 2 * Math.max(listedItems, 1)) keepOldest(listed, listedItems);
  }
  keepOldest(listed, listedItems);
  const left = unexplained.figures();
  const given = explanations.find(scope, line, null);
  const isExplained = given !== undefined && left.count > 0 && equalFigures(given.figures, left);
  return {
    line,
    all: all.figures(),
    open: isExplained ? NO_FIGURES : left,
    oldestSince: Number.isFinite(oldestMs) ? new Date(oldestMs).toISOString() : null,
    explanation: isExplained ? shown(given) : null,
    items: listed.map(({ item, explanation }) => listedItem(item, explanation)),
  };
}

function listedItem(item: CloseItem, explanation: Explanation | undefined): ListedItem {
  const { id, sinceMs, amount, detail, count = 1 } = item;
  return {
    id,
    since: sinceMs === undefined ? null : new Date(sinceMs).toISOString(),
    amount: amount === undefined ? null : moneyText(amount.minorUnits, amount.currency),
    currency: amount?.currency ?? null,
    count,
    detail,
    explanation: explanation === undefined ? null : shown(explanation),
  };
}

function shown({ actor, reason, decidedAt }: Explanation): GivenExplanation {
  return { actor, reason, decidedAt };
}

/** What is explained stands first in age only: an item without a time is shown before all others. */
function keepOldest(
  listed: { readonly item: CloseItem; readonly explanation: Explanation | undefined }[],
  count: number,
): void {
  listed.sort(({ item: a }, { item: b }) => {
    const [aMs, bMs] = [a.sinceMs ?? -Infinity, b.sinceMs ?? -Infinity];
    return aMs === bMs ? (a.id < b.id ? -1 : 1) : aMs - bMs;
  });
  listed.length = Math.min(listed.length, count);
}

/** An amount that changed is not the one that was explained. */
export function equalFigures(a: LineFigures, b: LineFigures): boolean {
  const text = ({ count, amounts }: LineFigures): string =>
    JSON.stringify([count, Object.entries(amounts).sort(([x], [y]) => (x < y ? -1 : 1))]);
  return text(a) === text(b);
}
