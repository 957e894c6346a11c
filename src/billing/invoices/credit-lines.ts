import { Exact } from "../rating/exact.ts";
import { divideHalfAwayFromZero } from "../rating/money.ts";
import type { DocumentLine } from "./billing-document.ts";
import { shareOut } from "./invoice-discounts.ts";

/** What is to be given back of a line, numbered from 1: a part of its amount, minor units. */
export interface LineCredit {
  readonly line: number;
  readonly amount: bigint;
}

export type CreditFault = "line-unknown" | "more-than-left" | "nothing-left";

/**
 * All that is left of an invoice's lines.
 * @param credited of each line's amount so far
 */
export function allThatIsLeft(lines: readonly DocumentLine[], credited: readonly bigint[]): LineCredit[] {
  return lines.flatMap(({ amount }, index) => {
    const left = amount - (credited[index] ?? 0n);
    return left === 0n ? [] : [{ line: index + 1, amount: left }];
  });
}

/** Why lines can't be credited so; undefined where they can. Of a line that gives back itself, nothing is credited alone. */
export function creditFault(
  lines: readonly DocumentLine[],
  credited: readonly bigint[],
  credits: readonly LineCredit[],
): { readonly fault: CreditFault; readonly message: string } | undefined {
  if (credits.length === 0)
    return { fault: "nothing-left", message: "nothing of the invoice is left to credit" };
  const seen = new Set<number>();
  for (const { line, amount } of credits) {
    const known = lines[line - 1];
    if (known === undefined || seen.has(line))
      return { fault: "line-unknown", message: `line ${line} is named twice, or the invoice has none` };
    seen.add(line);
    const left = known.amount - (credited[line - 1] ?? 0n);
    if (amount <= 0n || amount > left)
      return {
        fault: "more-than-left",
        message: `of line ${line} an amount up to ${left} minor units is left`,
      };
  }
  return undefined;
}

/**
 * Why lines can't be credited together although each could: an invoice with lines that give back came to less than its
 * others, and no more than it came to is given back. Undefined where they can.
 */
export function creditSumFault(
  lines: readonly DocumentLine[],
  credited: readonly bigint[],
  credits: readonly LineCredit[],
  taxIncluded: boolean,
): { readonly fault: CreditFault; readonly message: string } | undefined {
  const payableOf = (given: readonly LineCredit[]): bigint =>
    -creditNoteLines(lines, credited, given, "").reduce(
      (sum, { amount, discount, tax }) => sum + amount - discount + (taxIncluded ? 0n : tax),
      0n,
    );
  const left = payableOf(allThatIsLeft(lines, credited));
  // An invoice that gave back on the whole: a credit note of it would charge.
  if (left <= 0n) return { fault: "nothing-left", message: "nothing of the invoice is left to credit" };
  if (payableOf(credits) <= left) return undefined;
  return {
    fault: "more-than-left",
    message: `of the invoice as a whole ${left} minor units are left, less than of these lines`,
  };
}

/**
 * The lines of a credit note: discount, tax and each rate's part are given back in proportion, and add up to those of the
 * invoice once all of it is credited, whatever the parts were.
 * @param credited of each line's amount so far
 */
export function creditNoteLines(
  lines: readonly DocumentLine[],
  credited: readonly bigint[],
  credits: readonly LineCredit[],
  document: string,
): DocumentLine[] {
  return credits.map(({ line: number, amount }) => {
    const line = lines[number - 1];
    if (line === undefined) throw new RangeError(`no line ${number}`);
    const before = credited[number - 1] ?? 0n;
    const after = before + amount;
    const part = (total: bigint): bigint =>
      proportion(total, before, line.amount) - proportion(total, after, line.amount);
    const details = line.taxDetails.map(({ amount: tax }) => tax);
    const taxBefore = shareOut(proportion(line.tax, before, line.amount), details);
    const taxAfter = shareOut(proportion(line.tax, after, line.amount), details);
    return {
      ...line,
      kind: "credit",
      quantity: undefined,
      amount: -amount,
      discount: part(line.discount),
      tax: part(line.tax),
      taxDetails: line.taxDetails.map((detail, index) => ({
        ...detail,
        amount: (taxBefore[index] ?? 0n) - (taxAfter[index] ?? 0n),
      })),
      adjusts: document,
    };
  });
}

/** The lines that take an invoice back whole: booked where its own were. */
export function voidLines(lines: readonly DocumentLine[]): DocumentLine[] {
  return lines.map((line) => ({
    ...line,
    quantity: line.quantity === undefined ? undefined : new Exact("0").minus(line.quantity).toString(),
    amount: -line.amount,
    discount: -line.discount,
    tax: -line.tax,
    taxDetails: line.taxDetails.map((detail) => ({ ...detail, amount: -detail.amount })),
  }));
}

/** total × part ÷ whole, rounded half away from zero. */
function proportion(total: bigint, part: bigint, whole: bigint): bigint {
  return whole < 0n
    ? divideHalfAwayFromZero(total * -part, -whole)
    : divideHalfAwayFromZero(total * part, whole);
}
